import type { AclEntry } from "./networkAcl.ts";
import type { OutsideHost } from "./internet.ts";
import type { Packet } from "./packet.ts";
import type { Port } from "./port.ts";
import type { Reason } from "./reason.ts";
import type { ResolvedRoute } from "./routeTable.ts";
import type { SecurityGroupRule } from "./securityGroup.ts";

/** What a packet passes. */
export interface Component {
  readonly kind:
    | "internet"
    | "internet-gateway"
    | "network-acl"
    | "network-interface"
    | "outside-host"
    | "route-table"
    | "security-group"
    | "service"
    | "subnet"
    | "vpc";
  readonly id: string;
}

/** Which way a packet passes an interface or the border of a subnet. */
export type Direction = "egress" | "ingress";

/** What decided at a step. */
export type Ground =
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

/** Told of each step of a walk, in order. */
export type Observer = (step: Step) => void;

/** Where a packet's way ended. */
export type End =
  | { readonly outcome: "delivered"; readonly port: Port; readonly packet: Packet }
  /** The infrastructure itself took it: a service behind a link-local address. */
  | { readonly outcome: "served"; readonly service: string; readonly packet: Packet }
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
