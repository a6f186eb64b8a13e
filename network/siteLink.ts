import type { CustomerSite } from "./customerSite.ts";
import type { Block, Ip } from "./ip.ts";
import type { Component, End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { Walk } from "./walk.ts";

/** AWS's end of links to sites: a virtual private gateway, or a transit gateway by its attachment. */
export interface LinkEnd {
  /**
   * The prefix length of the block around an address that it leads to, for whom comes by a link.
   *
   * @param allowed what a Direct Connect gateway between them may tell; everything, without any
   */
  reach(address: Ip, from: SiteLink, allowed?: readonly Block[]): number | undefined;
  /** Takes a packet that came from a site. */
  enter(walk: Walk, packet: Packet): End;
}

/** One way between AWS and a customer's site: a VPN connection, a virtual interface of Direct Connect, or an appliance. */
export interface SiteLink extends Component {
  readonly kind: "connect-peer" | "vpn-connection" | "virtual-interface";
  /** Of links that are as good to a site, the one with the lowest is chosen. */
  readonly order: number;
  /** Whether packets pass. */
  readonly up: boolean;
  /**
   * From AWS to the customer.
   *
   * @param router who tells the source of a packet that it is too long
   * @param down the reason why it is dropped where the link is down
   */
  carry(walk: Walk, packet: Packet, router: Ip, down: "BAD_STATE_VPN" | "TGW_BAD_STATE_VPN"): End;
  /** The prefix length of the block around an address beyond it, as a site knows it. */
  reach(site: CustomerSite, address: Ip): number | undefined;
  /** From the customer to AWS. */
  enter(walk: Walk, packet: Packet, site: CustomerSite): End;
}
