import { ip } from "../../../network/ip.ts";
import { natGateways } from "../../ec2/natGateway.ts";
import { networkInterfaces } from "../../ec2/networkInterface.ts";
import type { Kind } from "./kind.ts";

export const natGatewayKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "natgateway" ? [id] : []),
  all: (unit) => natGateways.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = natGateways.table({ unit }).get(id);
    const port = row?.networkInterfaceId;
    if (!row || port === undefined || !networkInterfaces.table({ unit }).get(port)) return false;
    fabric.putNatGateway({
      id,
      port,
      live: row.state === "available" || row.state === "deleting",
      draining: row.addresses.flatMap(({ privateAddress, status }) =>
        privateAddress === undefined || status === "succeeded" ? [] : [ip(privateAddress)],
      ),
    });
    return true;
  },
  remove: (fabric, id) => fabric.removeNatGateway(id),
};
