import { isIpv4, type Ip } from "./ip.ts";
import { HEADER_GROWTH, ipv4In, ipv6Of, kindInIpv4, kindInIpv6 } from "./nat64.ts";
import type { Endpoint, Remote, Translation } from "./natTranslations.ts";
import { ACK, answerTo, ICMP, isIcmpError, RST, SYN, TCP, UDP, type Packet } from "./packet.ts";

/** Both ends of a connection, seen from one side. */
interface Ends {
  readonly near: Endpoint;
  readonly far: Remote;
}

const isQuery = ({ protocol, type }: Packet): boolean => protocol === ICMP && answerTo(type) !== undefined;

export const isTranslated = (packet: Packet): boolean =>
  packet.protocol === TCP || packet.protocol === UDP || isQuery(packet) || isIcmpError(packet);

/** Whether a packet can be the first of a connection. */
export const opens = (packet: Packet): boolean =>
  packet.protocol === TCP
    ? (packet.flags & (SYN | ACK | RST)) === SYN
    : packet.protocol === UDP || isQuery(packet);

/** Who speaks to whom, of a packet from inside, in IPv4 but for the sender; of an error, whose packet it is about. */
export function outwardEnds(plain: Packet, source: Ip): Ends | undefined {
  const { about, protocol, destination } = plain;
  if (about) {
    return isIcmpError(plain) ? mirrored(about, source) : undefined;
  }
  if (protocol === ICMP) {
    const type = answerTo(plain.type);
    if (type === undefined) return undefined;
    return {
      near: { address: source, port: plain.id },
      far: { protocol, address: destination, port: type },
    };
  }
  return {
    near: { address: source, port: plain.sourcePort },
    far: { protocol, address: destination, port: plain.destinationPort },
  };
}

/** The connection that a packet to the inside, about which the inside complains, belongs to. */
const mirrored = (about: Packet, inside: Ip): Ends => ({
  near: { address: inside, port: about.protocol === ICMP ? about.id : about.destinationPort },
  far: {
    protocol: about.protocol,
    address: about.source,
    port: about.protocol === ICMP ? about.type : about.sourcePort,
  },
});

/** Who speaks to whom, of a packet from outside. */
export function inwardEnds(packet: Packet): Ends | undefined {
  const { about, protocol, source, destination } = packet;
  if (isIcmpError(packet)) {
    // Anybody on the way may send it; whose it is says the packet that it is about.
    if (!about || about.source !== destination) return undefined;
    const port = about.protocol === ICMP ? answerTo(about.type) : about.destinationPort;
    return port === undefined
      ? undefined
      : {
          near: { address: destination, port: about.protocol === ICMP ? about.id : about.sourcePort },
          far: { protocol: about.protocol, address: about.destination, port },
        };
  }
  return protocol === ICMP
    ? {
        near: { address: destination, port: packet.id },
        far: { protocol, address: source, port: packet.type },
      }
    : {
        near: { address: destination, port: packet.destinationPort },
        far: { protocol, address: source, port: packet.sourcePort },
      };
}

/** The packet as the outside sees it. */
export function outwards(plain: Packet, { outside }: Translation): Packet {
  const { about } = plain;
  return {
    ...plain,
    ttl: plain.ttl - 1,
    source: outside.address,
    ...(isIcmpError(plain)
      ? {
          about: about && {
            ...about,
            destination: outside.address,
            ...(about.protocol === ICMP ? { id: outside.port } : { destinationPort: outside.port }),
          },
        }
      : portOf(plain, "sourcePort", outside.port)),
  };
}

/** The packet as who is inside sees it; undefined if that has IPv6, which has no word for it. */
export function inwards(packet: Packet, { inside }: Translation): Packet | undefined {
  const { about } = packet;
  const plain: Packet = {
    ...packet,
    ttl: packet.ttl - 1,
    ...(isIcmpError(packet)
      ? { about: about && { ...about, ...portOf(about, "sourcePort", inside.port) } }
      : portOf(packet, "destinationPort", inside.port)),
  };
  if (!isIpv4(inside.address)) return inIpv6(plain, inside.address);
  return {
    ...plain,
    destination: inside.address,
    about: plain.about && { ...plain.about, source: inside.address },
  };
}

const portOf = (
  { protocol }: Packet,
  name: "sourcePort" | "destinationPort",
  port: number,
): Partial<Packet> => (protocol === ICMP ? { id: port } : { [name]: port });

/** A packet to an address of NAT64, but for its source; undefined if it is none, or IPv4 has no word for it. */
export function inIpv4(packet: Packet): Packet | undefined {
  const destination = ipv4In(packet.destination);
  const kind = kindInIpv4(packet);
  if (destination === undefined || !kind) return undefined;
  const { about } = packet;
  const source = about && ipv4In(about.source);
  const aboutKind = about && kindInIpv4(about);
  if (about && (source === undefined || !aboutKind)) return undefined;
  return {
    ...packet,
    ...kind,
    destination,
    length: Math.max(packet.length - HEADER_GROWTH, HEADER_GROWTH),
    about: about && { ...about, ...aboutKind, source: source ?? 0 },
  };
}

/** A packet from IPv4 to who has IPv6; undefined if IPv6 has no word for it. */
function inIpv6(packet: Packet, destination: Ip): Packet | undefined {
  const { source, about } = packet;
  const kind = kindInIpv6(packet);
  const aboutKind = about && kindInIpv6(about);
  if (!kind || (about && !aboutKind) || !isIpv4(source)) return undefined;
  return {
    ...packet,
    ...kind,
    source: ipv6Of(source),
    destination,
    length: packet.length + HEADER_GROWTH,
    about: about && {
      ...about,
      ...aboutKind,
      source: destination,
      destination: isIpv4(about.destination) ? ipv6Of(about.destination) : about.destination,
    },
  };
}
