import { block } from "../../../network/ip.ts";
import type { MirrorRule } from "../../../network/trafficMirror.ts";
import { trafficMirrorFilters } from "../../ec2/trafficMirrorFilter.ts";
import { rulesOf, type TrafficMirrorRule } from "../../ec2/trafficMirrorRule.ts";
import { trafficMirrorSessions } from "../../ec2/trafficMirrorSession.ts";
import { resourceOf, trafficMirrorTargets } from "../../ec2/trafficMirrorTarget.ts";
import { type Kind, named } from "./kind.ts";

const ruleOf = (rule: TrafficMirrorRule): MirrorRule => ({
  egress: rule.direction === "egress",
  number: rule.number,
  accept: rule.action === "accept",
  protocol: rule.protocol ?? -1,
  source: block(rule.sourceCidr),
  destination: block(rule.destinationCidr),
  sourcePorts: rule.sourcePorts,
  destinationPorts: rule.destinationPorts,
});

export const trafficMirrorSessionKind: Kind = {
  touchedBy: (unit, table, row) => {
    if (table === "traffic-mirror-session") return [row.id];
    const filters =
      table === "traffic-mirror-filter"
        ? [row.id]
        : table === "traffic-mirror-filter-rule"
          ? named(row, "filterId")
          : [];
    return filters.flatMap((filter) =>
      trafficMirrorSessions
        .table({ unit })
        .by("filter", filter)
        .map(({ id }) => id),
    );
  },
  all: (unit) => trafficMirrorSessions.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = trafficMirrorSessions.table({ unit }).get(id);
    const target = row && trafficMirrorTargets.table({ unit }).get(row.targetId);
    const filter = row && trafficMirrorFilters.table({ unit }).get(row.filterId);
    if (!target || !filter) return false;
    const rules = [...rulesOf({ unit }, filter.id, "ingress"), ...rulesOf({ unit }, filter.id, "egress")];
    fabric.trafficMirror.put({
      id,
      source: row.networkInterfaceId,
      target: resourceOf(target),
      number: row.number,
      network: row.virtualNetworkId,
      length: row.packetLength,
      rules: rules.map(ruleOf),
      dns: filter.services.includes("amazon-dns"),
    });
    return true;
  },
  remove: (fabric, id) => fabric.trafficMirror.remove(id),
};
