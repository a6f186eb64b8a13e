import { within, type Block, type Ip } from "./ip.ts";
import type { Component, End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { SiteLink } from "./siteLink.ts";
import type { Walk } from "./walk.ts";

/**
 * A customer's own network: what lies behind the device at the other end of VPN tunnels and dedicated lines. It sends
 * each packet over the link beyond which the destination is known best, and passes nothing on from one link to another.
 */
export class CustomerSite implements Component {
  readonly kind = "customer-site";
  /** Its name, of which a region has each once. */
  readonly id: string;
  /** Those that end here. */
  readonly links = new Set<SiteLink>();
  #blocks: readonly Block[] = [];
  #hosts: readonly Ip[] | undefined;

  constructor(id: string) {
    this.id = id;
  }

  /** @param hosts who answers there; without it, everybody does */
  put(blocks: readonly Block[], hosts: readonly Ip[] | undefined): void {
    this.#blocks = blocks;
    this.#hosts = hosts;
  }

  /** The hosts that have been named. */
  get hosts(): readonly Ip[] {
    return this.#hosts ?? [];
  }

  has(address: Ip): boolean {
    return this.#blocks.some((block) => within(block, address));
  }

  /** Whether somebody is there who answers. */
  answers(address: Ip): boolean {
    return this.has(address) && (this.#hosts === undefined || this.#hosts.includes(address));
  }

  /** Out of a link. */
  receive(walk: Walk, packet: Packet): End {
    if (!this.has(packet.destination)) {
      return walk.drop("NO_POSSIBLE_DESTINATION", this, packet, undefined, "ingress");
    }
    walk.pass(this, packet, undefined, "ingress");
    return { outcome: "site", site: this, packet };
  }

  /** Into the link that leads closest to the destination; of equal ones, a dedicated line, or the oldest connection. */
  send(walk: Walk, packet: Packet): End {
    let best: SiteLink | undefined;
    let longest = -1;
    for (const link of this.links) {
      const length = link.reach(this, packet.destination) ?? -1;
      if (length < longest || length < 0) continue;
      if (best && length === longest && best.order <= link.order) continue;
      best = link;
      longest = length;
    }
    if (!best) return walk.drop("NO_ROUTE_TO_DESTINATION", this, packet, undefined, "egress");
    walk.pass(this, packet, undefined, "egress");
    return best.enter(walk, packet, this);
  }
}
