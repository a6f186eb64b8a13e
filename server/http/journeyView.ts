import type { Exchange } from "../../network/exchange.ts";
import { formatBlock, formatIp, type Block } from "../../network/ip.ts";
import type { Component, End, Ground, Journey, Step } from "../../network/journey.ts";
import { ICMP, ICMPV6, IGMP, TCP, UDP, type Packet } from "../../network/packet.ts";
import { Port } from "../../network/port.ts";
import { reasons } from "../../network/reason.ts";
import { remedy } from "../../network/remedy.ts";
import type { RulePeer } from "../../network/securityGroup.ts";
import { protocolName } from "../ec2/ipProtocol.ts";

/** A packet's way, as the operator's routes show it. */
export interface JourneyView {
  readonly Outcome: End["outcome"];
  /** Who got it: an interface and its instance, a service, an outside host. */
  readonly Receiver?:
    | {
        readonly Id: string;
        readonly InstanceId?: string | undefined;
        /** The customer's site that it is at. */
        readonly Site?: string;
      }
    | undefined;
  /** Of multicast: the members that got it. */
  readonly Receivers?: readonly NonNullable<JourneyView["Receiver"]>[];
  /** Why it was dropped, in Reachability Analyzer's words where it has any; and what would have to change. */
  readonly Reason?: string | undefined;
  readonly Explanation?: string | undefined;
  readonly Remedy?: string | undefined;
  readonly Sent: PacketView;
  readonly Steps: readonly StepView[];
}

export interface StepView {
  readonly Component: { readonly Type: Component["kind"]; readonly Id: string };
  readonly InterfaceId?: string | undefined;
  readonly SubnetId?: string | undefined;
  readonly Direction?: Step["direction"];
  readonly Verdict: "passed" | "dropped";
  readonly Reason?: string | undefined;
  readonly Ground?: GroundView | undefined;
  /** As it left the component. */
  readonly Packet: PacketView;
}

type GroundView =
  | {
      readonly Rule: {
        readonly Id: string;
        readonly GroupId: string;
        readonly Protocol: string;
        readonly From: number;
        readonly To: number;
        readonly Peer: string;
      };
      readonly Tracked: boolean;
    }
  | {
      readonly Entry: {
        readonly Number: number;
        readonly Action: "allow" | "deny";
        readonly Protocol: string;
        readonly From: number;
        readonly To: number;
        readonly Cidr: string;
      };
    }
  | {
      readonly Route: {
        readonly Destination: string;
        readonly Target: string;
        readonly PrefixListId?: string;
      };
    }
  | { readonly Policy: { readonly Number: number; readonly RouteTable: string } }
  /** Of a Client VPN endpoint; without a group, everybody. */
  | { readonly Authorization: { readonly Cidr: string; readonly Group?: string | undefined } }
  | { readonly Tunnel: string }
  | { readonly Translated: EndsView }
  | { readonly Tracked: true };

/** Who speaks to whom. */
interface EndsView {
  readonly Source: string;
  readonly Destination: string;
  /** Of TCP and UDP. */
  readonly SourcePort?: number;
  readonly DestinationPort?: number;
  /** Of ICMP queries: their identifier. */
  readonly Id?: number;
}

export interface PacketView extends EndsView {
  readonly Protocol: string;
  readonly Type?: number;
  readonly Code?: number;
  /** Of IGMP: what the message is about. */
  readonly Group?: string;
  readonly Flags?: readonly string[];
  readonly Length: number;
  readonly TimeToLive: number;
}

export interface ExchangeView {
  readonly Forward: JourneyView;
  readonly Back: JourneyView | undefined;
  readonly Learned: Exchange["learned"];
}

const FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [2, "SYN"],
  [16, "ACK"],
  [1, "FIN"],
  [4, "RST"],
];

function viewEnds({ source, destination, protocol, ...packet }: Packet): EndsView {
  const ports = { SourcePort: packet.sourcePort, DestinationPort: packet.destinationPort };
  return {
    Source: formatIp(source),
    Destination: formatIp(destination),
    ...((protocol === TCP || protocol === UDP) && ports),
    ...((protocol === ICMP || protocol === ICMPV6) && packet.id !== 0 && { Id: packet.id }),
  };
}

