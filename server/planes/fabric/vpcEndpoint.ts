import { awsPrefixList } from "../../ec2/catalogue/prefixLists.ts";
import { prefixListOf, vpcEndpoints, type VpcEndpoint } from "../../ec2/vpcEndpoint.ts";
import { vpcEndpointServices } from "../../ec2/vpcEndpointService.ts";
import type { Fabric } from "../../../network/fabric.ts";
import type { EndpointService } from "../../../network/interfaceEndpoint.ts";
import type { Unit } from "../../state/unit.ts";
import type { Kind } from "./kind.ts";

/** The load balancers that an account's service stands on. */
const balancersOf = (unit: Unit, serviceId: string): readonly string[] =>
  vpcEndpointServices.table({ unit }).get(serviceId)?.balancers ?? [];

/** Whether packets are taken: by the endpoint's state, nobody's acceptance is missing. */
const isOpen = ({ state }: VpcEndpoint): boolean => state === "available";

/** Who answers an interface endpoint. What an account's service stands on can change, and be in another region. */
function serviceOf({ endpoints }: Fabric, row: VpcEndpoint): EndpointService {
  const { serviceId, serviceName, serviceRegion } = row;
  if (serviceId === undefined) return { kind: "region", name: serviceName };
  return {
    kind: "load-balancers",
    far: serviceRegion !== undefined,
    get ids() {
      return endpoints.services.get(serviceId) ?? [];
    },
  };
}

/** What accounts' services stand on, for endpoints in all regions. */
export const endpointServiceKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "vpc-endpoint-service" ? [id] : []),
  all: (unit) => vpcEndpointServices.table({ unit }).all(),
  put({ endpoints }, unit, id) {
    if (!vpcEndpointServices.table({ unit }).get(id)) return false;
    endpoints.services.set(id, balancersOf(unit, id));
    return true;
  },
  remove: ({ endpoints }, id) => void endpoints.services.delete(id),
};

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
      const service = isOpen(row) ? serviceOf(fabric, row) : undefined;
      fabric.endpoints.put({ type: "interface", id, ports, service });
    } else {
      const balancers = isOpen(row) ? balancersOf(unit, row.serviceId ?? "") : undefined;
      fabric.endpoints.put({ type: "gateway-load-balancer", id, ports, balancers });
    }
    return true;
  },
  remove: (fabric, id) => fabric.endpoints.remove(id),
};
