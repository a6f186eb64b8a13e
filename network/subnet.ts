import type { BlockMode } from "./blockPublicAccess.ts";
import { isIpv4, lastOf, plus, within, type Block, type Ip } from "./ip.ts";
import type { Component } from "./journey.ts";
import type { MulticastDomain } from "./multicastDomain.ts";
import type { NetworkAcl } from "./networkAcl.ts";
import type { Port } from "./port.ts";
import type { RouteTable } from "./routeTable.ts";
import type { Vpc } from "./vpc.ts";

/** A part of a VPC in one zone, with a border that a network ACL guards. */
export class Subnet implements Component {
  readonly kind = "subnet";
  readonly id: string;
  readonly vpc: Vpc;
  readonly zone: string;
  blocks: readonly Block[] = [];
  acl: NetworkAcl | undefined;
  /** Its own table; without one it uses the VPC's main table. */
  ownTable: RouteTable | undefined;
  /** The VPC's router in it, by IPv4: the block's base plus one. */
  router: Ip | undefined;
  broadcast: Ip | undefined;
  /** The domain in which it takes part in multicast. */
  multicast: MulticastDomain | undefined;
  /** What of the internet Block Public Access keeps from it. */
  blockMode: BlockMode = "off";
  readonly portsByMac = new Map<string, Port>();

  constructor(id: string, vpc: Vpc, zone: string) {
    this.id = id;
    this.vpc = vpc;
    this.zone = zone;
  }

  get table(): RouteTable | undefined {
    return this.ownTable ?? this.vpc.mainTable;
  }

  put(blocks: readonly Block[], acl: NetworkAcl | undefined, ownTable: RouteTable | undefined): void {
    this.blocks = blocks;
    this.acl = acl;
    this.ownTable = ownTable;
    const ipv4 = blocks.find(({ base }) => isIpv4(base));
    this.router = ipv4 && plus(ipv4.base, 1);
    this.broadcast = ipv4 && lastOf(ipv4);
  }

  has(address: Ip): boolean {
    for (const block of this.blocks) if (within(block, address)) return true;
    return false;
  }
}
