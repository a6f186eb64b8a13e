import type { Fabric, Sender } from "./fabric.ts";
import type { Journey } from "./journey.ts";
import { isIcmpError, reply, RST, type Packet } from "./packet.ts";
import { Port } from "./port.ts";
import { VpnClient } from "./vpnClient.ts";
import type { Frame } from "./walk.ts";

/** A packet and what came back. */
export interface Exchange {
  readonly forward: Journey;
  /** The way of the answer, or of the ICMP error that says what became of the packet; none if nothing was sent back. */
  readonly back: Journey | undefined;
  /** What the sender learns: an answer, a refusal (a TCP reset or an ICMP error), or nothing. */
  readonly learned: "answer" | "refusal" | "nothing";
}

/** Services that answer nobody: the router forwards, and of multicast groups it only takes note. */
const SILENT: ReadonlySet<string> = new Set(["igmp", "router"]);

/**
 * Sends a packet, and lets whoever gets it answer as a host does: where nobody listens, with a refusal. Hosts on the
 * internet that have no name answer everything.
 *
 * @param from undefined for somewhere on the internet
 * @param now milliseconds
 */
export function exchange(
  fabric: Fabric,
  from: Sender | undefined,
  packet: Packet,
  now: number,
  frame?: Frame,
): Exchange {
  const forward = fabric.trace(from, packet, now, frame);
  if (forward.end.outcome === "served" && !forward.end.door) {
    return { forward, back: undefined, learned: SILENT.has(forward.end.service) ? "nothing" : "answer" };
  }
  const back = answer(fabric, from, forward, now);
  const arrived = back && (from ? reached(back, from) : back.end.outcome === "outside");
  if (!arrived) return { forward, back, learned: "nothing" };
  const { packet: told } = back.end;
  return { forward, back, learned: isIcmpError(told) || (told.flags & RST) !== 0 ? "refusal" : "answer" };
}

function reached({ end }: Journey, sender: Sender): boolean {
  if (end.outcome === "site") return end.site === sender;
  if (end.outcome === "client") return end.client === sender;
  // What a client sends past its tunnel, it is answered past it.
  if (sender instanceof VpnClient) {
    return end.outcome === "outside" && end.packet.destination === sender.settings.device;
  }
  return end.outcome === "delivered" && end.port === sender;
}

function answer(
  fabric: Fabric,
  from: Sender | undefined,
  { end }: Journey,
  now: number,
): Journey | undefined {
  if (end.outcome === "dropped") {
    if (!end.notice || !from) return undefined;
    const isOutside = end.component.kind === "internet";
    if (isOutside) return fabric.trace(undefined, end.notice, now);
    // A gateway may have sent the packet on under an address of its own: it knows whom to tell.
    if (!(from instanceof Port)) return fabric.notify(from, end.notice, now);
    const { destination } = end.notice;
    const told = from.owns(destination) ? from : from.subnet.vpc.portOf(destination);
    return fabric.notify(told ?? from, end.notice, now);
  }
  if (end.outcome === "served") {
    const sent = end.door && reply(end.packet, true);
    return end.door && sent && fabric.answer(end.door, sent, now);
  }
  if (end.outcome === "site") {
    const { site, packet } = end;
    const sent = site.answers(packet.destination) ? reply(packet, true) : undefined;
    return sent && fabric.trace(site, sent, now);
  }
  if (end.outcome === "client") {
    const sent = reply(end.packet, true);
    return sent && fabric.trace(end.client, sent, now);
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
