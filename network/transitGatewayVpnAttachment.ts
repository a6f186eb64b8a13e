import type { Ip } from "./ip.ts";
import type { End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { TransitGateway, TransitGatewayAttachment } from "./transitGateway.ts";
import type { TransitGatewayRouteTable } from "./transitGatewayRouteTable.ts";
import type { VpnConnection, VpnEndpoint } from "./vpnConnection.ts";
import type { Walk } from "./walk.ts";

/**
 * A VPN connection at a transit gateway.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpn-attachments.html
 */
export class TransitGatewayVpnAttachment implements TransitGatewayAttachment, VpnEndpoint {
  readonly kind = "transit-gateway-attachment";
  readonly id: string;
  readonly gateway: TransitGateway;
  table: TransitGatewayRouteTable | undefined;
  live = false;
  readonly #connection: () => VpnConnection | undefined;

  constructor(id: string, gateway: TransitGateway, connection: () => VpnConnection | undefined) {
    this.id = id;
    this.gateway = gateway;
    this.#connection = connection;
  }

  put(table: TransitGatewayRouteTable | undefined, live: boolean): void {
    this.table = table;
    this.live = live;
  }

  get beyond(): VpnConnection | undefined {
    return this.#connection();
  }

  forward(walk: Walk, packet: Packet): End {
    const connection = this.#connection();
    if (!connection) return walk.drop("TGW_BAD_STATE_VPN", this, packet, undefined, "egress");
    walk.pass(this, packet, undefined, "egress");
    return connection.carry(walk, packet, packet.destination, "TGW_BAD_STATE_VPN");
  }

  reach(address: Ip): number | undefined {
    const ways = this.live ? this.table?.find(address) : undefined;
    // What a site told the gateway, it is not told again.
    if (ways?.some(({ route }) => route.attachment === this.id)) return undefined;
    return ways?.[0]?.block.length;
  }

  enter(walk: Walk, packet: Packet): End {
    if (!this.live) return walk.drop("BAD_STATE_ATTACHMENT", this, packet, undefined, "ingress");
    walk.pass(this, packet, undefined, "ingress");
    return this.gateway.route(walk, packet, { attachment: this, zone: undefined, carrier: undefined });
  }
}
