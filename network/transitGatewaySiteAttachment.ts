import { within, type Block, type Ip } from "./ip.ts";
import type { End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { TransitGateway, TransitGatewayAttachment } from "./transitGateway.ts";
import type { TransitGatewayRouteTable } from "./transitGatewayRouteTable.ts";
import type { LinkEnd, SiteLink } from "./siteLink.ts";
import type { SiteRoutes } from "./siteRoutes.ts";
import type { Walk } from "./walk.ts";

/**
 * A VPN connection at a transit gateway, a dedicated line by its Direct Connect gateway, or a VPN concentrator, which is
 * many connections as one, or appliances in a VPC: sites behind it reach each other only as far as the gateway's table leads back to it.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpn-attachments.html
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-dcg-attachments.html
 */
export class TransitGatewaySiteAttachment implements TransitGatewayAttachment, LinkEnd {
  readonly kind = "transit-gateway-attachment";
  readonly id: string;
  readonly gateway: TransitGateway;
  readonly beyond: SiteLink["kind"];
  table: TransitGatewayRouteTable | undefined;
  live = false;
  readonly #routes: () => SiteRoutes | undefined;
  readonly #link: () => SiteLink | undefined;

  /**
   * @param beyond what kind of links leads to the sites
   * @param routes what it knows of many links
   * @param link the only one, where it does not
   */
  constructor(
    id: string,
    gateway: TransitGateway,
    beyond: SiteLink["kind"],
    routes: () => SiteRoutes | undefined,
    link: () => SiteLink | undefined,
  ) {
    this.id = id;
    this.beyond = beyond;
    this.gateway = gateway;
    this.#routes = routes;
    this.#link = link;
  }

  /** What leads to the sites: the only link, or what is known of many. */
  get ways(): SiteLink | SiteRoutes | undefined {
    return this.#routes() ?? this.#link();
  }

  put(table: TransitGatewayRouteTable | undefined, live: boolean): void {
    this.table = table;
    this.live = live;
  }

  forward(walk: Walk, packet: Packet): End {
    const routes = this.#routes();
    const link = routes ? routes.choose(packet) : this.#link();
    if (!link) {
      const reason = routes ? "NO_ROUTE_TO_DESTINATION" : "TGW_BAD_STATE_VPN";
      return walk.drop(reason, this, packet, undefined, "egress");
    }
    walk.pass(this, packet, undefined, "egress");
    return link.carry(walk, packet, packet.destination, "TGW_BAD_STATE_VPN");
  }

  /** What a Direct Connect gateway may tell is all that it tells, whatever the gateway knows. */
  reach(address: Ip, from: SiteLink, allowed?: readonly Block[]): number | undefined {
    if (allowed) {
      if (!this.live) return undefined;
      let longest: number | undefined;
      for (const each of allowed) {
        if (each.length > (longest ?? -1) && within(each, address)) longest = each.length;
      }
      return longest;
    }
    const ways = this.live ? this.table?.find(address) : undefined;
    // What a site told the gateway, it is not told again.
    const isBack = ways?.some(({ route }) => route.attachment === this.id) ?? false;
    return isBack && (this.#routes()?.find(address) ?? this.#link()) === from
      ? undefined
      : ways?.[0]?.block.length;
  }

  enter(walk: Walk, packet: Packet): End {
    if (!this.live) return walk.drop("BAD_STATE_ATTACHMENT", this, packet, undefined, "ingress");
    walk.pass(this, packet, undefined, "ingress");
    return this.gateway.route(walk, packet, { attachment: this, zone: undefined, carrier: undefined });
  }
}
