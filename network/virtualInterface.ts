import type { CustomerSite } from "./customerSite.ts";
import { isIpv4, type Block, type Ip } from "./ip.ts";
import type { End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { LinkEnd, SiteLink } from "./siteLink.ts";
import type { Walk } from "./walk.ts";

/** Bytes: virtual interfaces have jumbo frames only if somebody turns them on. */
export const VIRTUAL_INTERFACE_MTU = 1500;

/** What can change about a line. */
export interface VirtualInterfaceSettings {
  /** Bytes. */
  readonly mtu?: number | undefined;
  /** What its Direct Connect gateway may tell the site; all that AWS's end knows, without any. */
  readonly allowed?: readonly Block[] | undefined;
}

/**
 * A customer's dedicated line to a gateway: a private virtual interface at a virtual private gateway, or a transit
 * virtual interface at a transit gateway. Sites prefer it to the VPN, as AWS does.
 *
 * @see https://docs.aws.amazon.com/directconnect/latest/UserGuide/WorkingWithVirtualInterfaces.html
 */
export class VirtualInterface implements SiteLink {
  readonly kind = "virtual-interface";
  readonly id: string;
  readonly order = -1;
  readonly up = true;
  readonly #site: CustomerSite;
  readonly #end: () => LinkEnd | undefined;
  #mtu = VIRTUAL_INTERFACE_MTU;
  #allowed: readonly Block[] | undefined;

  /** @param end where it ends at AWS, which may come and go */
  constructor(id: string, site: CustomerSite, end: () => LinkEnd | undefined) {
    this.id = id;
    this.#site = site;
    this.#end = end;
    site.links.add(this);
  }

  put({ mtu = VIRTUAL_INTERFACE_MTU, allowed }: VirtualInterfaceSettings): void {
    this.#mtu = mtu;
    this.#allowed = allowed;
  }

  /** Takes the line away from its site. */
  release(): void {
    this.#site.links.delete(this);
  }

  endsAt(end: unknown): boolean {
    return this.#end() === end;
  }

  carry(walk: Walk, packet: Packet, router: Ip): End {
    const refused = walk.tooLong(this, packet, router, this.#mtu);
    if (refused) return refused;
    walk.pass(this, packet, undefined, "egress");
    return this.#site.receive(walk, packet);
  }

  reach(_site: CustomerSite, address: Ip): number | undefined {
    return this.#end()?.reach(address, this, this.#allowed);
  }

  enter(walk: Walk, packet: Packet): End {
    const end = this.#end();
    if (!end) return walk.drop("NO_ROUTE_TO_DESTINATION", this, packet, undefined, "ingress");
    const router = isIpv4(packet.source) ? packet.source : packet.destination;
    const refused = walk.tooLong(this, packet, router, this.#mtu);
    if (refused) return refused;
    walk.pass(this, packet, undefined, "ingress");
    return end.enter(walk, packet);
  }
}
