/** Everything that can be sent in a random network, and what becomes of it. */
import type fc from "fast-check";
import { ip } from "../../network/ip.ts";
import { packet, reply, type Packet } from "../../network/packet.ts";
import { build, OUTSIDE, type NetworkPlan, type PortPlan, type Traffic } from "./plans.ts";
import { ended } from "./world.ts";

/** What must be true of whatever network and packet. */
type Property = fc.IProperty<unknown>;
export type Properties = Readonly<Record<string, Property>>;

/** A packet from an interface that may lie about its address. */
export interface Sending {
  readonly from: PortPlan;
  readonly source: string;
  readonly destination: string;
}

export const sentBy = (source: string, destination: string, { protocol, port }: Traffic): Packet =>
  packet({
    source: ip(source),
    destination: ip(destination),
    protocol,
    ...((protocol === 6 || protocol === 17) && { sourcePort: 40_000, destinationPort: port }),
    ...(protocol === 1 && { type: 8, id: 1 }),
  });

/** Everybody that a packet can be sent to. */
const destinations = ({ ports }: NetworkPlan): string[] => [
  OUTSIDE,
  "10.0.2.99",
  ...new Set(
    ports.flatMap(({ address, published }) => (published === undefined ? [address] : [address, published])),
  ),
];

/** Everything that can be sent, by honest and by lying interfaces; but nothing to oneself. */
export const sendings = (plan: NetworkPlan): Sending[] =>
  plan.ports.flatMap((from) =>
    destinations(plan)
      .filter((destination) => destination !== from.address && destination !== from.published)
      .flatMap((destination) =>
        [from.address, "10.0.1.9"]
          .filter((source) => source !== destination)
          .map((source) => ({ from, source, destination })),
      ),
  );

/** What interfaces send that do not lie. */
export const honest = (plan: NetworkPlan): Sending[] =>
  sendings(plan).filter(({ from, source }) => source === from.address);

/** For everything that can be sent, as the first packet of all: who gets it, and who gets the answer. */
export function outcomes(plan: NetworkPlan, traffic: Traffic, built = build(plan)): string[] {
  const { fabric, port, forget } = built;
  return sendings(plan).map(({ from, source, destination }) => {
    forget();
    const { end } = fabric.trace(port(from.id), sentBy(source, destination, traffic), 0);
    const answer = end.outcome === "delivered" ? reply(end.packet, true) : undefined;
    const answered = answer && end.outcome === "delivered" ? ended(fabric.send(end.port, answer, 1)) : "";
    return `${ended(end)} ${answered}`;
  });
}

/** Those of the outcomes in which the packet, and those in which its answer, got through. */
export const through = (texts: readonly string[], part: 0 | 1): boolean[] =>
  texts.map((text) => isThrough(text.split(" ")[part] ?? ""));

export const isThrough = (text: string): boolean => /^(eni-\d+|outside)$/.test(text);
