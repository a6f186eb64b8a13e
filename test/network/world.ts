/** Networks for tests, said in text. */
import { defaultTracking, type TrackingLimits } from "../../network/connectionTracking.ts";
import { Fabric } from "../../network/fabric.ts";
import { block, ip, type Ip } from "../../network/ip.ts";
import type { End, Journey } from "../../network/journey.ts";
import type { AclEntry } from "../../network/networkAcl.ts";
import { ACK, packet, type Packet } from "../../network/packet.ts";
import type { Port } from "../../network/port.ts";
import type { Route } from "../../network/routeTable.ts";
import type { RulePeer, SecurityGroupRule } from "../../network/securityGroup.ts";
import type { Frame } from "../../network/walk.ts";

export const tcp = 6;
export const udp = 17;
export const icmp = 1;
export const all = -1;

const peerOf = (text: string): RulePeer => {
  if (text.startsWith("sg-")) return { kind: "group", id: text };
  return text.startsWith("pl-") ? { kind: "prefix-list", id: text } : { kind: "block", block: block(text) };
};

let rules = 0;
type RuleText = readonly [protocol: number, from: number, to: number, peer: string];

const rule =
  (egress: boolean) =>
  (...[protocol, from, to, peer]: RuleText): SecurityGroupRule => ({
    id: `sgr-${String(++rules).padStart(6, "0")}`,
    egress,
    protocol,
    from,
    to,
    peer: peerOf(peer),
  });

/** An inbound and an outbound rule: protocol, ports or type and code, and a block, a group or a prefix list. */
export const inbound = rule(false);
export const outbound = rule(true);

/** What a new group has, and rules for everybody in both directions. */
export const anyOut = outbound(all, -1, -1, "0.0.0.0/0");
export const anyIn = inbound(all, -1, -1, "0.0.0.0/0");

type EntryText = readonly [
  number: number,
  allow: boolean,
  protocol: number,
  from: number,
  to: number,
  cidr: string,
];

const entry =
  (egress: boolean) =>
  (...[number, allow, protocol, from, to, cidr]: EntryText): AclEntry => ({
    egress,
    number,
    allow,
    protocol,
    from,
    to,
    block: block(cidr),
  });

export const entering = entry(false);
export const leaving = entry(true);
export const openAcl = [
  entering(100, true, all, -1, -1, "0.0.0.0/0"),
  leaving(100, true, all, -1, -1, "0.0.0.0/0"),
];

export const route = (destination: string, target: string, more: Partial<Route> = {}): Route => ({
  destination: destination.startsWith("pl-") ? { prefixList: destination } : block(destination),
  target,
  origin: "static",
  ...more,
});

interface PortText {
  readonly addresses: readonly string[];
  readonly subnet?: string;
  readonly groups?: readonly string[];
  readonly check?: boolean;
  readonly live?: boolean;
  readonly prefixes?: readonly string[];
  readonly tracking?: Partial<TrackingLimits>;
  readonly nitro?: boolean;
}

let macs = 0;

/**
 * A VPC 10.0.0.0/16 with the subnets `a` (10.0.1.0/24) and `b` (10.0.2.0/24), an ACL and a group `sg-open` that let
 * everything pass, a main table and an internet gateway that it does not lead to.
 */
export class World {
  readonly fabric = new Fabric();
  /** Milliseconds. */
  now = 1_000_000;

  constructor(vpcs: readonly string[] = ["vpc"]) {
    for (const vpc of vpcs) this.vpc(vpc, vpc === "vpc" ? "" : `${vpc}-`);
  }

  vpc(id: string, prefix: string, blocks: readonly string[] = ["10.0.0.0/16"]): void {
    const { fabric } = this;
    fabric.putVpc({ id, blocks: blocks.map(block) });
    fabric.putNetworkAcl(`${prefix}acl`, openAcl);
    fabric.putSecurityGroup("sg-open", [anyIn, anyOut]);
    fabric.putInternetGateway({ id: `${prefix}igw`, vpc: id, table: undefined });
    this.table(`${prefix}rtb`, [], id, true);
    this.subnet(`${prefix}a`, "10.0.1.0/24", { vpc: id, acl: `${prefix}acl` });
    this.subnet(`${prefix}b`, "10.0.2.0/24", { vpc: id, acl: `${prefix}acl` });
  }

