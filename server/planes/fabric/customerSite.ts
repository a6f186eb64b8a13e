import { block, ip } from "../../../network/ip.ts";
import { siteTable } from "../../ec2/customerSite.ts";
import type { Kind } from "./kind.ts";

export const customerSiteKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "customer-site" ? [id] : []),
  all: (unit) => siteTable({ unit }).all(),
  put(fabric, unit, id) {
    const row = siteTable({ unit }).get(id);
    if (!row) return false;
    const { name, blocks, hosts, virtualInterfaces = [] } = row;
    fabric.vpns.putSite({
      id,
      name,
      blocks: blocks.map(block),
      hosts: hosts?.map(ip),
      lines: virtualInterfaces.map((line) => ({
        id: line.id,
        gateway: line.attachmentId === undefined ? line.gatewayId : undefined,
        mtu: line.mtu,
        allowed: line.allowedPrefixes?.map(block),
      })),
    });
    return true;
  },
  remove: (fabric, id) => fabric.vpns.removeSite(id),
};
