import type { CustomerSite } from "./customerSite.ts";
import { flowHash } from "./flowHash.ts";
import { isIpv4, within, type Block, type Ip } from "./ip.ts";
import type { End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { LinkEnd, SiteLink } from "./siteLink.ts";
import type { Walk } from "./walk.ts";

/** Bytes. @see https://docs.aws.amazon.com/vpn/latest/s2svpn/cgw-best-practice.html */
const VPN_MTU = 1446;

export interface Tunnel {
  /** AWS's own address of it. */
  readonly outside: Ip;
  /** Who is at the other end; nobody, if the tunnel is down. */
  readonly site: CustomerSite | undefined;
}

/** Who tells the source of a packet out of a tunnel that it is too long: an address of the packet's own version. */
const routerOf = ({ outside }: Tunnel, { destination }: Packet): Ip =>
  isIpv4(outside) === isIpv4(destination) ? outside : destination;

/** What can change about a connection. */
export interface VpnConnectionSettings {
  readonly tunnels: readonly Tunnel[];
  /** The addresses at the customer's side, and those at AWS's, that the tunnels carry packets between. */
  readonly local: Block;
  readonly remote: Block;
  /** Whether all tunnels that are up share the flows; else the first one has them all. */
  readonly shared: boolean;
}

/**
 * A customer's connection to a gateway, by encrypted tunnels: two, so that one may fail. Only those that are up carry
 * packets, and only ones that their traffic selectors name.
 *
 * @see https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html
 */
export class VpnConnection implements SiteLink {
  readonly kind = "vpn-connection";
  readonly id: string;
  /** The oldest has the lowest. */
  readonly order: number;
  readonly #endpoint: () => LinkEnd | undefined;
  #settings: VpnConnectionSettings | undefined;
  /** The tunnels that are up. */
  #up: readonly Tunnel[] = [];

  /** @param endpoint where the tunnels end at AWS, which may come and go */
  constructor(id: string, order: number, endpoint: () => LinkEnd | undefined) {
    this.id = id;
    this.order = order;
    this.#endpoint = endpoint;
  }

  put(settings: VpnConnectionSettings): void {
    this.release();
    this.#settings = settings;
    this.#up = settings.tunnels.filter(({ site }) => site !== undefined);
    for (const { site } of this.#up) site?.links.add(this);
  }

  /** Lets go of the sites at the other end. */
  release(): void {
    for (const { site } of this.#up) site?.links.delete(this);
    this.#settings = undefined;
    this.#up = [];
  }

  /** The addresses that it carries packets between; none before it is put. */
  get selectors(): Pick<VpnConnectionSettings, "local" | "remote"> | undefined {
    return this.#settings;
  }

  get up(): boolean {
    return this.#up.length > 0;
  }

  carry(walk: Walk, packet: Packet, router: Ip, down: "BAD_STATE_VPN" | "TGW_BAD_STATE_VPN"): End {
    const tunnel = this.#tunnelFor(packet);
    const { site } = tunnel ?? {};
    if (!tunnel || !site) return walk.drop(down, this, packet, undefined, "egress");
    const refused =
      this.#refuse(walk, packet, packet.destination, packet.source, "egress") ??
      walk.tooLong(this, packet, router, VPN_MTU);
    if (refused) return refused;
    if (walk.observe) {
      walk.pass(this, packet, undefined, "egress", { kind: "tunnel", outside: tunnel.outside });
    }
    return site.receive(walk, packet);
  }

  reach(site: CustomerSite, address: Ip): number | undefined {
    return this.#tunnelTo(site) && this.#endpoint()?.reach(address, this);
  }

  /** By the first of the site's tunnels. */
  enter(walk: Walk, packet: Packet, site: CustomerSite): End {
    const tunnel = this.#tunnelTo(site);
    const endpoint = this.#endpoint();
    if (!tunnel || !endpoint) return walk.drop("BAD_STATE_VPN", this, packet, undefined, "ingress");
    const refused =
      this.#refuse(walk, packet, packet.source, packet.destination, "ingress") ??
      walk.tooLong(this, packet, routerOf(tunnel, packet), VPN_MTU);
    if (refused) return refused;
    if (walk.observe) {
      walk.pass(this, packet, undefined, "ingress", { kind: "tunnel", outside: tunnel.outside });
    }
    return endpoint.enter(walk, packet);
  }

  #tunnelTo(site: CustomerSite): Tunnel | undefined {
    return this.#up.find((tunnel) => tunnel.site === site);
  }

  #tunnelFor(packet: Packet): Tunnel | undefined {
    const up = this.#up;
    // The lower bits have chosen between connections: by the same ones, some tunnels would never be.
    return this.#settings?.shared && up.length > 1 ? up[(flowHash(packet) >>> 12) % up.length] : up[0];
  }

  #refuse(
    walk: Walk,
    packet: Packet,
    customer: Ip,
    aws: Ip,
    direction: "egress" | "ingress",
  ): End | undefined {
    const { local, remote } = this.#settings ?? {};
    if (!local || !remote) return undefined;
    if (isIpv4(local.base) !== isIpv4(customer)) {
      return walk.drop("PROTOCOL_RESTRICTION", this, packet, undefined, direction);
    }
    if (within(local, customer) && within(remote, aws)) return undefined;
    return walk.drop("VPN_TRAFFIC_SELECTOR_MISMATCH", this, packet, undefined, direction);
  }
}
