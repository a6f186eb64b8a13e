import { block, type Block } from "../../../network/ip.ts";
import type { TransitGatewayPolicyEntryPlan } from "../../../network/transitGateways.ts";
import { readPortRange } from "../../ec2/portRange.ts";
import { transitGatewayPolicyTables, type PolicyEntry } from "../../ec2/transitGatewayPolicyTable.ts";
import type { Kind } from "./kind.ts";

const blockOf = (text: string): Block | undefined => (text === "*" ? undefined : block(text));

const portsOf = (text: string): readonly [number, number] | undefined =>
  text === "*" ? undefined : readPortRange(text, "portRange");

const planOf = ({ number, rule, tableId }: PolicyEntry): TransitGatewayPolicyEntryPlan => ({
  number,
  source: blockOf(rule.source),
  destination: blockOf(rule.destination),
  protocol: rule.protocol === "*" ? undefined : Number(rule.protocol),
  sourcePorts: portsOf(rule.sourcePorts),
  destinationPorts: portsOf(rule.destinationPorts),
  table: tableId,
});

export const transitGatewayPolicyTableKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "transit-gateway-policy-table" ? [id] : []),
  all: (unit) => transitGatewayPolicyTables.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = transitGatewayPolicyTables.table({ unit }).get(id);
    if (!row || row.state === "deleted") return false;
    fabric.transitGateways.putPolicyTable(id, row.entries.map(planOf));
    return true;
  },
  remove: (fabric, id) => fabric.transitGateways.removePolicyTable(id),
};
