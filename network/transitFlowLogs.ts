import { CAPACITY, FlowWindows, flowIn, type OpenWindow } from "./flowWindows.ts";
import { formatIp } from "./ip.ts";
import type { Direction, End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import type { Reason } from "./reason.ts";
import type { TransitGatewayAttachment } from "./transitGateway.ts";
import { countTransit, type TransitFlow, type TransitLoss, type TransitWindow } from "./transitFlowRecord.ts";

export interface TransitFlowLogPlan {
  readonly id: string;
  readonly gateway: string;
  /** The one attachment of the gateway's that it is about; undefined for all. */
  readonly attachment: string | undefined;
  /** Since when: milliseconds. */
  readonly since: number;
  /** Whether nobody knows what has passed until it is first asked: it was another process that saw it. */
  readonly lost?: boolean;
}

/** Where a packet comes into a gateway, or leaves it. */
export interface TransitSide {
  readonly attachment: TransitGatewayAttachment;
  /** The gateway's interface, where it is attached to a VPC. */
  readonly port: Port | undefined;
  /** The packet as it is there: addresses can be translated on the way. */
  readonly packet: Packet;
}

/** One packet in a gateway. */
export interface Transit {
  readonly gateway: string;
  readonly source: TransitSide;
  /** Where its route leads; undefined if there is none. */
  readonly target: TransitSide | undefined;
  /** Whether it left the gateway, and why it did not, if records know of that. */
  readonly passed: boolean;
  readonly loss: TransitLoss | undefined;
}

interface Log {
  readonly plan: TransitFlowLogPlan;
  readonly windows: FlowWindows<{ readonly id: string }, AttachmentWindow>;
}

interface AttachmentWindow extends OpenWindow<TransitFlow> {
  readonly gateway: string;
  readonly attachment: string;
}

/** The only interval that there is. */
const SECONDS = 60;

const LOSSES: Partial<Record<Reason, TransitLoss>> = {
  FRAGMENTATION_NEEDED: "mtu-exceeded",
  NO_ROUTE_TO_DESTINATION: "no-route",
  // Without a table, or one chosen for it, there is no route either.
  TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION: "no-route",
  TGW_POLICY_MISMATCH: "no-route",
  TGW_RTB_BAD_STATE_ROUTE: "blackhole",
  TGW_BAD_STATE_VPN: "blackhole",
  TIME_EXCEEDED: "ttl-expired",
};

/** What records call the reason why a packet was dropped. */
export const lossOf = (end: End): TransitLoss | undefined =>
  end.outcome === "dropped" ? LOSSES[end.reason] : undefined;

/**
 * Writes down what comes into transit gateways and what leaves them, each at its attachment. Multicast is never seen.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
 */
export class TransitFlowLogs {
  readonly #capacity: number;
  readonly #logs = new Map<string, Log>();
  /** By gateway. */
  readonly #byGateway = new Map<string, Set<Log>>();

  constructor(capacity: number = CAPACITY) {
    this.#capacity = capacity;
  }

  /** Flow logs never change. */
  put(plan: TransitFlowLogPlan): void {
    const { id, gateway, since, lost = false } = plan;
    if (this.#logs.has(id)) return;
    const windows = new FlowWindows<{ readonly id: string }, AttachmentWindow>({
      since,
      lost,
      secondsAt: () => SECONDS,
      open: ({ id: attachment }, span) => ({ ...span, gateway, attachment }),
    });
    const log: Log = { plan, windows };
    this.#logs.set(id, log);
    const logs = this.#byGateway.get(gateway);
    if (logs) logs.add(log);
    else this.#byGateway.set(gateway, new Set([log]));
  }

  remove(id: string): void {
    const log = this.#logs.get(id);
    if (!log) return;
    this.#logs.delete(id);
    const logs = this.#byGateway.get(log.plan.gateway);
    logs?.delete(log);
    if (logs?.size === 0) this.#byGateway.delete(log.plan.gateway);
  }

  /** Whether anybody wants to know of a gateway's packets. */
  listens(gateway: string): boolean {
    return this.#byGateway.has(gateway);
  }

  /**
   * The windows of a flow log that have ended since it was last asked, oldest first.
   *
   * @param until milliseconds
   * @param attachments those that have a window even if nothing passed them, by id
   */
  take(id: string, until: number, attachments: readonly string[]): TransitWindow[] {
    const places = attachments.map((attachment) => ({ id: attachment }));
    return this.#logs.get(id)?.windows.take(until, places) ?? [];
  }

  /** Counts a packet where it came in, and where it left. @param now milliseconds */
  note(transit: Transit, now: number): void {
    const { gateway, source, target, passed } = transit;
    for (const log of this.#byGateway.get(gateway) ?? []) {
      this.#count(log, transit, "ingress", source, target, now);
      if (target && passed) this.#count(log, transit, "egress", target, source, now);
    }
  }

  #count(
    { plan, windows }: Log,
    { source, target, loss }: Transit,
    direction: Direction,
    { attachment, packet }: TransitSide,
    pair: TransitSide | undefined,
    now: number,
  ): void {
    if (plan.attachment !== undefined && plan.attachment !== attachment.id) return;
    const ways = [source.port?.id, target?.port?.id, pair?.attachment.id];
    const key = [direction, ...ways, ...headersOf(packet)].join(" ");
    const flow = flowIn(windows.at(attachment, now), key, this.#capacity, () => ({
      packet,
      direction,
      pair: pair?.attachment.id,
      source: source.port,
      target: target?.port,
      packets: 0,
      bytes: 0,
      flags: 0,
      lost: { blackhole: 0, "mtu-exceeded": 0, "no-route": 0, "ttl-expired": 0 },
      first: now,
      last: now,
    }));
    if (flow) countTransit(flow, packet, loss, now);
  }
}

const headersOf = ({
  source,
  destination,
  protocol,
  sourcePort,
  destinationPort,
}: Packet): (number | string)[] => [
  formatIp(source),
  formatIp(destination),
  protocol,
  sourcePort,
  destinationPort,
];
