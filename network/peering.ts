import type { Ip } from "./ip.ts";
import type { End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import type { RouteTarget } from "./routeTarget.ts";
import type { GroupCarrier } from "./securityGroup.ts";
import type { Vpc } from "./vpc.ts";
import type { Walk } from "./walk.ts";

/** Bytes, between regions; within one, a packet may be as long as in a VPC. */
const MTU_BETWEEN_REGIONS = 8500;

export interface PeeringPlan {
  readonly id: string;
  readonly vpcs: readonly [string, string];
  readonly betweenRegions: boolean;
}

/**
 * A door between two VPCs. It takes only what goes from an address of the one to an address of the other, so that
 * nobody reaches a third network through it, be that a peer's peer or what the peer's gateways lead to.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-limitations
 */
export class Peering implements RouteTarget {
  readonly kind = "vpc-peering-connection";
  readonly noTransit = "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR";
  readonly id: string;
  readonly #plan: PeeringPlan;
  readonly #vpcs: ReadonlyMap<string, Vpc>;

  /** @param vpcs all there are: one of the two may come, or come back, after the connection */
  constructor(plan: PeeringPlan, vpcs: ReadonlyMap<string, Vpc>) {
    this.id = plan.id;
    this.#plan = plan;
    this.#vpcs = vpcs;
  }

  get betweenRegions(): boolean {
    return this.#plan.betweenRegions;
  }

  /** From each of the two VPCs to the other, if both are there. */
  get sides(): readonly { readonly from: Vpc; readonly to: Vpc }[] {
    const [one, other] = this.#plan.vpcs.map((id) => this.#vpcs.get(id));
    return one && other
      ? [
          { from: one, to: other },
          { from: other, to: one },
        ]
      : [];
  }

  serves(vpc: Vpc): boolean {
    return this.peerOf(vpc) !== undefined;
  }

  forward(walk: Walk, packet: Packet, sender: Port | undefined): End {
    const vpc = sender?.subnet.vpc;
    const peer = vpc && this.peerOf(vpc);
    const { source, destination } = packet;
    if (!vpc || !peer?.hasAddress(destination) || !vpc.hasAddress(source)) {
      return walk.drop("PCX_REQUIRES_ADDRESS_IN_VPC_CIDR", this, packet, sender, "egress");
    }
    const { betweenRegions } = this.#plan;
    if (betweenRegions) {
      const tooLong = walk.tooLong(this, packet, sender.subnet.router ?? destination, MTU_BETWEEN_REGIONS);
      if (tooLong) return tooLong;
    }
    if (walk.observe) walk.pass(this, packet, sender, "egress");
    // What groups the sender carries is not known in another region.
    return walk.deliver(peer, packet, betweenRegions ? undefined : sender, undefined);
  }

  /** Whoever has an address on the other side, for rules that name groups: these hold only within one region. */
  carrierBeyond(vpc: Vpc, address: Ip): GroupCarrier | undefined {
    return this.#plan.betweenRegions ? undefined : this.peerOf(vpc)?.portOf(address);
  }

  /** The VPC on the other side; none if the connection is not one of `vpc`, or leads to nothing. */
  peerOf(vpc: Vpc): Vpc | undefined {
    const [one, other] = this.#plan.vpcs;
    if (vpc.id === one) return this.#vpcs.get(other);
    return vpc.id === other ? this.#vpcs.get(one) : undefined;
  }
}
