/** Customers' sites behind a virtual private gateway, for tests. */
import { block, ip } from "../../network/ip.ts";
import type { SiteRoute } from "../../network/siteRoutes.ts";
import type { World } from "./world.ts";

export const OFFICE = "192.168.0.0/16";

const everything = block("0.0.0.0/0");

/** A site, and a connection of the same name between it and a gateway: by one tunnel, if that is up. */
export function putSite(
  { fabric: { vpns } }: World,
  name: string,
  { gateway = "vgw", blocks = [OFFICE], up = true, order = 1 } = {},
): void {
  vpns.putSite({ id: name, name, blocks: blocks.map(block), hosts: undefined });
  const tunnels = [{ outside: ip("52.99.0.1"), site: up ? name : undefined }];
  vpns.putConnection({ id: name, order, gateway, tunnels, local: everything, remote: everything });
}

/** What was written down of a connection, unless BGP told it. */
export const siteRoute = (cidr: string, connection: string, more: Partial<SiteRoute> = {}): SiteRoute => ({
  block: block(cidr),
  connection,
  origin: "propagated-vpn-static",
  pathLength: 0,
  discriminator: 0,
  ...more,
});

export function putVpnGateway(
  { fabric: { vpns } }: World,
  routes: readonly SiteRoute[],
  { id = "vgw", vpc = "vpc" } = {},
): void {
  vpns.putGateway({ id, vpc, table: undefined, routes });
}
