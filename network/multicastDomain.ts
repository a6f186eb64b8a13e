import type { Ip } from "./ip.ts";
import type { Component, End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import type { Subnet } from "./subnet.ts";
import type { Walk } from "./walk.ts";

/** Who sends to a group address, and who gets what is sent: ids of interfaces. */
export interface MulticastGroup {
  readonly address: Ip;
  readonly members: ReadonlySet<string>;
  readonly sources: ReadonlySet<string>;
}

/**
 * A transit gateway as the multicast router of some subnets, of one VPC or of many. Outside of such, nothing is for many.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-multicast-overview.html
 */
export class MulticastDomain implements Component {
  readonly kind = "transit-gateway-multicast-domain";
  readonly id: string;
  /** Whether only the sources of a group may send to it: else everybody in the subnets may. */
  #staticSources = false;
  #groups: ReadonlyMap<Ip, MulticastGroup> = new Map();
  #subnets: readonly Subnet[] = [];
  readonly #ports: ReadonlyMap<string, Port>;

  constructor(id: string, ports: ReadonlyMap<string, Port>) {
    this.id = id;
    this.#ports = ports;
  }

  put(staticSources: boolean, subnets: readonly Subnet[], groups: readonly MulticastGroup[]): void {
    for (const subnet of this.#subnets) if (subnet.multicast === this) subnet.multicast = undefined;
    for (const subnet of subnets) subnet.multicast = this;
    this.#staticSources = staticSources;
    this.#subnets = subnets;
    this.#groups = new Map(groups.map((group) => [group.address, group]));
  }

  has(address: Ip): boolean {
    return this.#groups.has(address);
  }

  /** Whether an interface gets what is sent to a group. */
  isMember(address: Ip, { id }: Port): boolean {
    return this.#groups.get(address)?.members.has(id) ?? false;
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
    walk.pass(this, packet, sender, "egress");
    const ends: End[] = [];
    for (const id of group?.members ?? []) {
      const member = this.#ports.get(id);
      if (!member || member === sender || member.subnet.multicast !== this) continue;
      ends.push(walk.receive(member, packet, undefined, true));
    }
    if (ends.length === 0) return walk.drop("NO_POSSIBLE_DESTINATION", this, packet, sender, "egress");
    return { outcome: "multicast", packet, ends };
  }
}
