import { ConnectPeer } from "./connectPeer.ts";
import { CustomerSite } from "./customerSite.ts";
import type { Block, Ip } from "./ip.ts";
import type { RouteTable } from "./routeTable.ts";
import type { RouteTarget } from "./routeTarget.ts";
import { SiteRoutes, type SiteRoute } from "./siteRoutes.ts";
import type { TransitGateways } from "./transitGateways.ts";
import { TransitGatewaySiteAttachment } from "./transitGatewaySiteAttachment.ts";
import type { Vpc } from "./vpc.ts";
import type { LinkEnd, SiteLink } from "./siteLink.ts";
import { VirtualInterface, type VirtualInterfaceSettings } from "./virtualInterface.ts";
import { VpnConnection } from "./vpnConnection.ts";
import { VpnGateway } from "./vpnGateway.ts";

export interface CustomerSitePlan {
  /** Its id in the fabric; the name is what its region knows it by. */
  readonly id: string;
  readonly name: string;
  readonly blocks: readonly Block[];
  /** Who answers there; without it, everybody does. */
  readonly hosts?: readonly Ip[] | undefined;
  /** Its dedicated lines, each with the virtual private gateway that it ends at, if it ends at one. */
  readonly lines?: readonly (VirtualInterfaceSettings & {
    readonly id: string;
    readonly gateway: string | undefined;
  })[];
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

export interface TransitGatewaySiteAttachmentPlan {
  readonly id: string;
  readonly gateway: string;
  readonly table: string | undefined;
  readonly live: boolean;
  /** The connection, the dedicated line, or the concentrator with what it knows of its own connections. */
  readonly connection: string;
  readonly routes?: readonly SiteRoute[];
  /** What kind of links leads to the sites. */
  readonly beyond?: SiteLink["kind"];
}

export interface ConnectPeerPlan {
  readonly id: string;
  readonly order: number;
  /** The Connect attachment, and the one that carries its tunnels. */
  readonly attachment: string;
  readonly transport: string;
  readonly gateway: string;
  readonly gatewayAddress: Ip;
  readonly peerAddress: Ip;
  /** What lies behind the appliance, if it speaks BGP. */
  readonly site: string | undefined;
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
  /** VPN connections and dedicated lines. */
  readonly #links = new Map<string, SiteLink>();
  /** By site: the dedicated lines. */
  readonly #lines = new Map<string, readonly string[]>();
  readonly #gateways = new Map<string, VpnGateway>();
  /** By link: the id of its virtual private gateway, concentrator or Connect attachment. */
  readonly #gatewayOf = new Map<string, string>();
  /** By concentrator or Connect attachment: what it knows. */
  readonly #concentrators = new Map<string, SiteRoutes>();
  /** To transit gateways, by link or concentrator, or by themselves. */
  readonly #attachments = new Map<string, TransitGatewaySiteAttachment>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  site(id: string): CustomerSite | undefined {
    return this.#sites.get(id);
  }

  putSite({ id, name, blocks, hosts, lines = [] }: CustomerSitePlan): void {
    let site = this.#sites.get(id);
    if (!site) this.#sites.set(id, (site = new CustomerSite(name)));
    site.put(blocks, hosts);
    for (const line of this.#lines.get(id) ?? []) {
      if (!lines.some((each) => each.id === line)) this.#removeLine(line);
    }
    this.#lines.set(
      id,
      lines.map((line) => line.id),
    );
    for (const { id: line, gateway, ...settings } of lines) {
      if (gateway !== undefined) this.#gatewayOf.set(line, gateway);
      let link = this.#links.get(line);
      if (!link) {
        link = new VirtualInterface(line, site, () => this.#endOf(line));
        this.#links.set(line, link);
        this.#forget(line);
      }
      if (link instanceof VirtualInterface) link.put(settings);
    }
  }

  removeSite(id: string): void {
    for (const line of this.#lines.get(id) ?? []) this.#removeLine(line);
    this.#lines.delete(id);
    this.#sites.delete(id);
  }

  #removeLine(id: string): void {
    const line = this.#links.get(id);
    if (line instanceof VirtualInterface) line.release();
    this.#links.delete(id);
    this.#forget(id);
    this.#gatewayOf.delete(id);
  }

  putConnection({ id, order, gateway, tunnels, shared = false, ...blocks }: VpnConnectionPlan): void {
    const known = this.#links.get(id);
    const connection =
      known instanceof VpnConnection ? known : new VpnConnection(id, order, () => this.#endOf(id));
    this.#links.set(id, connection);
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
    const connection = this.#links.get(id);
    if (connection instanceof VpnConnection) connection.release();
    this.#links.delete(id);
    this.#forget(id);
    this.#gatewayOf.delete(id);
  }

  putConnectPeer({ id, order, attachment, transport, gateway: gatewayId, ...plan }: ConnectPeerPlan): void {
    const gateway = this.#around.transitGateways.gatewayOf(gatewayId);
    const known = this.#links.get(id);
    const peer =
      known instanceof ConnectPeer
        ? known
        : new ConnectPeer(
            id,
            order,
            () => this.#endOf(id),
            () => gateway.attachmentOf(transport),
          );
    this.#links.set(id, peer);
    this.#gatewayOf.set(id, attachment);
    peer.put({ ...plan, site: plan.site === undefined ? undefined : this.#sites.get(plan.site) });
    gateway.tunnels.set(plan.gatewayAddress, peer);
    this.#forget(id);
  }

  removeConnectPeer(id: string): void {
    const peer = this.#links.get(id);
    if (!(peer instanceof ConnectPeer)) return;
    peer.release();
    for (const { tunnels } of this.#around.transitGateways.gateways) {
      for (const [address, tunnel] of tunnels) if (tunnel === peer) tunnels.delete(address);
    }
    this.#links.delete(id);
    this.#forget(id);
    this.#gatewayOf.delete(id);
  }

  putGateway({ id, vpc, table, routes }: VpnGatewayPlan): void {
    let gateway = this.#gateways.get(id);
    if (!gateway) this.#gateways.set(id, (gateway = new VpnGateway(id, this.#links)));
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

  putAttachment({
    id,
    gateway,
    table,
    live,
    connection,
    beyond = "vpn-connection",
    routes,
  }: TransitGatewaySiteAttachmentPlan): void {
    const { transitGateways } = this.#around;
    let attachment = this.#attachments.get(connection);
    if (attachment?.id !== id) {
      attachment = new TransitGatewaySiteAttachment(
        id,
        transitGateways.gatewayOf(gateway),
        beyond,
        () => this.#concentrators.get(connection),
        () => this.#links.get(connection),
      );
      this.#attachments.set(connection, attachment);
      transitGateways.putAttachment(gateway, attachment);
    }
    attachment.put(table === undefined ? undefined : transitGateways.tableOf(table), live);
    if (!routes) return;
    const known = this.#concentrators.get(connection) ?? new SiteRoutes(this.#links);
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

  #endOf(link: string): LinkEnd | undefined {
    const gateway = this.#gatewayOf.get(link) ?? link;
    return this.#gateways.get(gateway) ?? this.#attachments.get(gateway);
  }

  /** Lets the gateway of a link choose anew. */
  #forget(link: string): void {
    const gateway = this.#gatewayOf.get(link) ?? "";
    this.#gateways.get(gateway)?.forget();
    this.#concentrators.get(gateway)?.forget();
  }
}
