import { CustomerSite } from "./customerSite.ts";
import type { Block, Ip } from "./ip.ts";
import type { RouteTable } from "./routeTable.ts";
import type { RouteTarget } from "./routeTarget.ts";
import { SiteRoutes, type SiteRoute } from "./siteRoutes.ts";
import type { TransitGateways } from "./transitGateways.ts";
import { TransitGatewayVpnAttachment } from "./transitGatewayVpnAttachment.ts";
import type { Vpc } from "./vpc.ts";
import { VpnConnection, type VpnEndpoint } from "./vpnConnection.ts";
import { VpnGateway } from "./vpnGateway.ts";

export interface CustomerSitePlan {
  /** Its id in the fabric; the name is what its region knows it by. */
  readonly id: string;
  readonly name: string;
  readonly blocks: readonly Block[];
  /** Who answers there; without it, everybody does. */
  readonly hosts?: readonly Ip[] | undefined;
}

export interface VpnConnectionPlan {
  readonly id: string;
  /** Older connections have lower numbers. */
  readonly order: number;
  /** The virtual private gateway or concentrator that its tunnels end at, if they end at one. */
  readonly gateway: string | undefined;
  /** Each with the site at its other end, if it is up. */
  readonly tunnels: readonly { readonly outside: Ip; readonly site: string | undefined }[];
  readonly local: Block;
  readonly remote: Block;
  readonly shared?: boolean;
}

export interface VpnGatewayPlan {
  readonly id: string;
  readonly vpc: string | undefined;
  readonly table: string | undefined;
  readonly routes: readonly SiteRoute[];
}

export interface TransitGatewayVpnAttachmentPlan {
  readonly id: string;
  readonly gateway: string;
  readonly table: string | undefined;
  readonly live: boolean;
  /** The connection, or the concentrator with what it knows of its own. */
  readonly connection: string;
  readonly routes?: readonly SiteRoute[];
}

/** What a fabric has for its VPN connections to lead to. */
interface Surroundings {
  readonly targets: Map<string, RouteTarget>;
  readonly vpcs: ReadonlyMap<string, Vpc>;
  readonly tables: ReadonlyMap<string, RouteTable>;
  readonly transitGateways: TransitGateways;
}

/**
 * The VPN connections of a fabric, with what is at both their ends. `put…` makes a thing or changes it; a connection
 * names sites that must be there already, whereas its gateway may come before or after it.
 */
export class Vpns {
  readonly #around: Surroundings;
  readonly #sites = new Map<string, CustomerSite>();
  readonly #connections = new Map<string, VpnConnection>();
  readonly #gateways = new Map<string, VpnGateway>();
  /** By connection: the id of its virtual private gateway or concentrator. */
  readonly #gatewayOf = new Map<string, string>();
  /** By concentrator: what it knows. */
  readonly #concentrators = new Map<string, SiteRoutes>();
  /** To transit gateways, by connection or concentrator. */
  readonly #attachments = new Map<string, TransitGatewayVpnAttachment>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  site(id: string): CustomerSite | undefined {
    return this.#sites.get(id);
  }

  putSite({ id, name, blocks, hosts }: CustomerSitePlan): void {
    let site = this.#sites.get(id);
    if (!site) this.#sites.set(id, (site = new CustomerSite(name)));
    site.put(blocks, hosts);
  }

  removeSite(id: string): void {
    this.#sites.delete(id);
  }

  putConnection({ id, order, gateway, tunnels, shared = false, ...blocks }: VpnConnectionPlan): void {
    let connection = this.#connections.get(id);
    if (!connection) {
      connection = new VpnConnection(id, order, () => this.#endpointOf(id));
      this.#connections.set(id, connection);
    }
    this.#forget(id);
    if (gateway === undefined) this.#gatewayOf.delete(id);
    else this.#gatewayOf.set(id, gateway);
    const ends = tunnels.map(({ outside, site }) => ({
      outside,
      site: site === undefined ? undefined : this.#sites.get(site),
    }));
    connection.put({ ...blocks, shared, tunnels: ends });
    this.#forget(id);
  }

  removeConnection(id: string): void {
    this.#connections.get(id)?.release();
    this.#connections.delete(id);
    this.#forget(id);
    this.#gatewayOf.delete(id);
  }

  putGateway({ id, vpc, table, routes }: VpnGatewayPlan): void {
    let gateway = this.#gateways.get(id);
    if (!gateway) this.#gateways.set(id, (gateway = new VpnGateway(id, this.#connections)));
    const { vpcs, tables, targets } = this.#around;
    gateway.put(
      vpc === undefined ? undefined : vpcs.get(vpc),
      table === undefined ? undefined : tables.get(table),
      routes,
    );
    targets.set(id, gateway);
  }

  removeGateway(id: string): void {
    this.#gateways.delete(id);
    this.#around.targets.delete(id);
  }

  putAttachment({ id, gateway, table, live, connection, routes }: TransitGatewayVpnAttachmentPlan): void {
    const { transitGateways } = this.#around;
    let attachment = this.#attachments.get(connection);
    if (attachment?.id !== id) {
      attachment = new TransitGatewayVpnAttachment(
        id,
        transitGateways.gatewayOf(gateway),
        (address) => this.#concentrators.get(connection)?.find(address) ?? this.#connections.get(connection),
      );
      this.#attachments.set(connection, attachment);
      transitGateways.putAttachment(gateway, attachment);
    }
    attachment.put(table === undefined ? undefined : transitGateways.tableOf(table), live);
    if (!routes) return;
    const known = this.#concentrators.get(connection) ?? new SiteRoutes(this.#connections);
    known.put(routes);
    this.#concentrators.set(connection, known);
  }

  /** @param id of an attachment to whatever it is */
  removeAttachment(id: string): void {
    for (const [connection, attachment] of this.#attachments) {
      if (attachment.id !== id) continue;
      this.#attachments.delete(connection);
      this.#concentrators.delete(connection);
    }
  }

  #endpointOf(connection: string): VpnEndpoint | undefined {
    const gateway = this.#gatewayOf.get(connection) ?? connection;
    return this.#gateways.get(gateway) ?? this.#attachments.get(gateway);
  }

  /** Lets the gateway of a connection choose anew. */
  #forget(connection: string): void {
    const gateway = this.#gatewayOf.get(connection) ?? "";
    this.#gateways.get(gateway)?.forget();
    this.#concentrators.get(gateway)?.forget();
  }
}
