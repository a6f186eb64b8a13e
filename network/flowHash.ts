import type { Ip } from "./ip.ts";
import type { Packet } from "./packet.ts";

/** 32 bits of an address. */
const folded = (address: Ip): number =>
  typeof address === "number"
    ? address
    : Number(BigInt.asIntN(32, address ^ (address >> 32n) ^ (address >> 64n)));

/** FNV-1a: a number of 32 bits. */
export function textHash(text: string): number {
  let hash = 0x811c_9dc5;
  for (let place = 0; place < text.length; place++) {
    hash = Math.imul(hash ^ text.charCodeAt(place), 0x0100_0193);
  }
  return hash >>> 0;
}

/**
 * A number of 24 bits, the same for all packets of a flow and of its answers, by which one of several ways is chosen.
 * Knuth's multiplicative hash, so that neighbouring addresses do not take turns.
 */
export function flowHash({ source, destination, protocol, sourcePort, destinationPort }: Packet): number {
  const flow = folded(source) ^ folded(destination) ^ sourcePort ^ destinationPort ^ (protocol << 8);
  return Math.imul(flow, 0x9e37_79b1) >>> 8;
}
