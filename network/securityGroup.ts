import { isIpv4, type Block, type Ip } from "./ip.ts";
import type { Component } from "./journey.ts";
import { TCP, UDP, type Packet } from "./packet.ts";
import type { PrefixLists } from "./prefixList.ts";
import { PrefixTable } from "./prefixTable.ts";
import { coversAll, TrafficIndex, type Traffic } from "./traffic.ts";

/** Who is at the other end: the source of an inbound rule, the destination of an outbound one. */
export type RulePeer =
  | { readonly kind: "block"; readonly block: Block }
  | { readonly kind: "prefix-list"; readonly id: string }
  /** The interfaces that carry the group, by their private addresses. */
  | { readonly kind: "group"; readonly id: string };

/** One thing that a security group allows. */
export interface SecurityGroupRule extends Traffic {
  readonly id: string;
  readonly egress: boolean;
  readonly peer: RulePeer;
}

/** An interface at the other end of a packet, as far as rules that name groups are about it. */
export interface GroupCarrier {
  /** Whether flows with it are tracked whatever the rules say. */
  readonly tracksFlows?: boolean;
  readonly groups: readonly SecurityGroup[];
}

/** Whether a rule is for everybody: `0.0.0.0/0` or `::/0`. */
export const isAnywhere = ({ peer }: SecurityGroupRule): boolean =>
  peer.kind === "block" && peer.block.length === 0;

/** The peers of the rules that are about one kind of packet. */
class Peers {
  #anywhere4: SecurityGroupRule | undefined;
  #anywhere6: SecurityGroupRule | undefined;
  readonly #blocks = new PrefixTable<SecurityGroupRule>();
  readonly #groups = new Map<string, SecurityGroupRule>();

  constructor(rules: readonly SecurityGroupRule[], lists: PrefixLists) {
    for (const rule of rules) {
      const { peer } = rule;
      if (peer.kind === "group") {
        if (!this.#groups.has(peer.id)) this.#groups.set(peer.id, rule);
        continue;
      }
      if (isAnywhere(rule) && peer.kind === "block") {
        if (isIpv4(peer.block.base)) this.#anywhere4 ??= rule;
        else this.#anywhere6 ??= rule;
        continue;
      }
      for (const block of peer.kind === "block" ? [peer.block] : lists.blocksOf(peer.id)) {
        if (!this.#blocks.get(block)) this.#blocks.set(block, rule);
      }
    }
  }

  find(address: Ip, carrier: GroupCarrier | undefined): SecurityGroupRule | undefined {
    const anywhere = typeof address === "number" ? this.#anywhere4 : this.#anywhere6;
    if (anywhere) return anywhere;
    const byBlock = this.#blocks.find(address);
    if (byBlock || !carrier || this.#groups.size === 0) return byBlock;
    for (const { id } of carrier.groups) {
      const byGroup = this.#groups.get(id);
      if (byGroup) return byGroup;
    }
    return undefined;
  }
}

interface Compiled {
  readonly listsVersion: number;
  readonly ingress: TrafficIndex<SecurityGroupRule, Peers>;
  readonly egress: TrafficIndex<SecurityGroupRule, Peers>;
}

/** A set of rules that interfaces share. Changing it costs the same however many interfaces carry it. */
export class SecurityGroup implements Component {
  readonly kind = "security-group";
  readonly id: string;
  /** Grows with each change. */
  version = 0;
  readonly #lists: PrefixLists;
  #rules: readonly SecurityGroupRule[] = [];
  #compiled: Compiled | undefined;
  /** A bit for each direction, protocol (TCP, UDP) and version of which everything is allowed to everybody. */
  #open = 0;

  constructor(id: string, lists: PrefixLists) {
    this.id = id;
    this.#lists = lists;
  }

  /** Which of several rules is named as the one that decided depends on their ids, not on the order given here. */
  put(rules: readonly SecurityGroupRule[]): void {
    this.#rules = rules.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    this.#compiled = undefined;
    this.version++;
    this.#open = 0;
    for (const rule of rules) {
      if (!isAnywhere(rule) || rule.peer.kind !== "block") continue;
      for (const protocol of [TCP, UDP]) {
        if (coversAll(rule, protocol)) {
          this.#open |= openBit(rule.egress, protocol, isIpv4(rule.peer.block.base));
        }
      }
    }
  }

  get rules(): readonly SecurityGroupRule[] {
    return this.#rules;
  }

  /** The peers of a rule, but for those that it names by their group. */
  blocksOf({ peer }: SecurityGroupRule): readonly Block[] {
    if (peer.kind === "group") return [];
    return peer.kind === "block" ? [peer.block] : this.#lists.blocksOf(peer.id);
  }

  /** A rule that allows a packet between an interface that carries the group and `address`. */
  find(
    packet: Packet,
    egress: boolean,
    address: Ip,
    carrier: GroupCarrier | undefined,
  ): SecurityGroupRule | undefined {
    const compiled = this.#compile();
    return (egress ? compiled.egress : compiled.ingress).find(packet).find(address, carrier);
  }

  /** Whether the group allows everybody everything of TCP or UDP in one direction. */
  isOpen(egress: boolean, protocol: number, ipv4: boolean): boolean {
    return (protocol === TCP || protocol === UDP) && (this.#open & openBit(egress, protocol, ipv4)) !== 0;
  }

  hasRules(egress: boolean): boolean {
    return this.#rules.some((rule) => rule.egress === egress);
  }

  #compile(): Compiled {
    const { version } = this.#lists;
    if (this.#compiled?.listsVersion === version) return this.#compiled;
    const index = (egress: boolean): TrafficIndex<SecurityGroupRule, Peers> =>
      new TrafficIndex(
        this.#rules.filter((rule) => rule.egress === egress),
        (rules) => new Peers(rules, this.#lists),
      );
    this.#compiled = { listsVersion: version, ingress: index(false), egress: index(true) };
    return this.#compiled;
  }
}

const openBit = (egress: boolean, protocol: number, ipv4: boolean): number =>
  1 << ((egress ? 4 : 0) | (protocol === UDP ? 2 : 0) | (ipv4 ? 1 : 0));
