import { ICMP, ICMPV6, TCP, type Packet } from "./packet.ts";

/** How long an idle flow is kept, in seconds. @see https://docs.aws.amazon.com/elasticloadbalancing/latest/gateway/introduction.html */
const TCP_SECONDS = 350;
const OTHER_SECONDS = 120;

/** More than this are forgotten, oldest first, so that a scan does not fill the memory. */
const MOST_FLOWS = 250_000;

/** The flow that a packet is of, the same for both of its directions. */
export function flowOf({ source, destination, protocol, sourcePort, destinationPort, id }: Packet): string {
  const query = protocol === ICMP || protocol === ICMPV6;
  const a = `${source}/${query ? id : sourcePort}`;
  const b = `${destination}/${query ? id : destinationPort}`;
  return a < b ? `${protocol} ${a} ${b}` : `${protocol} ${b} ${a}`;
}

interface Kept<T> {
  value: T;
  /** Milliseconds. */
  expires: number;
}

/** What is remembered of flows while packets of them come. */
export class Flows<T> {
  readonly #kept = new Map<string, Kept<T>>();

  /** What is remembered of a flow, which is then kept on. @param now milliseconds */
  find(key: string, { protocol }: Packet, now: number): T | undefined {
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    if (now >= kept.expires) {
      this.#kept.delete(key);
      return undefined;
    }
    kept.expires = now + lifeOf(protocol);
    return kept.value;
  }

  /** @param now milliseconds */
  keep(key: string, { protocol }: Packet, value: T, now: number): void {
    this.#kept.delete(key);
    this.#kept.set(key, { value, expires: now + lifeOf(protocol) });
    if (this.#kept.size <= MOST_FLOWS) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }

  clear(): void {
    this.#kept.clear();
  }
}

const lifeOf = (protocol: number): number => 1000 * (protocol === TCP ? TCP_SECONDS : OTHER_SECONDS);