export function viewPacket(packet: Packet): PacketView {
  const Protocol = protocolName(packet.protocol);
  return {
    ...viewEnds(packet),
    Protocol,
    ...(Protocol.startsWith("icmp") && { Type: packet.type, Code: packet.code }),
    ...(packet.protocol === IGMP && { Type: packet.type, Group: formatIp(packet.id) }),
    ...(Protocol === "tcp" && {
      Flags: FLAGS.filter(([bit]) => (packet.flags & bit) !== 0).map(([, name]) => name),
    }),
    Length: packet.length,
    TimeToLive: packet.ttl,
  };
}

const viewPeer = (peer: RulePeer): string => (peer.kind === "block" ? formatBlock(peer.block) : peer.id);

const viewTraffic = ({ protocol, from, to }: { protocol: number; from: number; to: number }) => ({
  Protocol: protocolName(protocol),
  From: from,
  To: to,
});

function viewGround(ground: Ground): GroundView {
  switch (ground.kind) {
    case "rule": {
      const { group, rule, tracked } = ground;
      const Rule = { Id: rule.id, GroupId: group, ...viewTraffic(rule), Peer: viewPeer(rule.peer) };
      return { Rule, Tracked: tracked };
    }
    case "entry": {
      const { entry } = ground;
      const Action = entry.allow ? ("allow" as const) : ("deny" as const);
      return { Entry: { Number: entry.number, Action, ...viewTraffic(entry), Cidr: cidr(entry.block) } };
    }
    case "route": {
      const { block, route } = ground.route;
      const { destination, target } = route;
      const list = "prefixList" in destination ? { PrefixListId: destination.prefixList } : {};
      return { Route: { Destination: cidr(block), Target: target, ...list } };
    }
    case "transit-route": {
      const { block, route } = ground.route;
      const { destination, attachment = "blackhole" } = route;
      const list = "prefixList" in destination ? { PrefixListId: destination.prefixList } : {};
      return { Route: { Destination: cidr(block), Target: attachment, ...list } };
    }
    case "policy":
      return { Policy: { Number: ground.entry.number, RouteTable: ground.entry.table.id } };
    case "authorization":
      return { Authorization: { Cidr: cidr(ground.rule.block), Group: ground.rule.group } };
    case "translated":
      return { Translated: viewEnds(ground.before) };
    case "tunnel":
      return { Tunnel: formatIp(ground.outside) };
    case "tracked":
      break;
  }
  return { Tracked: true };
}

const cidr = (block: Block): string => formatBlock(block);

const viewStep = ({ component, at, direction, reason, ground, packet }: Step): StepView => ({
  Component: { Type: component.kind, Id: component.id },
  InterfaceId: at?.id,
  SubnetId: at instanceof Port ? at.subnet.id : undefined,
  Direction: direction,
  Verdict: reason === undefined ? "passed" : "dropped",
  Reason: reason,
  Ground: ground && viewGround(ground),
  Packet: viewPacket(packet),
});

function receiverOf(end: End): JourneyView["Receiver"] {
  if (end.outcome === "delivered") return { Id: end.port.id, InstanceId: end.port.owner };
  if (end.outcome === "served") return { Id: end.service };
  if (end.outcome === "client") return { Id: end.client.id };
  if (end.outcome === "site") return { Id: formatIp(end.packet.destination), Site: end.site.id };
  return end.outcome === "outside" ? { Id: end.host?.name ?? formatIp(end.packet.destination) } : undefined;
}

export const viewJourney = ({ sent, steps, end }: Journey): JourneyView => ({
  Outcome: end.outcome,
  Receiver: receiverOf(end),
  ...(end.outcome === "multicast" && {
    Receivers: end.ends.flatMap((each) => (each.outcome === "delivered" ? (receiverOf(each) ?? []) : [])),
  }),
  ...(end.outcome === "dropped" && {
    Reason: end.reason,
    Explanation: reasons[end.reason],
    Remedy: remedy(end),
  }),
  Sent: viewPacket(sent),
  Steps: steps.map(viewStep),
});

export const viewExchange = ({ forward, back, learned }: Exchange): ExchangeView => ({
  Forward: viewJourney(forward),
  Back: back && viewJourney(back),
  Learned: learned,
});
