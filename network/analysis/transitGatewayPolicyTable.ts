import { TCP, UDP } from "../packet.ts";
import type { TransitGatewayPolicyEntry, TransitGatewayPolicyTable } from "../transitGatewayPolicyTable.ts";
import { rangesOf } from "./addressRange.ts";
import { only, type HeaderSet } from "./headerSet.ts";

/** What of some headers an entry matches. */
function matchedBy(entry: TransitGatewayPolicyEntry, headers: HeaderSet): HeaderSet {
  const { source, destination, protocol, sourcePorts, destinationPorts } = entry;
  let matched = headers;
  if (source) matched = matched.within("source", rangesOf([source]));
  if (destination) matched = matched.within("destination", rangesOf([destination]));
  if (protocol !== undefined) matched = matched.within("protocol", [only(protocol)]);
  if (sourcePorts || destinationPorts) matched = matched.within("protocol", [TCP, UDP].map(only));
  for (const [field, ports] of [
    ["sourcePort", sourcePorts],
    ["destinationPort", destinationPorts],
  ] as const) {
    if (ports) matched = matched.within(field, [{ first: ports[0], last: ports[1] }]);
  }
  return matched;
}

/** Which headers go on by which entry's route table: the first that matches; `rest` is what none is for. */
export function chosenBy({ entries }: TransitGatewayPolicyTable, headers: HeaderSet) {
  const ways: { readonly entry: TransitGatewayPolicyEntry; readonly headers: HeaderSet }[] = [];
  let rest = headers;
  for (const entry of entries) {
    const matched = matchedBy(entry, rest);
    if (matched.isEmpty) continue;
    ways.push({ entry, headers: matched });
    rest = rest.minus(matched);
  }
  return { ways, rest };
}
