import { NatGateway } from "./natGateway.ts";
import type { Port } from "./port.ts";

/**
 * What an account keeps from the internet: nothing, whatever does not begin inside by a gateway that lets in only
 * answers, or everything.
 */
export type BlockMode = "off" | "block-ingress" | "block-bidirectional";

/**
 * Whether packets may pass an internet gateway, from and to an interface. "Only traffic to and from NAT gateways and
 * egress-only internet gateways is allowed", where what comes in is blocked.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html
 */
export function isBlocked({ subnet, behind }: Port): boolean {
  const { blockMode } = subnet;
  if (blockMode === "off") return false;
  return blockMode === "block-bidirectional" || !(behind instanceof NatGateway);
}
