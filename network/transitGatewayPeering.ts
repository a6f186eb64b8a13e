import type { End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { TransitGateway, TransitGatewayAttachment } from "./transitGateway.ts";
import type { TransitGatewayRouteTable } from "./transitGatewayRouteTable.ts";
import type { Walk } from "./walk.ts";

/**
 * One end of a peering between two transit gateways, of the same region or of two. Zones and security groups mean
 * nothing on the other side.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-peering.html
 */
export class TransitGatewayPeering implements TransitGatewayAttachment {
  readonly kind = "transit-gateway-attachment";
  readonly id: string;
  readonly gateway: TransitGateway;
  table: TransitGatewayRouteTable | undefined;
  /** The other end, which may not have been made yet. */
  readonly #peer: () => TransitGatewayPeering | undefined;
  #live = false;

  constructor(id: string, gateway: TransitGateway, peer: () => TransitGatewayPeering | undefined) {
    this.id = id;
    this.gateway = gateway;
    this.#peer = peer;
  }

  put(table: TransitGatewayRouteTable | undefined, live: boolean): void {
    this.table = table;
    this.#live = live;
  }

  get peer(): TransitGatewayPeering | undefined {
    return this.#peer();
  }

  get live(): boolean {
    return this.#live && this.#peer() !== undefined;
  }

  forward(walk: Walk, packet: Packet): End {
    const peer = this.#peer();
    if (!peer) return walk.drop("TGW_RTB_BAD_STATE_ROUTE", this, packet);
    walk.pass(this, packet, undefined, "egress");
    return peer.#enter(walk, packet);
  }

  #enter(walk: Walk, packet: Packet): End {
    walk.pass(this, packet, undefined, "ingress");
    return this.gateway.route(walk, packet, { attachment: this, zone: undefined, carrier: undefined });
  }
}
