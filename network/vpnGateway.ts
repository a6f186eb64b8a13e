import { leadIn } from "./gatewayTable.ts";
import { holds, isIpv4, within, type Block, type Ip } from "./ip.ts";
import type { End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import type { RouteTable } from "./routeTable.ts";
import type { RouteTarget } from "./routeTarget.ts";
import { SiteRoutes, type SiteRoute } from "./siteRoutes.ts";
import { VIRTUAL_INTERFACE_MTU } from "./virtualInterface.ts";
import type { Vpc } from "./vpc.ts";
import type { LinkEnd, SiteLink } from "./siteLink.ts";
import type { Walk } from "./walk.ts";

/**
 * AWS's end of VPN connections, at one VPC. It takes only IPv4, from the VPC only to blocks that a connection is known
 * to lead to, and from the connections only to interfaces of the VPC: to no internet gateway, peer or endpoint.
 *
 * @see https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-route-priority.html
 */
export class VpnGateway implements RouteTarget, LinkEnd {
  readonly kind = "vpn-gateway";
  readonly noTransit = "VGW_PRIVATE_IP_ASSOCIATION_FOR_EGRESS";
  readonly id: string;
  vpc: Vpc | undefined;
  /** For what comes in, where a route table is associated with the gateway. */
  table: RouteTable | undefined;
  readonly routes: SiteRoutes;

  /** @param links all there are, by id */
  constructor(id: string, links: ReadonlyMap<string, SiteLink>) {
    this.id = id;
    this.routes = new SiteRoutes(links);
  }

  put(vpc: Vpc | undefined, table: RouteTable | undefined, routes: readonly SiteRoute[]): void {
    this.vpc = vpc;
    this.table = table;
    this.routes.put(routes);
  }

  /** To be called when a link may have come, gone, or changed between up and down. */
  forget(): void {
    this.routes.forget();
  }

  serves(vpc: Vpc): boolean {
    return this.vpc === vpc;
  }

  /** From the VPC to the customer. */
  forward(walk: Walk, packet: Packet, sender: Port | undefined): End {
    const { source, destination } = packet;
    if (!isIpv4(source)) return walk.drop("PROTOCOL_RESTRICTION", this, packet, sender, "egress");
    if (!this.vpc?.portOf(source)?.live) {
      return walk.drop("VGW_PRIVATE_IP_ASSOCIATION_FOR_EGRESS", this, packet, sender, "egress");
    }
    const link = this.routes.choose(packet);
    if (!link) return walk.drop("NO_ROUTE_TO_DESTINATION", this, packet, sender, "egress");
    walk.pass(this, packet, sender, "egress");
    const router = sender?.subnet.router ?? destination;
    // "Jumbo frames will apply only to propagated routes from Direct Connect."
    if (packet.length > VIRTUAL_INTERFACE_MTU && link.kind === "virtual-interface") {
      const isStatic = sender?.subnet.table?.find(destination)?.route.origin === "static";
      const refused = isStatic ? walk.tooLong(link, packet, router, VIRTUAL_INTERFACE_MTU) : undefined;
      if (refused) return refused;
    }
    return link.carry(walk, packet, router, "BAD_STATE_VPN");
  }

  /** "You must set the prefixes to a range that is the same or wider than the VPC CIDR block." */
  reach(address: Ip, _from: SiteLink, allowed?: readonly Block[]): number | undefined {
    const own = this.vpc?.blocks.find((block) => isIpv4(block.base) && within(block, address));
    return own && (allowed?.some((each) => holds(each, own)) ?? true) ? own.length : undefined;
  }

  /** From the customer into the VPC, whatever routes the destination's subnet has. */
  enter(walk: Walk, packet: Packet): End {
    const { vpc, table } = this;
    if (!vpc?.portOf(packet.destination)?.live) {
      return walk.drop("VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", this, packet, undefined, "ingress");
    }
    walk.pass(this, packet, undefined, "ingress");
    return leadIn(walk, vpc, table, packet);
  }
}
