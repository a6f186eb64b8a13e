import { egressOnlyWay } from "./egressOnlyInternetGateway.ts";
import { isPrivate, isShared } from "./internetGateway.ts";
import { ip, type Ip } from "./ip.ts";
import type { Component, End } from "./journey.ts";
import { OutsideNames } from "./outsideNames.ts";
import { errorAbout, TIME_EXCEEDED, type Packet } from "./packet.ts";
import { PrefixTable } from "./prefixTable.ts";
import type { Vpc } from "./vpc.ts";
import type { Walk } from "./walk.ts";

/** Whoever routes packets out there: addresses that nobody has, RFC 5737 and RFC 3849. */
const ROUTER = ip("192.0.2.254");
const ROUTER_6 = ip("2001:db8::fe");

/** A host on the internet that has a name. */
export interface OutsideHost {
  readonly name: string;
  readonly address: Ip;
  /** Whether anybody answers there. */
  readonly answers: boolean;
}

/** Where a public address leads to: nowhere, if it belongs to somebody but is mapped to nothing. */
export type PublicMapping = { readonly vpc: Vpc; readonly inside: Ip } | undefined;

/** Everything outside: it brings packets to gateways, by public addresses, or to outside hosts. */
export class Internet implements Component {
  readonly kind = "internet";
  readonly id = "internet";
  readonly hosts = new Map<Ip, OutsideHost>();
  readonly names = new OutsideNames();
  /** The public IPv4 addresses that somebody here has. */
  readonly publicAddresses = new Map<Ip, PublicMapping>();
  /** Blocks that accounts here have but that are not announced from here: nothing from outside finds the way. */
  readonly unannounced = new PrefixTable<true>();
  /** The VPCs by their IPv6 blocks, of which no two have the same. */
  readonly ipv6 = new PrefixTable<Vpc>();

  carry(walk: Walk, packet: Packet): End {
    const { destination } = packet;
    if (packet.ttl <= 1) {
      const notice = errorAbout(packet, typeof destination === "number" ? ROUTER : ROUTER_6, TIME_EXCEEDED);
      return walk.drop("TIME_EXCEEDED", this, packet, undefined, undefined, undefined, notice);
    }
    // Whoever announces a block gets its packets.
    const end = this.unannounced.find(destination) ? undefined : this.#bringIn(walk, packet);
    if (end) return end;
    walk.pass(this, packet, undefined, undefined);
    return { outcome: "outside", host: this.hosts.get(destination), packet };
  }

  /** Brings a packet to the gateway that it is for, if its destination is somebody's here. */
  #bringIn(walk: Walk, packet: Packet): End | undefined {
    const { destination } = packet;
    const refuse = (): End => walk.drop("IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", this, packet);
    if (typeof destination === "bigint") {
      const vpc = this.ipv6.find(destination);
      const port = vpc?.portOf(destination);
      const egressOnly = port && egressOnlyWay(walk, port, packet.source);
      if (egressOnly) return egressOnly.enter(walk, packet);
      return vpc && (vpc.gateway ? vpc.gateway.enter(walk, packet, destination) : refuse());
    }
    const mapping = this.publicAddresses.get(destination);
    if (mapping?.vpc.gateway) return mapping.vpc.gateway.enter(walk, packet, mapping.inside);
    if (mapping || this.publicAddresses.has(destination)) return refuse();
    return isPrivate(destination) || isShared(destination) ? refuse() : undefined;
  }
}
