import { awsPrefixList } from "../../ec2/catalogue/prefixLists.ts";
import { prefixListOf, vpcEndpoints, type VpcEndpoint } from "../../ec2/vpcEndpoint.ts";
import { vpcEndpointServices } from "../../ec2/vpcEndpointService.ts";
import type { Unit } from "../../state/unit.ts";
import type { Kind } from "./kind.ts";

/** The load balancers that an account's service stands on. */
const balancersOf = (unit: Unit, serviceId: string): readonly string[] =>
  vpcEndpointServices.table({ unit }).get(serviceId)?.balancers ?? [];

/** Whether packets are taken: by the endpoint's state, nobody's acceptance is missing. */
const isOpen = ({ state }: VpcEndpoint): boolean => state === "available";

export const vpcEndpointKind: Kind = {
  touchedBy: (unit, table, row) => {
    if (table === "vpc-endpoint") return [row.id];
    if (table !== "vpc-endpoint-service") return [];
    return vpcEndpoints
      .table({ unit })
      .by("service", row.id)
      .map(({ id }) => id);
  },
  all: (unit) => vpcEndpoints.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = vpcEndpoints.table({ unit }).get(id);
    if (!row) return false;
    const ports = row.interfaces.map(({ interfaceId }) => interfaceId);
    const ids = row.serviceId === undefined ? undefined : balancersOf(unit, row.serviceId);
    if (row.type === "Gateway") {
      const list = awsPrefixList(unit.name, prefixListOf(unit.name, row));
      // AWS's own lists come into the fabric when they are first named.
      if (list) fabric.putPrefixList(list.id, list.blocks);
      fabric.endpoints.put({
        type: "gateway",
        id,
        vpc: row.vpcId,
        service: row.serviceName,
        prefixList: list?.id ?? "",
        open: isOpen(row),
      });
    } else if (row.type === "Interface") {
      const service = ids
        ? ({ kind: "load-balancers", ids } as const)
        : ({ kind: "region", name: row.serviceName } as const);
      fabric.endpoints.put({ type: "interface", id, ports, service: isOpen(row) ? service : undefined });
    } else {
      const balancers = isOpen(row) ? ids : undefined;
      fabric.endpoints.put({ type: "gateway-load-balancer", id, ports, balancers });
    }
    return true;
  },
  remove: (fabric, id) => fabric.endpoints.remove(id),
};
