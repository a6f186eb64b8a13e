import { block, within, type Block, type Ip } from "./ip.ts";
import type { Component } from "./journey.ts";
import type { Packet } from "./packet.ts";
import { TrafficIndex, type Traffic } from "./traffic.ts";

/** A rule of a network ACL: of those that match a packet, the one with the lowest number decides. */
export interface AclEntry extends Traffic {
  readonly egress: boolean;
  readonly number: number;
  readonly allow: boolean;
  /** The source of an inbound rule, the destination of an outbound one. */
  readonly block: Block;
}

/** What no other entry matches is denied. */
const implicit = (egress: boolean, text: string): AclEntry => ({
  egress,
  number: 32_767,
  allow: false,
  protocol: -1,
  from: -1,
  to: -1,
  block: block(text),
});

const LAST = {
  egress: { ipv4: implicit(true, "0.0.0.0/0"), ipv6: implicit(true, "::/0") },
  ingress: { ipv4: implicit(false, "0.0.0.0/0"), ipv6: implicit(false, "::/0") },
};

type Entries = TrafficIndex<AclEntry, readonly AclEntry[]>;

/** The numbered rules by which packets enter and leave a subnet; it remembers nothing of what passed before. */
export class NetworkAcl implements Component {
  readonly kind = "network-acl";
  readonly id: string;
  #entries: readonly AclEntry[] = [];
  #compiled: { readonly ingress: Entries; readonly egress: Entries } | undefined;

  constructor(id: string) {
    this.id = id;
  }

  put(entries: readonly AclEntry[]): void {
    this.#entries = entries.toSorted((a, b) => a.number - b.number);
    this.#compiled = undefined;
  }

  /** By number. */
  get entries(): readonly AclEntry[] {
    return this.#entries;
  }

  /** The entry that decides on a packet. @param address its other end, seen from the subnet */
  decide(packet: Packet, egress: boolean, address: Ip): AclEntry {
    this.#compiled ??= { ingress: this.#index(false), egress: this.#index(true) };
    const entries = (egress ? this.#compiled.egress : this.#compiled.ingress).find(packet);
    for (const entry of entries) if (within(entry.block, address)) return entry;
    const last = egress ? LAST.egress : LAST.ingress;
    return typeof address === "number" ? last.ipv4 : last.ipv6;
  }

  #index(egress: boolean): Entries {
    return new TrafficIndex(
      this.#entries.filter((entry) => entry.egress === egress),
      (entries) => entries,
    );
  }
}
