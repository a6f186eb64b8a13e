import { block, within, type Block, type Ip } from "./ip.ts";
import { ICMP, ICMPV6, type Packet } from "./packet.ts";

/** The well-known prefix of RFC 6052: the last 32 bits of its addresses are IPv4 addresses. */
const NAT64: Block = block("64:ff9b::/96");

const BASE = NAT64.base as bigint;

/** The IPv4 address that an IPv6 address stands for, if it stands for one. */
export const ipv4In = (address: Ip): number | undefined =>
  typeof address === "bigint" && within(NAT64, address) ? Number(address & 0xffff_ffffn) | 0 : undefined;

/** The IPv6 address that stands for an IPv4 address. */
export const ipv6Of = (address: number): bigint => BASE | BigInt(address >>> 0);

/** Type and code of ICMP by those of ICMPv6 (RFC 7915, 5.2), and the other way round (4.2), as far as they differ. */
const PAIRS: readonly (readonly [
  six: readonly [type: number, code: number],
  four: readonly [type: number, code: number],
])[] = [
  [
    [128, 0],
    [8, 0],
  ],
  [
    [129, 0],
    [0, 0],
  ],
  [
    [1, 0],
    [3, 1],
  ],
  [
    [1, 0],
    [3, 0],
  ],
  [
    [1, 1],
    [3, 10],
  ],
  [
    [1, 1],
    [3, 9],
  ],
  [
    [1, 1],
    [3, 13],
  ],
  [
    [1, 4],
    [3, 3],
  ],
  [
    [2, 0],
    [3, 4],
  ],
  [
    [3, 0],
    [11, 0],
  ],
  [
    [3, 1],
    [11, 1],
  ],
];

type Kind = Pick<Packet, "protocol" | "type" | "code">;

/** What a packet is in IPv4; undefined for ICMPv6 that IPv4 has no word for. */
export function kindInIpv4({ protocol, type, code }: Kind): Kind | undefined {
  if (protocol !== ICMPV6) return { protocol, type, code };
  const four = PAIRS.find(([six]) => six[0] === type && six[1] === code)?.[1];
  return four && { protocol: ICMP, type: four[0], code: four[1] };
}

/** What a packet is in IPv6; undefined for ICMP that IPv6 has no word for. */
export function kindInIpv6({ protocol, type, code }: Kind): Kind | undefined {
  if (protocol !== ICMP) return { protocol, type, code };
  const six = PAIRS.find(([, four]) => four[0] === type && four[1] === code)?.[0];
  return six && { protocol: ICMPV6, type: six[0], code: six[1] };
}

/** An IPv6 header is so many bytes longer. */
export const HEADER_GROWTH = 20;
