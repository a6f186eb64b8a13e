import { loadBalancerTable } from "../../ec2/loadBalancer.ts";
import { networkInterfaces, type NetworkInterface } from "../../ec2/networkInterface.ts";
import type { Row } from "../../state/table.ts";
import type { Unit } from "../../state/unit.ts";
import type { Kind } from "./kind.ts";

/** The interface of a target: its own id's, or an instance's first one. */
function interfaceOf(unit: Unit, target: string): string {
  if (!target.startsWith("i-")) return target;
  const interfaces = networkInterfaces.table({ unit }).by("instance", target);
  return interfaces.find(({ attachment }) => attachment?.deviceIndex === 0)?.id ?? "";
}

/** Those that have an interface, or its instance, as a target, or for themselves. */
function usersOf(unit: Unit, row: Row): string[] {
  const { id, attachment } = row as NetworkInterface;
  const balancers = unit.table(loadBalancerTable);
  const found = [
    ...balancers.by("target", id),
    ...balancers.by("node", id),
    ...(attachment ? balancers.by("target", attachment.instanceId) : []),
  ];
  return found.map((each) => each.id);
}

export const loadBalancerKind: Kind = {
  touchedBy: (unit, table, row) => {
    if (table === loadBalancerTable.name) return [row.id];
    return table === "network-interface" ? usersOf(unit, row) : [];
  },
  all: (unit) => unit.table(loadBalancerTable).all(),
  put(fabric, unit, id) {
    const row = unit.table(loadBalancerTable).get(id);
    if (!row) return false;
    const { type, nodes, targets, crossZone } = row;
    fabric.endpoints.putLoadBalancer({
      id,
      type,
      nodes: nodes.map(({ interfaceId }) => interfaceId),
      targets: targets.map((target) => interfaceOf(unit, target)),
      crossZone,
    });
    return true;
  },
  remove: (fabric, id) => fabric.endpoints.removeLoadBalancer(id),
};
