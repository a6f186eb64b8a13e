import { isIpv4, plus, within, type Block, type Ip } from "./ip.ts";
import type { InternetGateway } from "./internetGateway.ts";
import type { Component } from "./journey.ts";
import type { Port } from "./port.ts";
import { PrefixTable } from "./prefixTable.ts";
import type { RouteTable } from "./routeTable.ts";

/** A network of its own, with its own addresses: who has which of them, and the doors it has. */
export class Vpc implements Component {
  readonly kind = "vpc";
  readonly id: string;
  /** The first IPv4 block is the primary one. */
  blocks: readonly Block[] = [];
  /** Whether Amazon's DNS server answers in it. */
  dns = true;
  /** Grows with each change of the blocks, of which the local routes follow. */
  version = 0;
  /** Of subnets that have none of their own. */
  mainTable: RouteTable | undefined;
  gateway: InternetGateway | undefined;
  /** The interfaces by their private addresses. */
  readonly ports = new Map<Ip, Port>();
  readonly delegated = new PrefixTable<Port>();
  /** Public address by private one. */
  readonly publicOf = new Map<Ip, Ip>();
  /** Amazon's DNS server: the primary block's base plus two. */
  dnsAddress: Ip | undefined;

  constructor(id: string) {
    this.id = id;
  }

  put(blocks: readonly Block[], dns: boolean): void {
    this.blocks = blocks;
    this.dns = dns;
    this.version++;
    const primary = blocks.find(({ base }) => isIpv4(base));
    this.dnsAddress = primary && plus(primary.base, 2);
  }

  /** The interface that has an address, by itself or in a delegated prefix. */
  portOf(address: Ip): Port | undefined {
    return this.ports.get(address) ?? this.delegated.find(address);
  }

  hasAddress(address: Ip): boolean {
    return this.blocks.some((block) => within(block, address));
  }
}
