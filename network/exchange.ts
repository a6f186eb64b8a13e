import type { Fabric } from "./fabric.ts";
import type { Journey } from "./journey.ts";
import { isIcmpError, reply, RST, type Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import type { Frame } from "./walk.ts";

/** A packet and what came back. */
export interface Exchange {
  readonly forward: Journey;
  /** The way of the answer, or of the ICMP error that says what became of the packet; none if nothing was sent back. */
  readonly back: Journey | undefined;
  /** What the sender learns: an answer, a refusal (a TCP reset or an ICMP error), or nothing. */
  readonly learned: "answer" | "refusal" | "nothing";
}

/**
 * Sends a packet, and lets whoever gets it answer as a host does: where nobody listens, with a refusal. Hosts on the
 * internet that have no name answer everything.
 *
 * @param from undefined for somewhere on the internet
 * @param now milliseconds
 */
export function exchange(
  fabric: Fabric,
  from: Port | undefined,
  packet: Packet,
  now: number,
  frame?: Frame,
): Exchange {
  const forward = fabric.trace(from, packet, now, frame);
  if (forward.end.outcome === "served") {
    // The router forwards, and answers nobody.
    return { forward, back: undefined, learned: forward.end.service === "router" ? "nothing" : "answer" };
  }
  const back = answer(fabric, from, forward, now);
  const arrived = back && (from ? reached(back, from) : back.end.outcome === "outside");
  if (!arrived) return { forward, back, learned: "nothing" };
  const { packet: told } = back.end;
  return { forward, back, learned: isIcmpError(told) || (told.flags & RST) !== 0 ? "refusal" : "answer" };
}

const reached = ({ end }: Journey, port: Port): boolean => end.outcome === "delivered" && end.port === port;

function answer(fabric: Fabric, from: Port | undefined, { end }: Journey, now: number): Journey | undefined {
  if (end.outcome === "dropped") {
    if (!end.notice || !from) return undefined;
    const isOutside = end.component.kind === "internet";
    return isOutside ? fabric.trace(undefined, end.notice, now) : fabric.notify(from, end.notice, now);
  }
  if (end.outcome === "outside") {
    const sent = end.host?.answers === false ? undefined : reply(end.packet, true);
    return sent && fabric.trace(undefined, sent, now);
  }
  // What a guest does with packets that are for somebody else, only the guest knows.
  if (end.outcome !== "delivered" || !end.port.owns(end.packet.destination)) return undefined;
  const sent = reply(end.packet, fabric.listening.hears(end.port.owner, end.packet));
  return sent && fabric.trace(end.port, sent, now);
}
