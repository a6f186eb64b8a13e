import type { ClientVpnEndpoint } from "./clientVpnEndpoint.ts";
import type { End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { TransitGateway, TransitGatewayAttachment } from "./transitGateway.ts";
import type { TransitGatewayRouteTable } from "./transitGatewayRouteTable.ts";
import type { Walk } from "./walk.ts";

/**
 * A Client VPN endpoint at a transit gateway: clients have their own addresses there, so that networks beyond can speak to
 * them first.
 *
 * @see https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/cvpn-tgw.html
 */
export class TransitGatewayClientVpnAttachment implements TransitGatewayAttachment {
  readonly kind = "transit-gateway-attachment";
  readonly beyond = "client-vpn-endpoint";
  readonly id: string;
  readonly gateway: TransitGateway;
  readonly endpoint: ClientVpnEndpoint;
  table: TransitGatewayRouteTable | undefined;
  live = false;

  constructor(id: string, gateway: TransitGateway, endpoint: ClientVpnEndpoint) {
    this.id = id;
    this.gateway = gateway;
    this.endpoint = endpoint;
    endpoint.attachment = this;
  }

  put(table: TransitGatewayRouteTable | undefined, live: boolean): void {
    this.table = table;
    this.live = live;
  }

  forward(walk: Walk, packet: Packet): End {
    walk.pass(this, packet, undefined, "egress");
    return this.endpoint.deliver(walk, packet);
  }

  /** From a client into the gateway. */
  enter(walk: Walk, packet: Packet): End {
    if (!this.live) return walk.drop("BAD_STATE_ATTACHMENT", this, packet, undefined, "ingress");
    walk.pass(this, packet, undefined, "ingress");
    return this.gateway.route(walk, packet, { attachment: this, zone: undefined, carrier: undefined });
  }
}
