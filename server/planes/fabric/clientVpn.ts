import { clientVpnConnections } from "../../ec2/clientVpnConnection.ts";
import { clientVpnEndpoints } from "../../ec2/clientVpnEndpoint.ts";
import { routesOf } from "../../ec2/clientVpnRoute.ts";
import {
  clientVpnTargetNetworks,
  doorOf,
  networksOf,
  type ClientVpnTargetNetwork,
} from "../../ec2/clientVpnTargetNetwork.ts";
import type { ClientVpnEndpointPlan } from "../../../network/clientVpns.ts";
import { block, ip } from "../../../network/ip.ts";
import type { Unit } from "../../state/unit.ts";
import type { Kind } from "./kind.ts";

/** The interfaces in associated subnets, by these; what is not associated yet has no routes, and no clients. */
const doorsOf = (unit: Unit, endpointId: string): ReadonlyMap<string | undefined, string> =>
  new Map(
    networksOf({ unit }, endpointId).flatMap((network) => {
      const door = doorOf({ unit }, network);
      return door ? [[network.subnetId, door.id] as const] : [];
    }),
  );

export const clientVpnEndpointKind: Kind = {
  touchedBy: (_unit, table, row) => {
    if (table === "client-vpn-endpoint") return [row.id];
    return table === "client-vpn-target-network" ? [(row as ClientVpnTargetNetwork).endpointId] : [];
  },
  all: (unit) => clientVpnEndpoints.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = clientVpnEndpoints.table({ unit }).get(id);
    if (!row || row.state === "deleted") return false;
    const doors = doorsOf(unit, id);
    const targetOf = (subnetId: string | undefined): string | undefined => {
      if (row.transitGateway) return "transit-gateway";
      return subnetId === "local" ? subnetId : doors.get(subnetId);
    };
    const routes = routesOf({ unit }, row).flatMap(
      ({ destination, subnetId, state }): ClientVpnEndpointPlan["routes"] => {
        const target = state === "active" ? targetOf(subnetId) : undefined;
        return target === undefined ? [] : [{ block: block(destination), target }];
      },
    );
    const rules = row.rules
      .filter(({ state }) => state === "active")
      .map(({ destination, groupId: group }) => ({ block: block(destination), group }));
    fabric.clientVpns.putEndpoint({ id, ports: [...doors.values()], routes, rules });
    return true;
  },
  remove: (fabric, id) => fabric.clientVpns.removeEndpoint(id),
};

export const clientVpnConnectionKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "client-vpn-connection" ? [id] : []),
  all: (unit) => clientVpnConnections.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = clientVpnConnections.table({ unit }).get(id);
    if (row?.state !== "active") return false;
    const { endpointId: endpoint, networkId, address, device, groups, routes } = row;
    const network = clientVpnTargetNetworks.table({ unit }).get(networkId);
    fabric.clientVpns.putClient({
      id,
      endpoint,
      address: ip(address),
      device: ip(device.address),
      groups,
      port: network && doorOf({ unit }, network)?.id,
      routes: routes?.map(block),
    });
    return true;
  },
  remove: (fabric, id) => fabric.clientVpns.removeClient(id),
};
