import type { Context } from "../kit/context.ts";
import { findLogGroupByArn } from "../logs/logGroup.ts";
import { addEvents, addLogStream, findLogStream } from "../logs/logStream.ts";
import type { Advertisement } from "./customerSite.ts";
import type { VpnLog } from "./vpnLogOptions.ts";
import { insideAddresses, type VpnTunnel } from "./vpnTunnel.ts";

/** How a tunnel is doing, as far as its logs tell. */
export interface TunnelStatus {
  readonly up: boolean;
  /** What BGP has told in it; undefined where nobody speaks BGP. */
  readonly heard: readonly Advertisement[] | undefined;
}

/** Whose tunnel it is. */
export interface TunnelOwner {
  readonly id: string;
  readonly account: string;
  /** The customer's autonomous system. */
  readonly asn: number;
  /** Whether packets take the way of Global Accelerator, which translates addresses. */
  readonly accelerated: boolean;
}

/** Which end takes a tunnel down. */
export type Closer = "customer" | "aws";

type Fields = Readonly<Record<string, unknown>>;

/** As the time is written for people: `2025-11-08 05:40:29.641Z`. */
const readable = (now: number): string => new Date(now).toISOString().replace("T", " ");

/** In a line of text, the values stand one after the other. */
const textOf = (fields: Fields): string =>
  Object.values(fields)
    .map((value) => (typeof value === "string" ? value : JSON.stringify(value)))
    .join(" ");

/**
 * Puts what happened into the log's group: each tunnel has a stream there for each kind. If the group is gone, nobody reads it.
 *
 * @see https://docs.aws.amazon.com/vpn/latest/s2svpn/monitoring-logs.html
 */
function write(ctx: Context, { groupArn, format }: VpnLog, asked: string, happened: readonly Fields[]): void {
  const group = findLogGroupByArn(ctx, groupArn);
  if (!group || happened.length === 0) return;
  // No name of a stream has a colon in it; what AWS writes for those of IPv6 addresses is not published.
  const name = asked.replaceAll(":", "-");
  const stream = findLogStream(ctx, group, name) ?? addLogStream(ctx, group, name);
  const spell = format === "json" ? JSON.stringify : textOf;
  addEvents(
    ctx,
    stream,
    happened.map((fields) => [ctx.now, spell(fields)]),
  );
}

interface Ike {
  readonly phase1: "established" | "negotiating" | "down";
  readonly phase2: "established" | "negotiating" | "down";
  readonly details: string;
}

/** Whoever is to begin asks for the security association that packets are encrypted by. */
function negotiated({ settings }: VpnTunnel): Ike[] {
  const [asks, answers] =
    settings.StartupAction === "start"
      ? ["is sending request", "processed response"]
      : ["processed request", "is sending response"];
  const tell = (what = ""): string => `AWS tunnel ${what} (id=1) for CREATE_CHILD_SA`;
  return [
    { phase1: "established", phase2: "negotiating", details: tell(asks) },
    { phase1: "established", phase2: "established", details: tell(answers) },
  ];
}

/** What AWS says when it closes a tunnel itself is not published. */
const closed = (closer: Closer): Ike[] => [
  {
    phase1: "down",
    phase2: "down",
    details:
      closer === "customer"
        ? "AWS tunnel received DELETE for IKE_SA from CGW"
        : "AWS tunnel is sending DELETE for IKE_SA to CGW",
  },
];

const UP = ["Idle", "Connect", "OpenSent", "OpenConfirm", "Established"];

/** What BGP tells of a session that comes up or goes down. */
function session(neighbor: string, up: boolean): Fields[] {
  const states = up ? UP : ["Established", "Idle"];
  return states.slice(1).map((state, i) => ({
    type: "BGPStatus",
    status: state === "Established" ? "UP" : "DOWN",
    message: {
      details: `AWS-side peer BGP session state has changed from ${states[i]} to ${state} with neighbor ${neighbor}`,
    },
  }));
}

/** AWS's own preferences, as its documentation shows them. */
const LOCAL_PREFERENCE = 100;
const WEIGHT = 32_768;

/** What was told of blocks, compared with what had been told before. */
function told(
  neighbor: string,
  asn: number,
  before: readonly Advertisement[],
  after: readonly Advertisement[],
): Fields[] {
  const about = ({ prefix, pathLength, discriminator }: Advertisement, status: string): Fields => ({
    type: "RouteStatus",
    status,
    message: {
      prefix,
      asPath: Array.from({ length: pathLength }, () => asn).join(" "),
      localPref: LOCAL_PREFERENCE,
      med: discriminator,
      nextHopIp: neighbor,
      weight: WEIGHT,
    },
  });
  const known = new Map(before.map((each) => [each.prefix, each]));
  const news = after.flatMap((each): readonly Fields[] => {
    const old = known.get(each.prefix);
    known.delete(each.prefix);
    if (!old) return [about(each, "ADVERTISED")];
    const same = old.pathLength === each.pathLength && old.discriminator === each.discriminator;
    return same ? [] : [about(each, "UPDATED")];
  });
  return [...news, ...[...known.values()].map((each) => about(each, "WITHDRAWN"))];
}

/** Writes down what has become of a tunnel, where its owner wants to know it. */
export function logTunnel(
  asked: Context,
  { id, account, asn, accelerated }: TunnelOwner,
  tunnel: VpnTunnel,
  [before, after]: readonly [TunnelStatus, TunnelStatus],
  closer: Closer,
): void {
  const { activity, bgp } = tunnel.logs ?? {};
  const ctx = { ...asked, account };
  const resource = `${id}_${tunnel.outside}`;
  const times = { event_timestamp: ctx.now, timestamp: readable(ctx.now) };
  const turned = before.up !== after.up;
  if (activity && turned) {
    const happened = after.up ? negotiated(tunnel) : closed(closer);
    write(
      ctx,
      activity,
      `${resource}-IKE.log`,
      happened.map(({ phase1, phase2, details }) => ({
        ...times,
        // AWS's end always asks whether the other one is there.
        dpd_enabled: true,
        nat_t_detected: accelerated,
        ike_phase1_state: phase1,
        ike_phase2_state: phase2,
        details,
      })),
    );
  }
  if (!bgp || !after.heard) return;
  const { customer } = insideAddresses(tunnel.insideIpv6Cidr ?? tunnel.insideCidr);
  // What a session had told goes with it, without a word.
  const routes = after.up ? told(customer, asn, before.heard ?? [], after.heard) : [];
  const happened = [...(turned ? session(customer, after.up) : []), ...routes];
  write(
    ctx,
    bgp,
    `${resource}-BGP.log`,
    happened.map((fields) => ({ resource_id: resource, ...times, ...fields })),
  );
}
