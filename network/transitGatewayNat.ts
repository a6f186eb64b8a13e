import { MASKS, within, type Block } from "./ip.ts";
import { readdressed, type Packet } from "./packet.ts";

/** Two IPv4 blocks of the same length, whose addresses stand for each other one by one. */
export interface TransitGatewayNatRule {
  readonly number: number;
  /** As the network behind the attachment has them. */
  readonly inside: Block;
  /** As all others see them. */
  readonly outside: Block;
}

/** The address of the same place in another block. */
const moved = (address: number, { base, length }: Block): number =>
  Number(base) | (address & ~(MASKS[length] ?? -1));

/**
 * The 1:1 translation at an attachment of a transit gateway, which lets networks with the same addresses reach each
 * other. It keeps no connections: each packet is translated by itself, by the rule of the lowest number that matches.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyTransitGatewayAttachmentNatConfiguration.html
 */
export class TransitGatewayNat {
  /** In the order in which they count. */
  readonly rules: readonly TransitGatewayNatRule[];

  constructor(rules: readonly TransitGatewayNatRule[]) {
    this.rules = rules.toSorted((a, b) => a.number - b.number);
  }

  /** A packet out of the attachment's network. @returns the packet itself if no rule is for it */
  outward(packet: Packet): Packet {
    const { source, destination } = packet;
    if (typeof source !== "number") return packet;
    const rule = this.rules.find(({ inside }) => within(inside, source));
    return rule ? readdressed(packet, moved(source, rule.outside), destination) : packet;
  }

  /** A packet into the attachment's network. @returns the packet itself if no rule is for it */
  inward(packet: Packet): Packet {
    const { source, destination } = packet;
    if (typeof destination !== "number") return packet;
    const rule = this.rules.find(({ outside }) => within(outside, destination));
    return rule ? readdressed(packet, source, moved(destination, rule.inside)) : packet;
  }
}
