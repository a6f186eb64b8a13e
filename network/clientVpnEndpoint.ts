import { isIpv4, type Block, type Ip } from "./ip.ts";
import type { Component, End } from "./journey.ts";
import { inwardEnds, inwards, isTranslated, opens, outwardEnds, outwards } from "./natHeaders.ts";
import { NatTranslations } from "./natTranslations.ts";
import { errorAbout, isIcmpError, TIME_EXCEEDED, type Packet } from "./packet.ts";
import type { Behind, Port } from "./port.ts";
import { PrefixTable } from "./prefixTable.ts";
import type { Reason } from "./reason.ts";
import type { TransitGatewayClientVpnAttachment } from "./transitGatewayClientVpnAttachment.ts";
import type { VpnClient } from "./vpnClient.ts";
import type { Walk } from "./walk.ts";

/** Where the endpoint sends what is for a block: out of one of its interfaces, to other clients, or to its transit gateway. */
export interface ClientVpnRoute {
  readonly block: Block;
  readonly target: Port | "local" | "transit-gateway";
}

/** Who may send to a block: everybody, or the users of some groups. */
export interface ClientVpnRule {
  readonly block: Block;
  /** Undefined for everybody. */
  readonly group: string | undefined;
}

/** All rules of one block. */
interface Grant {
  readonly block: Block;
  readonly groups: Set<string | undefined>;
}

/**
 * Where the tunnels of users' devices end. It sends their packets on by its own route table, as far as its authorization
 * rules let it: into a VPC under the addresses of its interfaces there, into a transit gateway under the clients' own.
 *
 * @see https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/how-it-works.html
 */
export class ClientVpnEndpoint implements Component, Behind {
  readonly kind = "client-vpn-endpoint";
  readonly id: string;
  /** By their addresses. */
  readonly clients = new Map<Ip, VpnClient>();
  /** By which it is at a transit gateway. */
  attachment: TransitGatewayClientVpnAttachment | undefined;
  #ports: readonly Port[] = [];
  /** By the interface that a client is connected to: other subnets' routes are not for it. */
  #routes = new Map<Port | undefined, PrefixTable<ClientVpnRoute>>();
  #grants = new PrefixTable<Grant>();
  readonly #translations = new NatTranslations();

  constructor(id: string) {
    this.id = id;
  }

  /** The interfaces by which it is in a VPC. */
  get ports(): readonly Port[] {
    return this.#ports;
  }

  put(ports: readonly Port[], routes: readonly ClientVpnRoute[], rules: readonly ClientVpnRule[]): void {
    for (const port of this.#ports)
      if (port.behind === this && !ports.includes(port)) port.behind = undefined;
    this.#ports = ports;
    for (const port of ports) port.behind = this;
    this.#translations.keepOnly(ports.flatMap(({ addresses }) => addresses));
    this.#routes = new Map();
    for (const port of [undefined, ...ports]) {
      const table = new PrefixTable<ClientVpnRoute>();
      for (const route of routes) {
        if (route.target === port || typeof route.target === "string") table.set(route.block, route);
      }
      this.#routes.set(port, table);
    }
    this.#grants = new PrefixTable();
    for (const { block, group } of rules) {
      const known = this.#grants.get(block);
      if (known) known.groups.add(group);
      else this.#grants.set(block, { block, groups: new Set([group]) });
    }
  }

  connect(client: VpnClient): void {
    this.clients.set(client.settings.address, client);
  }

  disconnect({ settings: { address } }: VpnClient): void {
    this.clients.delete(address);
    // Whoever gets the address next is somebody else.
    this.#translations.forget(address);
  }

  /** Of the rules of the longest block around a destination, the one that lets a user through, if any does. */
  authorizes(destination: Ip, groups: ReadonlySet<string>): ClientVpnRule | undefined {
    const grant = this.#grants.find(destination);
    if (!grant) return undefined;
    for (const group of grant.groups) {
      if (group === undefined || groups.has(group)) return { block: grant.block, group };
    }
    return undefined;
  }

  /** Out of a client's tunnel. */
  enter(walk: Walk, packet: Packet, client: VpnClient): End {
    const { port, groups } = client.settings;
    const refuse = (reason: Reason, notice?: Packet): End =>
      walk.drop(reason, this, packet, client, "ingress", undefined, notice);
    const route = this.#routes.get(port)?.find(packet.destination);
    if (!route) return refuse("NO_ROUTE_TO_DESTINATION");
    const rule = this.authorizes(packet.destination, groups);
    if (!rule) return refuse("CLIENT_VPN_UNAUTHORIZED");
    if (packet.ttl <= 1)
      return refuse("TIME_EXCEEDED", errorAbout(packet, packet.destination, TIME_EXCEEDED));
    if (walk.observe) walk.pass(this, packet, client, "ingress", { kind: "authorization", rule });
    if (route.target === "local") return this.deliver(walk, packet);
    if (route.target !== "transit-gateway") return this.#leadOut(walk, packet, route.target);
    const { attachment } = this;
    return attachment ? attachment.enter(walk, packet) : refuse("BAD_STATE_ATTACHMENT");
  }

  /** To one of the clients. */
  deliver(walk: Walk, packet: Packet): End {
    const client = this.clients.get(packet.destination);
    return client
      ? client.receive(walk, packet)
      : walk.drop("NO_POSSIBLE_DESTINATION", this, packet, undefined, "egress");
  }

  /**
   * Into the VPC, under the address of an interface. The client's port stays what it is as long as no other client uses
   * it for the same destination.
   *
   * @see https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/what-is-best-practices.html
   */
  #leadOut(walk: Walk, packet: Packet, port: Port): End {
    const refuse = (reason: Reason): End => walk.drop(reason, this, packet, port, "egress");
    const ends = isTranslated(packet) ? outwardEnds(packet, packet.source) : undefined;
    if (!ends) return refuse("PROTOCOL_RESTRICTION");
    const { near, far } = ends;
    const known = this.#translations.outbound(near, far, walk.now);
    if (!known && !opens(packet)) return refuse("NAT_CONNECTION_UNKNOWN");
    const own = port.addresses.filter(isIpv4);
    const translation = known ?? this.#translations.begin(near, far, own, walk.now, near.port);
    if (!translation) return refuse("NAT_PORTS_EXHAUSTED");
    if (!isIcmpError(packet)) this.#translations.proceed(translation, packet, true, walk.now);
    const sent = outwards(packet, translation);
    if (walk.observe) {
      walk.pass(this, sent, port, "egress", { kind: "translated", before: packet });
      walk.pass(port, sent, port, "egress");
    }
    return walk.emit(port, sent);
  }

  /** Whatever arrives at one of the interfaces: answers to clients, or nothing that it takes. */
  take(walk: Walk, packet: Packet, port: Port): End {
    const refuse = (reason: Reason, notice?: Packet): End =>
      walk.drop(reason, this, packet, port, "ingress", undefined, notice);
    const ends = inwardEnds(packet);
    const translation = ends && this.#translations.inbound(ends.near, ends.far, walk.now);
    const inner = translation && inwards(packet, translation);
    if (!inner) return refuse("UNSOLICITED");
    const { destination } = packet;
    if (packet.ttl <= 1) return refuse("TIME_EXCEEDED", errorAbout(packet, destination, TIME_EXCEEDED));
    if (!isIcmpError(packet)) this.#translations.proceed(translation, packet, false, walk.now);
    if (walk.observe) walk.pass(this, inner, port, "ingress", { kind: "translated", before: packet });
    return this.deliver(walk, inner);
  }
}
