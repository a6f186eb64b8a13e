import { leadIn } from "./gatewayTable.ts";
import { isIpv4, within, type Block, type Ip } from "./ip.ts";
import type { End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import { PrefixTable } from "./prefixTable.ts";
import type { RouteTable } from "./routeTable.ts";
import type { RouteTarget } from "./routeTarget.ts";
import type { Vpc } from "./vpc.ts";
import type { VpnConnection, VpnEndpoint } from "./vpnConnection.ts";
import type { Walk } from "./walk.ts";

/** What a gateway knows about a block: the connection that leads to it. */
export interface VpnRoute {
  readonly block: Block;
  readonly connection: string;
  /** Whether somebody wrote it down; else BGP told it, with the length of its path and its discriminator (MED). */
  readonly written: boolean;
  readonly pathLength: number;
  readonly discriminator: number;
}

/** Negative if `a` wins over `b`, both being routes to the same block. */
const preference = (a: VpnRoute, b: VpnRoute): number =>
  Number(b.written) - Number(a.written) || a.pathLength - b.pathLength || a.discriminator - b.discriminator;

/**
 * AWS's end of VPN connections, at one VPC. It takes only IPv4, from the VPC only to blocks that a connection is known
 * to lead to, and from the connections only to interfaces of the VPC: to no internet gateway, peer or endpoint.
 *
 * @see https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-route-priority.html
 */
export class VpnGateway implements RouteTarget, VpnEndpoint {
  readonly kind = "vpn-gateway";
  readonly noTransit = "VGW_PRIVATE_IP_ASSOCIATION_FOR_EGRESS";
  readonly id: string;
  vpc: Vpc | undefined;
  /** For what comes in, where a route table is associated with the gateway. */
  table: RouteTable | undefined;
  readonly #connections: ReadonlyMap<string, VpnConnection>;
  #routes: readonly VpnRoute[] = [];
  /** The best connection to each block: of those that are up, and of all. */
  #live: PrefixTable<VpnConnection> | undefined;
  #known = new PrefixTable<VpnConnection>();

  /** @param connections all there are, by id */
  constructor(id: string, connections: ReadonlyMap<string, VpnConnection>) {
    this.id = id;
    this.#connections = connections;
  }

  put(vpc: Vpc | undefined, table: RouteTable | undefined, routes: readonly VpnRoute[]): void {
    this.vpc = vpc;
    this.table = table;
    this.#routes = routes.toSorted(preference);
    this.forget();
  }

  /** To be called when a connection may have come, gone, or changed between up and down. */
  forget(): void {
    this.#live = undefined;
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
    const connection = this.#find(destination);
    if (!connection) return walk.drop("NO_ROUTE_TO_DESTINATION", this, packet, sender, "egress");
    walk.pass(this, packet, sender, "egress");
    return connection.carry(walk, packet, sender?.subnet.router ?? destination, "BAD_STATE_VPN");
  }

  reach(address: Ip): number | undefined {
    return this.vpc?.blocks.find((block) => isIpv4(block.base) && within(block, address))?.length;
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

  /** Where one is up, the longest block that leads somewhere counts; else the one that would. */
  #find(address: Ip): VpnConnection | undefined {
    return this.#compile().find(address) ?? this.#known.find(address);
  }

  #compile(): PrefixTable<VpnConnection> {
    if (this.#live) return this.#live;
    const live = new PrefixTable<VpnConnection>();
    this.#known = new PrefixTable();
    for (const { block, connection: id } of this.#routes) {
      const connection = this.#connections.get(id);
      if (!connection) continue;
      if (!this.#known.get(block)) this.#known.set(block, connection);
      if (connection.up && !live.get(block)) live.set(block, connection);
    }
    return (this.#live = live);
  }
}
