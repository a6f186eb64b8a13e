import type { Ip } from "./ip.ts";

/** IANA's protocol numbers. */
export const ICMP = 1;
export const IGMP = 2;
export const TCP = 6;
export const UDP = 17;
export const GRE = 47;
export const ICMPV6 = 58;

/** Bits of a TCP header. */
export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const ACK = 16;

/** What of an IP packet the network looks at. Every packet has every member, so that all have one form. */
export interface Packet {
  readonly source: Ip;
  readonly destination: Ip;
  readonly protocol: number;
  /** Of TCP and UDP, else 0. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Of ICMP and IGMP, else 0. */
  readonly type: number;
  readonly code: number;
  /** The identifier of an ICMP query, the group of an IGMP message, else 0. */
  readonly id: number;
  /** Of TCP, else 0. */
  readonly flags: number;
  /** Bytes, with the IP header. */
  readonly length: number;
  readonly ttl: number;
  readonly dontFragment: boolean;
  /** Of an ICMP error: the packet that it is about; of one that carries another: that. */
  readonly about: Packet | undefined;
}

/** A packet of which only what matters is said: 64 bytes, time to live 64, not to be fragmented; a SYN if TCP. */
export const packet = ({
  source,
  destination,
  protocol = TCP,
  sourcePort = 0,
  destinationPort = 0,
  type = 0,
  code = 0,
  id = 0,
  flags = protocol === TCP ? SYN : 0,
  length = 64,
  ttl = 64,
  dontFragment = true,
  about,
}: Pick<Packet, "source" | "destination"> & Partial<Packet>): Packet => ({
  source,
  destination,
  protocol,
  sourcePort,
  destinationPort,
  type,
  code,
  id,
  flags,
  length,
  ttl,
  dontFragment,
  about,
});

/** The same packet with other addresses; what an ICMP error is about is translated along. */
export const readdressed = (packet: Packet, source: Ip, destination: Ip): Packet => ({
  source,
  destination,
  protocol: packet.protocol,
  sourcePort: packet.sourcePort,
  destinationPort: packet.destinationPort,
  type: packet.type,
  code: packet.code,
  id: packet.id,
  flags: packet.flags,
  length: packet.length,
  ttl: packet.ttl,
  dontFragment: packet.dontFragment,
  about:
    packet.about &&
    readdressed(
      packet.about,
      packet.about.source === packet.destination ? destination : packet.about.source,
      packet.about.destination === packet.source ? source : packet.about.destination,
    ),
});

/** ICMP's queries and what they are answered with, in IPv4 and IPv6. */
const ANSWERS: ReadonlyMap<number, number> = new Map([
  [8, 0],
  [13, 14],
  [17, 18],
  [128, 129],
]);

/** The type that answers this type of ICMP, undefined for what is no query. */
export const answerTo = (type: number): number | undefined => ANSWERS.get(type);

/** ICMP errors: destination unreachable, time exceeded, …, and IPv6's, of which types below 128 are errors. */
export const isIcmpError = ({ protocol, type }: Packet): boolean =>
  protocol === ICMP ? type === 3 || type === 11 || type === 12 : protocol === ICMPV6 && type < 128;

/** What a host answers to a packet that it was sent, if anything. @param open whether somebody listens */
export function reply(to: Packet, open: boolean): Packet | undefined {
  const { source, destination, protocol, sourcePort, destinationPort } = to;
  const back = { ...to, source: destination, destination: source, length: 64, ttl: 64, about: undefined };
  switch (protocol) {
    case TCP:
      if ((to.flags & RST) !== 0) return undefined;
      return {
        ...back,
        sourcePort: destinationPort,
        destinationPort: sourcePort,
        flags: open ? (to.flags & SYN) | ACK : RST | ACK,
      };
    case UDP:
      return open
        ? { ...back, sourcePort: destinationPort, destinationPort: sourcePort }
        : errorAbout(to, destination, PORT_UNREACHABLE);
    case ICMP:
    case ICMPV6: {
      const type = answerTo(to.type);
      return type === undefined ? undefined : { ...back, type, code: 0 };
    }
    default:
      return open ? back : undefined;
  }
}

/** Types and codes of ICMP errors in IPv4 and IPv6. */
interface ErrorKind {
  readonly ipv4: readonly [type: number, code: number];
  readonly ipv6: readonly [type: number, code: number];
}

const PORT_UNREACHABLE: ErrorKind = { ipv4: [3, 3], ipv6: [1, 4] };
export const FRAGMENTATION_NEEDED: ErrorKind = { ipv4: [3, 4], ipv6: [2, 0] };
export const TIME_EXCEEDED: ErrorKind = { ipv4: [11, 0], ipv6: [3, 0] };

/** The ICMP error that tells the sender of a packet what became of it. */
export function errorAbout(about: Packet, source: Ip, { ipv4, ipv6 }: ErrorKind): Packet {
  const isIpv4 = typeof about.source === "number";
  const [type, code] = isIpv4 ? ipv4 : ipv6;
  const protocol = isIpv4 ? ICMP : ICMPV6;
  return packet({ source, destination: about.source, protocol, type, code, about });
}
