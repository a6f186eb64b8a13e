import type { Ip } from "./ip.ts";
import type { End } from "./journey.ts";
import type { Packet } from "./packet.ts";
import type { TransitGateway, TransitGatewayAttachment } from "./transitGateway.ts";
import type { TransitGatewayRouteTable } from "./transitGatewayRouteTable.ts";
import type { VpnConnection, VpnEndpoint } from "./vpnConnection.ts";
import type { Walk } from "./walk.ts";

/**
 * A VPN connection at a transit gateway, or a VPN concentrator, which is many as one: sites behind it reach each other
 * only as far as the gateway's table leads back to it.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpn-attachments.html
 */
export class TransitGatewayVpnAttachment implements TransitGatewayAttachment, VpnEndpoint {
  readonly kind = "transit-gateway-attachment";
  readonly id: string;
  readonly gateway: TransitGateway;
  readonly beyond = "vpn-connection";
  table: TransitGatewayRouteTable | undefined;
  live = false;
  readonly #connectionTo: (address: Ip) => VpnConnection | undefined;

  /** @param connectionTo the connection that packets to an address leave by */
  constructor(id: string, gateway: TransitGateway, connectionTo: (address: Ip) => VpnConnection | undefined) {
    this.id = id;
    this.gateway = gateway;
    this.#connectionTo = connectionTo;
  }

  put(table: TransitGatewayRouteTable | undefined, live: boolean): void {
    this.table = table;
    this.live = live;
  }

  forward(walk: Walk, packet: Packet): End {
    const connection = this.#connectionTo(packet.destination);
    if (!connection) return walk.drop("TGW_BAD_STATE_VPN", this, packet, undefined, "egress");
    walk.pass(this, packet, undefined, "egress");
    return connection.carry(walk, packet, packet.destination, "TGW_BAD_STATE_VPN");
  }

  reach(address: Ip, from: VpnConnection): number | undefined {
    const ways = this.live ? this.table?.find(address) : undefined;
    // What a site told the gateway, it is not told again.
    const isBack = ways?.some(({ route }) => route.attachment === this.id) ?? false;
    return isBack && this.#connectionTo(address) === from ? undefined : ways?.[0]?.block.length;
  }

  enter(walk: Walk, packet: Packet): End {
    if (!this.live) return walk.drop("BAD_STATE_ATTACHMENT", this, packet, undefined, "ingress");
    walk.pass(this, packet, undefined, "ingress");
    return this.gateway.route(walk, packet, { attachment: this, zone: undefined, carrier: undefined });
  }
}
