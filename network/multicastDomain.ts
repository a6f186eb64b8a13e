import type { Fabric } from "./fabric.ts";
import { ALL_HOSTS, IgmpHosts, query, report } from "./igmp.ts";
import { isIpv4, type Ip } from "./ip.ts";
import type { Component, End } from "./journey.ts";
import { IGMP, type Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import type { Subnet } from "./subnet.ts";
import { TRANSIT_MTU } from "./transitGateway.ts";
import type { Walk } from "./walk.ts";

/** Who sends to a group address, and who gets what is sent, as somebody has said: ids of interfaces. */
export interface MulticastGroup {
  readonly address: Ip;
  readonly members: ReadonlySet<string>;
  readonly sources: ReadonlySet<string>;
}

/** What can change about a domain. */
interface MulticastSettings {
  /** Whether only the sources of a group may send to it: else everybody in the subnets may. */
  readonly staticSources: boolean;
  /** Whether guests join and leave groups by themselves. */
  readonly igmp: boolean;
  readonly subnets: readonly Subnet[];
  readonly groups: readonly MulticastGroup[];
}

const NOBODY: ReadonlySet<string> = new Set();

/**
 * A transit gateway as the multicast router of some subnets, of one VPC or of many. Outside of such, nothing is for many.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-multicast-overview.html
 */
export class MulticastDomain implements Component {
  readonly kind = "transit-gateway-multicast-domain";
  readonly id: string;
  #staticSources = false;
  #groups: ReadonlyMap<Ip, MulticastGroup> = new Map();
  #subnets: readonly Subnet[] = [];
  /** Undefined without IGMP. */
  #hosts: IgmpHosts | undefined;
  readonly #ports: ReadonlyMap<string, Port>;

  constructor(id: string, ports: ReadonlyMap<string, Port>) {
    this.id = id;
    this.#ports = ports;
  }

  put({ staticSources, igmp, subnets, groups }: MulticastSettings): void {
    for (const subnet of this.#subnets) if (subnet.multicast === this) subnet.multicast = undefined;
    for (const subnet of subnets) subnet.multicast = this;
    this.#staticSources = staticSources;
    this.#subnets = subnets;
    this.#groups = new Map(groups.map((group) => [group.address, group]));
    this.#hosts = igmp ? (this.#hosts ?? new IgmpHosts()) : undefined;
  }

  /** Whether a packet for many is one for a group of the domain, or about one. */
  takes({ destination, protocol }: Packet): boolean {
    return (
      this.#groups.has(destination) ||
      (this.#hosts !== undefined && (protocol === IGMP || this.#joinedTo(destination).size > 0))
    );
  }

  /**
   * Whether an interface gets what is sent to a group, though its destination is checked: that of an instance that is not
   * on the Nitro System does not.
   */
  isMember(address: Ip, { id, nitro }: Port): boolean {
    if (!nitro) return false;
    if (this.#groups.get(address)?.members.has(id)) return true;
    return this.#hosts !== undefined && (address === ALL_HOSTS || this.#joinedTo(address).has(id));
  }

  /** The members that have joined groups by themselves. */
  *joined(): Iterable<{ readonly group: Ip; readonly port: Port }> {
    for (const [group, members] of this.#hosts?.members ?? []) {
      for (const id of members) {
        const port = this.#portOf(id);
        if (port) yield { group, port };
      }
    }
  }

  /**
   * Asks all hosts which groups they are in, as often as that is due: those whose filters let the queries in and the
   * answers out stay. Nothing else must have changed since it was due.
   */
  query(fabric: Fabric, now: number): void {
    this.#hosts?.query(now, (id, at) => {
      const port = this.#portOf(id);
      const source = port?.addresses.find(isIpv4);
      if (!port || source === undefined) return false;
      if (fabric.notify(port, query, at).end.outcome !== "delivered") return true;
      for (const group of port.joined ?? []) fabric.send(port, report(source, group), at);
      return true;
    });
  }

  #joinedTo(address: Ip): ReadonlySet<string> {
    return (isIpv4(address) ? this.#hosts?.members.get(address) : undefined) ?? NOBODY;
  }

  #portOf(id: string): Port | undefined {
    const port = this.#ports.get(id);
    return port?.subnet.multicast === this ? port : undefined;
  }

  /**
   * To each member but the sender. The gateway is outside of the subnets: their ACLs count even between neighbours. No
   * rule can name the sender by its groups.
   */
  carry(walk: Walk, packet: Packet, sender: Port): End {
    const group = this.#groups.get(packet.destination);
    if (this.#staticSources && !group?.sources.has(sender.id)) {
      return walk.drop("NO_MULTICAST_SOURCE", this, packet, sender, "egress");
    }
    const denied = walk.guard(sender, packet, true);
    if (denied) return denied;
    if (this.#hosts && packet.protocol === IGMP) {
      walk.pass(this, packet, sender, "egress");
      this.#hosts.hear(sender.id, packet, walk.now);
      return { outcome: "served", service: "igmp", packet };
    }
    if (!sender.nitro) return walk.drop("MULTICAST_NEEDS_NITRO", this, packet, sender, "egress");
    // "Fragmented multicast packets are dropped."
    if (packet.length > TRANSIT_MTU) {
      return walk.drop("FRAGMENTATION_NEEDED", this, packet, sender, "egress");
    }
    walk.pass(this, packet, sender, "egress");
    const ends: End[] = [];
    const registered = group?.members ?? NOBODY;
    const give = (id: string): void => {
      const member = this.#portOf(id);
      if (member && member !== sender) ends.push(walk.receive(member, packet, undefined, true));
    };
    for (const id of registered) give(id);
    for (const id of this.#joinedTo(packet.destination)) if (!registered.has(id)) give(id);
    if (ends.length === 0) return walk.drop("NO_POSSIBLE_DESTINATION", this, packet, sender, "egress");
    return { outcome: "multicast", packet, ends };
  }
}
