import { ICMP, ICMPV6, TCP, UDP } from "../packet.ts";
import type { Traffic } from "../traffic.ts";
import { HeaderSet, only } from "./headerSet.ts";

/** The headers that a rule is about, whoever is at the other end; headers know no types of ICMP. */
export function aboutTraffic(headers: HeaderSet, { protocol, from, to }: Traffic): HeaderSet {
  if (protocol === -1) return headers;
  if (protocol === ICMP || protocol === ICMPV6) return HeaderSet.none;
  const carried = headers.within("protocol", [only(protocol)]);
  const hasPorts = (protocol === TCP || protocol === UDP) && from >= 0;
  return hasPorts ? carried.within("destinationPort", [{ first: from, last: to }]) : carried;
}
