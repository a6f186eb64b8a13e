import type { Ip } from "./ip.ts";
import { isRouter6 } from "./linkLocal.ts";
import type { Port } from "./port.ts";

/** Every subnet's router, to its interfaces: the first virtual router of RFC 5798, which no interface can have. */
export const ROUTER_MAC = "00:00:5e:00:01:01";

/** What a guest asks, or claims, about addresses: ARP in IPv4, neighbour discovery in IPv6. */
export interface Discovery {
  readonly kind: "request" | "claim";
  /** Whom the guest says it is. */
  readonly mac: string;
  readonly address: Ip;
  /** Whose MAC address it wants to know. */
  readonly target: Ip;
}

/**
 * The infrastructure's answer: nobody hears a guest's question but the infrastructure, which alone knows who has which
 * address. Claims (gratuitous ARP, unsolicited advertisements) change nothing, and a question under another's name has
 * no answer.
 */
export function discover(port: Port, { kind, mac, address, target }: Discovery): string | undefined {
  if (!port.live || kind === "claim" || mac !== port.mac || !port.owns(address)) return undefined;
  const { subnet } = port;
  if (target === subnet.router || isRouter6(target)) return ROUTER_MAC;
  if (!subnet.has(target)) return undefined;
  const neighbour = subnet.vpc.portOf(target);
  return neighbour === port ? undefined : neighbour?.mac;
}
