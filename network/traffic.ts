import { ICMP, ICMPV6, TCP, UDP, type Packet } from "./packet.ts";

/** What of the traffic between two peers a rule is about. */
export interface Traffic {
  /** 0 to 255, or −1 for all. */
  readonly protocol: number;
  /** The first destination port of TCP and UDP; the type of ICMP, −1 for any. Other protocols: −1. */
  readonly from: number;
  /** The last port, or the code of ICMP, −1 for any. Other protocols: −1. */
  readonly to: number;
}

const LAST = 65_535;

/** The number by which rules choose among packets of one protocol: destination port, or ICMP's type and code. */
export const selectorOf = ({ protocol, destinationPort, type, code }: Packet): number =>
  protocol === ICMP || protocol === ICMPV6 ? (type << 8) | code : destinationPort;

/** First and last selector of what a rule is about, among packets of a protocol. */
function rangeOf({ protocol, from, to }: Traffic): readonly [first: number, last: number] {
  if (protocol === TCP || protocol === UDP) return from < 0 ? [0, LAST] : [from, to];
  if (protocol !== ICMP && protocol !== ICMPV6) return [0, LAST];
  if (from < 0) return [0, LAST];
  return to < 0 ? [from << 8, (from << 8) | 255] : [(from << 8) | to, (from << 8) | to];
}

/** Whether a rule is about all packets of a protocol, whatever their ports. */
export function coversAll(rule: Traffic, protocol: number): boolean {
  if (rule.protocol === -1) return true;
  const [first, last] = rangeOf(rule);
  return rule.protocol === protocol && first === 0 && last === LAST;
}

/** One protocol's selectors, cut where the rules change: piece `i` begins at `starts[i]`. */
interface Pieces<Compiled> {
  readonly starts: readonly number[];
  readonly compiled: readonly Compiled[];
}

/**
 * Rules by what they are about. For each packet there is one piece, compiled from just the rules that are about it; to
 * find it costs a binary search, however many rules there are.
 */
export class TrafficIndex<Rule extends Traffic, Compiled> {
  readonly #protocols = new Map<number, Pieces<Compiled>>();
  readonly #others: Compiled;

  /** @param compile gets the rules of a piece in the order in which they are given here */
  constructor(rules: readonly Rule[], compile: (rules: readonly Rule[]) => Compiled) {
    this.#others = compile(rules.filter(({ protocol }) => protocol === -1));
    for (const protocol of new Set(rules.map((rule) => rule.protocol))) {
      if (protocol === -1) continue;
      const about = rules.filter((rule) => rule.protocol === protocol || rule.protocol === -1);
      const cuts = about.flatMap((rule) => {
        const [first, last] = rangeOf(rule);
        return last < LAST ? [first, last + 1] : [first];
      });
      const starts = [...new Set([0, ...cuts])].toSorted((a, b) => a - b);
      const compiled = starts.map((start) =>
        compile(
          about.filter((rule) => {
            const [first, last] = rangeOf(rule);
            return first <= start && start <= last;
          }),
        ),
      );
      this.#protocols.set(protocol, { starts, compiled });
    }
  }

  find(packet: Packet): Compiled {
    const pieces = this.#protocols.get(packet.protocol);
    if (!pieces) return this.#others;
    const { starts, compiled } = pieces;
    const selector = selectorOf(packet);
    let low = 0;
    for (let high = starts.length; high - low > 1;) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= selector) low = middle;
      else high = middle;
    }
    return compiled[low] ?? this.#others;
  }
}
