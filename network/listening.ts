import { ICMP, ICMPV6, TCP, UDP, type Packet } from "./packet.ts";

/** What guests listen to, by the instance: TCP and UDP ports, and other protocols as a whole. */
export class Listening {
  readonly #open = new Map<string, Set<number>>();

  /** @param port of TCP and UDP; of others 0 */
  listen(owner: string, protocol: number, port: number): void {
    const open = this.#open.get(owner);
    if (open) open.add(key(protocol, port));
    else this.#open.set(owner, new Set([key(protocol, port)]));
  }

  close(owner: string, protocol: number, port: number): void {
    this.#open.get(owner)?.delete(key(protocol, port));
  }

  /** The guest is gone. */
  end(owner: string): void {
    this.#open.delete(owner);
  }

  /** Whether somebody is there for a packet. Guests answer ICMP by themselves. */
  hears(owner: string | undefined, { protocol, destinationPort }: Packet): boolean {
    if (protocol === ICMP || protocol === ICMPV6) return true;
    if (owner === undefined) return false;
    const port = protocol === TCP || protocol === UDP ? destinationPort : 0;
    return this.#open.get(owner)?.has(key(protocol, port)) ?? false;
  }
}

const key = (protocol: number, port: number): number => (protocol << 16) | port;