  table(id: string, routes: readonly Route[], vpc = "vpc", main = id === "rtb"): void {
    this.fabric.putRouteTable({ id, vpc, main, routes });
  }

  subnet(
    id: string,
    cidr: string,
    { vpc = "vpc", acl = "acl", table }: Partial<Record<"vpc" | "acl" | "table", string>> = {},
  ): void {
    this.fabric.putSubnet({ id, vpc, zone: "z", blocks: cidr.split(" ").map(block), acl, table });
  }

  /** An interface of a running instance of the same name; with the group `sg-open` unless others are named. */
  port(
    id: string,
    {
      addresses,
      subnet = "a",
      groups = ["sg-open"],
      check = true,
      live = true,
      prefixes = [],
      tracking,
      nitro = false,
    }: PortText,
  ): Port {
    this.fabric.putPort({
      id,
      mac: this.fabric.ports.get(id)?.mac ?? `0a:00:00:00:00:${(++macs % 256).toString(16).padStart(2, "0")}`,
      subnet,
      addresses: addresses.map(ip),
      prefixes: prefixes.map(block),
      groups,
      sourceDestCheck: check,
      owner: `i-${id}`,
      live,
      nitro,
      tracking: { ...defaultTracking, ...tracking },
    });
    const port = this.fabric.ports.get(id);
    if (!port) throw new Error("no port");
    return port;
  }

  /** An interface that is no instance's; it filters if it has groups. */
  managed(id: string, subnet: string, address: string, groups: readonly string[] = []): void {
    this.fabric.putPort({
      id,
      mac: `0a:${id}`,
      subnet,
      addresses: [ip(address)],
      groups,
      sourceDestCheck: groups.length > 0,
      owner: undefined,
      live: true,
      filtered: groups.length > 0,
    });
  }

  publish(address: string, port: Port, inside?: string): void {
    const to = inside === undefined ? port.addresses[0] : ip(inside);
    this.fabric.putPublicAddress({ address: ip(address), to: { port: port.id, inside: to ?? 0 } });
  }

  send(port: Port, sent: Packet, frame?: Frame): End {
    return this.fabric.send(port, sent, this.now, frame);
  }

  trace(port: Port | undefined, sent: Packet, frame?: Frame): Journey {
    return this.fabric.trace(port, sent, this.now, frame);
  }
}

/** A packet between two addresses, TCP to port 443 unless said otherwise. */
export const from = (source: string, destination: string, more: Partial<Packet> = {}): Packet =>
  packet({
    source: ip(source),
    destination: ip(destination),
    sourcePort: more.protocol === icmp ? 0 : 40_000,
    destinationPort: more.protocol === icmp ? 0 : 443,
    ...more,
  });

/** What the other side sends back, by the same ports. */
export const back = (
  { source, destination, sourcePort, destinationPort, ...sent }: Packet,
  more: Partial<Packet> = {},
): Packet =>
  packet({
    ...sent,
    source: destination,
    destination: source,
    sourcePort: destinationPort,
    destinationPort: sourcePort,
    flags: sent.flags | ACK,
    ...more,
  });

/** In one word: who got it, or why nobody did. */
export function ended(end: End): string {
  if (end.outcome === "delivered") return end.port.id;
  if (end.outcome === "dropped") return end.reason;
  if (end.outcome === "client") return end.client.id;
  return end.outcome === "served" ? end.service : "outside";
}

/** The kinds of what a packet passed, in order. */
export const passed = ({ steps }: Journey): string[] => steps.map(({ component }) => component.kind);

export const address = (text: string): Ip => ip(text);
