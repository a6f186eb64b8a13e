import { block, ip } from "../../../network/ip.ts";
import { vpnConcentrators } from "../../ec2/vpnConcentrator.ts";
import { isUp, transitGatewayOf, vpnConnections, type VpnConnection } from "../../ec2/vpnConnection.ts";
import type { Unit } from "../../state/unit.ts";
import type { Kind } from "./kind.ts";

/** Whether both tunnels are used at once: at a transit gateway that says so, where BGP tells that both lead there. */
const isShared = (unit: Unit, connection: VpnConnection): boolean =>
  !connection.staticRoutes && transitGatewayOf({ unit }, connection)?.vpnEcmp === "enable";

export const vpnConnectionKind: Kind = {
  touchedBy: (unit, table, { id }) => {
    if (table === "vpn-connection") return [id];
    if (table !== "transit-gateway") return [];
    const concentrators = vpnConcentrators.table({ unit }).by("transitGateway", id);
    return [id, ...concentrators.map((row) => row.id)].flatMap((end) =>
      vpnConnections
        .table({ unit })
        .by("gateway", end)
        .map((row) => row.id),
    );
  },
  all: (unit) => vpnConnections.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = vpnConnections.table({ unit }).get(id);
    if (!row || row.state === "deleted") return false;
    fabric.vpns.putConnection({
      id,
      order: row.seq,
      gateway: row.vpnGatewayId ?? row.concentratorId,
      tunnels: row.tunnels.map((tunnel) => ({
        outside: ip(tunnel.outside),
        site: isUp(row, tunnel) ? tunnel.site : undefined,
      })),
      local: block(row.local),
      remote: block(row.remote),
      shared: isShared(unit, row),
    });
    return true;
  },
  remove: (fabric, id) => fabric.vpns.removeConnection(id),
};
