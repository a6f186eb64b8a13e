import { ConnectionTracking, defaultTracking, type TrackingLimits } from "./connectionTracking.ts";
import { within, type Block, type Ip } from "./ip.ts";
import type { End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { Reason } from "./reason.ts";
import type { RouteTarget } from "./routeTarget.ts";
import {
  isAnywhere,
  type GroupCarrier,
  type SecurityGroup,
  type SecurityGroupRule,
} from "./securityGroup.ts";
import { selectorOf } from "./traffic.ts";
import type { Subnet } from "./subnet.ts";
import type { Vpc } from "./vpc.ts";
import type { Walk } from "./walk.ts";

/** What can change about an interface. */
export interface PortSettings {
  /** Private IPv4 and IPv6 addresses; of each version, the first is the primary one. */
  readonly addresses: readonly Ip[];
  /** Delegated blocks, which count as its own addresses. */
  readonly prefixes: readonly Block[];
  readonly groups: readonly SecurityGroup[];
  readonly sourceDestCheck: boolean;
  /** The instance that it is plugged into. */
  readonly owner: string | undefined;
  /** Whether that runs: else the interface neither takes nor gives packets. */
  readonly live: boolean;
  /** Whether security groups filter what passes: gateways and load balancers have none. */
  readonly filtered?: boolean;
  /** Whether the instance is on the Nitro System, which logs flows more closely. */
  readonly nitro?: boolean;
  readonly tracking: TrackingLimits;
}

/** What takes the packets of an interface that is no instance's: a gateway, an endpoint, a load balancer. */
export interface Behind {
  /** Why nobody sends from the interface in the place of what is behind it. */
  readonly unasked?: Reason;
  /** As of a route's target: whether security groups of others remember all flows with it. */
  readonly tracksFlows?: boolean;
  /** @param sender the interface that sent the packet last; undefined for one from outside */
  take(walk: Walk, packet: Packet, port: Port, sender: Port | undefined): End;
}

/** What the security groups of an interface say to a packet. */
export type Verdict =
  | { readonly rule: SecurityGroupRule; readonly group: SecurityGroup; readonly tracked: boolean }
  | Reason;

/** Link-local services take this many packets a second from an interface. */
const LINK_LOCAL_RATE = 1024;

/** More kinds of packets than guests usually exchange; a scan of all ports must not fill the memory. */
const MOST_SAID = 256;

/** All that matters for a rule that is for everybody: direction, IP version, protocol, and port or type and code. */
const kindOf = (packet: Packet, egress: boolean): number =>
  (egress ? 1 << 25 : 0) |
  (typeof packet.source === "number" ? 1 << 24 : 0) |
  (packet.protocol << 16) |
  selectorOf(packet);

/** One network interface: where packets enter and leave the network. */
export class Port implements RouteTarget, GroupCarrier {
  readonly kind = "network-interface";
  readonly id: string;
  /** As EC2 writes it: `0a:12:…`. */
  readonly mac: string;
  readonly subnet: Subnet;
  readonly tracking = new ConnectionTracking();
  addresses: readonly Ip[] = [];
  prefixes: readonly Block[] = [];
  groups: readonly SecurityGroup[] = [];
  sourceDestCheck = true;
  owner: string | undefined;
  live = false;
  filtered = true;
  nitro = false;
  /** What takes packets in the place of a guest. */
  behind: Behind | undefined;
  /** The multicast groups that its guest says it is in. */
  joined: Set<number> | undefined;
  /** Whether it is a transit gateway's, by which packets of other networks come in. */
  transit = false;
  /** The regional NAT gateway that it is the door of in a zone: it is nobody's interface, and in nobody's subnet. */
  doorOf: string | undefined;
  /** What was said to packets that anybody may send, and that are not tracked: by direction and kind of packet. */
  readonly #said = new Map<number, Verdict>();
  #saidAt = 0;
  #second = 0;
  #inSecond = 0;

  constructor(id: string, mac: string, subnet: Subnet) {
    this.id = id;
    this.mac = mac;
    this.subnet = subnet;
  }

  put(settings: PortSettings): void {
    this.#said.clear();
    if (!settings.live || settings.owner !== this.owner) {
      this.tracking.clear();
      this.joined = undefined;
    }
    this.addresses = settings.addresses;
    this.prefixes = settings.prefixes;
    this.groups = settings.groups;
    this.sourceDestCheck = settings.sourceDestCheck;
    this.owner = settings.owner;
    this.live = settings.live;
    this.filtered = settings.filtered ?? true;
    this.nitro = settings.nitro ?? false;
    this.tracking.limits = settings.tracking ?? defaultTracking;
  }

  get tracksFlows(): boolean {
    return this.behind?.tracksFlows === true;
  }

  owns(address: Ip): boolean {
    for (const own of this.addresses) if (own === address) return true;
    for (const prefix of this.prefixes) if (within(prefix, address)) return true;
    return false;
  }

  /** Counts a packet to a link-local service. @param now milliseconds @returns false for one too many */
  mayAskService(now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) this.#inSecond = 0;
    this.#second = second;
    return ++this.#inSecond <= LINK_LOCAL_RATE;
  }

  serves(vpc: Vpc): boolean {
    return this.live && vpc === this.subnet.vpc;
  }

  forward(walk: Walk, packet: Packet, sender: Port | undefined): End {
    return walk.receive(this, packet, sender, sender?.subnet !== this.subnet);
  }

  /**
   * What the union of the groups' rules says to a packet that belongs to no tracked flow; its own may be tracked
   * from now on.
   *
   * @param carrier the interface at the other end, if rules that name groups are about it
   * @param now milliseconds
   * @param automatic whether the flow is tracked though its rules do not ask for it
   */
  filter(
    packet: Packet,
    egress: boolean,
    carrier: GroupCarrier | undefined,
    now: number,
    automatic = false,
  ): Verdict {
    const kind = kindOf(packet, egress);
    const said = automatic ? undefined : this.#recall().get(kind);
    if (said !== undefined) return said;
    const address = egress ? packet.destination : packet.source;
    let rule: SecurityGroupRule | undefined;
    let group: SecurityGroup | undefined;
    let untracked = false;
    for (const each of this.groups) {
      const found = each.find(packet, egress, address, carrier);
      if (!found) continue;
      const open = isAnywhere(found);
      // Of several, the one named must not depend on the order in which the interface carries its groups.
      if (rule && (open === untracked ? found.id > rule.id : untracked)) continue;
      rule = found;
      group = each;
      untracked = open;
    }
    if (!rule || !group) return this.#hasRules(egress) ? "ENI_SG_RULES_MISMATCH" : "SG_HAS_NO_RULES";
    const verdict = { rule, group, tracked: automatic || !(untracked && this.#isOpen(!egress, packet)) };
    if (!verdict.tracked) this.#said.set(kind, verdict);
    else if (!this.tracking.begin(packet, egress, now)) return "CONNECTIONS_EXHAUSTED";
    return verdict;
  }

  /** What was said since the groups have last changed. */
  #recall(): ReadonlyMap<number, Verdict> {
    let version = 0;
    for (const group of this.groups) version += group.version;
    if (version !== this.#saidAt || this.#said.size > MOST_SAID) {
      this.#said.clear();
      this.#saidAt = version;
    }
    return this.#said;
  }

  #hasRules(egress: boolean): boolean {
    return this.groups.some((group) => group.hasRules(egress));
  }

  /** Whether everything of the packet's protocol may pass in one direction, so that nothing needs to be remembered. */
  #isOpen(egress: boolean, { protocol, source }: Packet): boolean {
    for (const group of this.groups)
      if (group.isOpen(egress, protocol, typeof source === "number")) return true;
    return false;
  }
}
