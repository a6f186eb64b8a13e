import type { ClientVpnRule } from "./clientVpnEndpoint.ts";
import type { CustomerSite } from "./customerSite.ts";
import type { AclEntry } from "./networkAcl.ts";
import type { OutsideHost } from "./internet.ts";
import type { Ip } from "./ip.ts";
import type { Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import type { Reason } from "./reason.ts";
import type { ResolvedRoute } from "./routeTable.ts";
import type { SecurityGroupRule } from "./securityGroup.ts";
import type { TransitGatewayPolicyEntry } from "./transitGatewayPolicyTable.ts";
import type { ResolvedTransitRoute } from "./transitGatewayRouteTable.ts";
import type { VpnClient } from "./vpnClient.ts";
import type { Walk } from "./walk.ts";

/** What a packet passes. */
export interface Component {
  readonly kind:
    | "client-vpn-endpoint"
    | "connect-peer"
    | "customer-site"
    | "egress-only-internet-gateway"
    | "internet"
    | "internet-gateway"
    | "nat-gateway"
    | "load-balancer"
    | "network-acl"
    | "network-interface"
    | "outside-host"
    | "route-table"
    | "security-group"
    | "service"
    | "subnet"
    | "transit-gateway"
    | "transit-gateway-attachment"
    | "transit-gateway-multicast-domain"
    | "transit-gateway-policy-table"
    | "transit-gateway-route-table"
    | "virtual-interface"
    | "vpc"
    | "vpc-peering-connection"
    | "vpc-endpoint"
    | "vpn-client"
    | "vpn-connection"
    | "vpn-gateway";
  readonly id: string;
}

/** Which way a packet passes an interface or the border of a subnet. */
export type Direction = "egress" | "ingress";

/** What decided at a step. */
export type Ground =
  /** AWS's address of the VPN tunnel that was chosen. */
  | { readonly kind: "tunnel"; readonly outside: Ip }
  | {
      readonly kind: "rule";
      readonly group: string;
      readonly rule: SecurityGroupRule;
      readonly tracked: boolean;
    }
  /** Of a flow that security groups have allowed before. */
  | { readonly kind: "tracked" }
  | { readonly kind: "entry"; readonly entry: AclEntry }
  | { readonly kind: "route"; readonly route: ResolvedRoute }
  | { readonly kind: "transit-route"; readonly route: ResolvedTransitRoute }
  | { readonly kind: "authorization"; readonly rule: ClientVpnRule }
  | { readonly kind: "policy"; readonly entry: TransitGatewayPolicyEntry }
  | { readonly kind: "translated"; readonly before: Packet };

/** What happened to a packet at one component. */
export interface Step {
  readonly component: Component;
  /** The interface or subnet whose filter this is. */
  readonly at: Component | undefined;
  readonly direction: Direction | undefined;
  /** Absent where the packet passed. */
  readonly reason: Reason | undefined;
  readonly ground: Ground | undefined;
  /** As it left the component. */
  readonly packet: Packet;
}

/** Told of each step of a walk, in order. @param now milliseconds */
export type Observer = (step: Step, now: number) => void;

/** What a service answers through: it lets nothing in but answers to what went out by it. */
export interface ServiceDoor extends Component {
  answer(walk: Walk, packet: Packet): End;
}

/** Where a packet's way ended. */
export type End =
  | { readonly outcome: "delivered"; readonly port: Port; readonly packet: Packet }
  /** The infrastructure itself took it: a service behind a link-local address, or behind an endpoint, its door. */
  | {
      readonly outcome: "served";
      readonly service: string;
      readonly packet: Packet;
      readonly door?: ServiceDoor | undefined;
    }
  /** It went to the members of a multicast group, each copy by its own way. */
  | { readonly outcome: "multicast"; readonly packet: Packet; readonly ends: readonly End[] }
  /** It came out of a VPN tunnel. */
  | { readonly outcome: "site"; readonly site: CustomerSite; readonly packet: Packet }
  /** It came out of the tunnel of a Client VPN endpoint. */
  | { readonly outcome: "client"; readonly client: VpnClient; readonly packet: Packet }
  /** It left for the internet; `host` if that is one that has a name. */
  | { readonly outcome: "outside"; readonly host: OutsideHost | undefined; readonly packet: Packet }
  | {
      readonly outcome: "dropped";
      readonly reason: Reason;
      readonly component: Component;
      readonly at: Component | undefined;
      readonly direction: Direction | undefined;
      readonly ground: Ground | undefined;
      readonly packet: Packet;
      /** The ICMP error that goes back to the packet's source. */
      readonly notice: Packet | undefined;
    };

/** The whole way of a packet. */
export interface Journey {
  readonly sent: Packet;
  readonly steps: readonly Step[];
  readonly end: End;
}
