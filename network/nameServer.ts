import { exchange, type Exchange } from "./exchange.ts";
import type { Fabric } from "./fabric.ts";
import { ip, isIpv4, type Ip } from "./ip.ts";
import { packet, UDP } from "./packet.ts";
import type { Port } from "./port.ts";

/** @see https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html#AmazonDNS */
export const DNS_ADDRESS_6 = ip("fd00:ec2::253");

const DNS_PORT = 53;
const SOURCE_PORT = 49_152;

/** A question that was sent to a name server. */
export interface Asked {
  readonly server: Ip;
  readonly exchange: Exchange;
  /** Who answers: Amazon's server, or one on the internet; undefined where no answer comes that is known here. */
  readonly by: "amazon" | "internet" | undefined;
}

/**
 * Sends a question from an interface, as any other packet: no group and no ACL filters what is for Amazon's server. What
 * a guest's own name server says, only the guest knows.
 *
 * @returns undefined if the interface has no address of the server's version
 */
export function ask(fabric: Fabric, from: Port, server: Ip, now: number): Asked | undefined {
  const source = from.addresses.find((address) => isIpv4(address) === isIpv4(server));
  if (source === undefined) return undefined;
  const question = packet({
    source,
    destination: server,
    protocol: UDP,
    sourcePort: SOURCE_PORT,
    destinationPort: DNS_PORT,
  });
  const sent = exchange(fabric, from, question, now);
  return { server, exchange: sent, by: sent.learned === "answer" ? answererOf(sent) : undefined };
}

function answererOf({ forward: { end } }: Exchange): Asked["by"] {
  if (end.outcome === "outside") return "internet";
  return end.outcome === "served" && end.service === "dns" ? "amazon" : undefined;
}
