import { textHash } from "./flowHash.ts";
import { flowOf, Flows } from "./flows.ts";
import { isIpv4, type Ip } from "./ip.ts";
import type { Component, End } from "./journey.ts";
import { packet as newPacket, reply, TCP, UDP, type Packet } from "./packet.ts";
import type { Behind, Port } from "./port.ts";
import type { Reason } from "./reason.ts";
import type { Walk } from "./walk.ts";

/** Where Gateway Load Balancers and appliances send each other packets, inside UDP. RFC 8926. */
const GENEVE = 6081;
/** Bytes that are added to a packet: IPv4, UDP and GENEVE with the options that AWS puts in. */
const GENEVE_OVERHEAD = 68;
/** Bytes. @see https://docs.aws.amazon.com/elasticloadbalancing/latest/gateway/gateway-load-balancers.html */
export const GENEVE_MTU = 8500;

const FIRST_PORT = 1024;
const PORTS = 65_536 - FIRST_PORT;

/** What can change about a load balancer. */
export interface LoadBalancerSettings {
  /** Its interfaces, one in each of its zones. */
  readonly nodes: readonly Port[];
  /** The interfaces that it distributes packets to. */
  readonly targets: readonly Port[];
  /** Whether a node sends to targets in other zones, too. */
  readonly crossZone: boolean;
}

/** A client's flow, on the way between an interface that faces the client and a target. */
interface Relayed {
  readonly front: Port;
  readonly client: Packet;
  readonly node: Port;
  readonly target: Port;
  readonly nodeAddress: Ip;
  readonly targetAddress: Ip;
  readonly nodePort: number;
}

/**
 * What stands before a service's targets. A Network Load Balancer speaks to them in its own name; a Gateway Load
 * Balancer shows appliances whole packets, all of one flow to the same appliance, and gets them back.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/gateway/gateway-load-balancers.html
 */
export class LoadBalancer implements Behind, Component {
  readonly kind = "load-balancer";
  readonly tracksFlows = true;
  readonly id: string;
  readonly unasked = "BAD_STATE";
  readonly type: "gateway" | "network";
  nodes: readonly Port[] = [];
  #targets: readonly Port[] = [];
  #crossZone = false;
  /** By the client's flow, and by the target's. */
  readonly #forward = new Flows<Relayed>();
  readonly #back = new Flows<Relayed>();
  readonly #inspected = new Flows<Port>();
  #nextPort = 0;

  constructor(id: string, type: "gateway" | "network") {
    this.id = id;
    this.type = type;
  }

  put({ nodes, targets, crossZone }: LoadBalancerSettings): void {
    this.nodes = nodes;
    this.#targets = targets;
    this.#crossZone = crossZone;
  }

  nodeIn(zone: string): Port | undefined {
    return this.nodes.find(({ subnet }) => subnet.zone === zone);
  }

  /** The targets that a node of it distributes packets to. */
  targetsOf({ subnet }: Port): readonly Port[] {
    return this.#targets.filter((each) => each.live && (this.#crossZone || each.subnet.zone === subnet.zone));
  }

  /** Why a node has no targets. */
  get withoutTarget(): "ELBV2_LISTENER_HAS_NO_TG" | "ELBV2_NO_TARGETS_IN_AZ" {
    return this.#targets.some(({ live }) => live) ? "ELBV2_NO_TARGETS_IN_AZ" : "ELBV2_LISTENER_HAS_NO_TG";
  }

  /** The node that takes what comes by an interface; of a client in another region, any: its zones are others. */
  nodeFor({ id, subnet }: Port, far: boolean): Port | undefined {
    return far ? choose(this.nodes, id) : this.nodeIn(subnet.zone);
  }

  /** A packet to one of its own interfaces: an answer of a target, or a client in its own VPC. */
  take(walk: Walk, packet: Packet, node: Port): End {
    // What an appliance sends back is unpacked by whoever packed it.
    if (this.type === "gateway") return { outcome: "delivered", port: node, packet };
    const relayed = this.#back.find(`${node.id} ${flowOf(packet)}`, packet, walk.now);
    if (!relayed || packet.source !== relayed.targetAddress) return this.enter(walk, packet, node);
    const { client, front } = relayed;
    const answer: Packet = {
      ...packet,
      source: client.destination,
      destination: client.source,
      sourcePort: client.destinationPort,
      destinationPort: client.sourcePort,
    };
    if (walk.observe) walk.pass(this, answer, front, "egress", { kind: "translated", before: packet });
    return walk.emit(front, answer);
  }

  /**
   * A client's packet, to be passed on to a target in the load balancer's own name.
   *
   * @param front the interface by which it came, and by which answers go
   * @param far whether that is in another region
   */
  enter(walk: Walk, packet: Packet, front: Port, far = false): End {
    const refuse = (reason: Reason): End => walk.drop(reason, this, packet, front, "ingress");
    if (packet.protocol !== TCP && packet.protocol !== UDP) return refuse("PROTOCOL_RESTRICTION");
    const key = `${front.id} ${flowOf(packet)}`;
    const relayed = this.#relayed(walk, packet, front, key, far);
    if (typeof relayed === "string") return refuse(relayed);
    const { node, nodeAddress, targetAddress, nodePort } = relayed;
    const onward: Packet = {
      ...packet,
      source: nodeAddress,
      destination: targetAddress,
      sourcePort: nodePort,
    };
    if (walk.observe) walk.pass(this, onward, node, "egress", { kind: "translated", before: packet });
    return walk.emit(node, onward);
  }

  /**
   * Shows a packet to the appliance that has its flow.
   *
   * @param endpoint the interface of the endpoint that it came to, whose flows are apart from those of others
   * @returns why it did not come back, if it did not
   */
  inspect(walk: Walk, packet: Packet, endpoint: Port): End | undefined {
    const there = this.show(walk, packet, endpoint);
    if (there.outcome !== "delivered") return there;
    const { packet: carrier, port } = there;
    const back = walk.fabric.listening.hears(port.owner, carrier) ? reply(carrier, true) : undefined;
    if (!back) return walk.drop("APPLIANCE_SILENT", port, packet, port, "ingress");
    const returned = walk.transmit(port, { ...back, length: carrier.length, about: packet });
    const isBack = returned.outcome === "delivered" && returned.port === this.nodeIn(endpoint.subnet.zone);
    return isBack ? undefined : returned;
  }

  /** As `inspect`, of a packet that need not come back. */
  show(walk: Walk, packet: Packet, endpoint: Port): End {
    const node = this.nodeIn(endpoint.subnet.zone);
    const key = `${endpoint.id} ${flowOf(packet)}`;
    const appliance = node && this.#applianceFor(walk, packet, node, key);
    const from = node?.addresses.find(isIpv4);
    const to = appliance?.addresses.find(isIpv4);
    if (!node || from === undefined || to === undefined) {
      return walk.drop(this.withoutTarget, this, packet, endpoint, "ingress");
    }
    const tooLong = walk.tooLong(this, packet, endpoint.subnet.router ?? packet.destination, GENEVE_MTU);
    if (tooLong) return tooLong;
    const carrier = newPacket({
      source: from,
      destination: to,
      protocol: UDP,
      sourcePort: FIRST_PORT + (textHash(key) % PORTS),
      destinationPort: GENEVE,
      length: packet.length + GENEVE_OVERHEAD,
      about: packet,
    });
    return walk.emit(node, carrier);
  }

  #relayed(
    walk: Walk,
    packet: Packet,
    front: Port,
    key: string,
    far: boolean,
  ): Relayed | "ELBV2_LISTENER_HAS_NO_TG" | "ELBV2_NO_TARGETS_IN_AZ" | "VPCE_SERVICE_NOT_INSTALLED_IN_AZ" {
    const known = this.#forward.find(key, packet, walk.now);
    if (known?.target.live && this.nodes.includes(known.node)) return known;
    const node = this.nodeFor(front, far);
    if (!node) return "VPCE_SERVICE_NOT_INSTALLED_IN_AZ";
    const target = choose(this.targetsOf(node), key);
    const nodeAddress = node.addresses[0];
    const targetAddress = target?.addresses.find((each) => isIpv4(each) === isIpv4(nodeAddress ?? 0));
    if (!target || nodeAddress === undefined || targetAddress === undefined) return this.withoutTarget;
    const relayed: Relayed = {
      front,
      client: packet,
      node,
      target,
      nodeAddress,
      targetAddress,
      nodePort: FIRST_PORT + (this.#nextPort++ % PORTS),
    };
    const onward = {
      ...packet,
      source: nodeAddress,
      destination: targetAddress,
      sourcePort: relayed.nodePort,
    };
    this.#forward.keep(key, packet, relayed, walk.now);
    this.#back.keep(`${node.id} ${flowOf(onward)}`, packet, relayed, walk.now);
    return relayed;
  }

  #applianceFor(walk: Walk, packet: Packet, node: Port, key: string): Port | undefined {
    const known = this.#inspected.find(key, packet, walk.now);
    if (known?.live && this.#targets.includes(known)) return known;
    const appliance = choose(this.targetsOf(node), key);
    if (appliance) this.#inspected.keep(key, packet, appliance, walk.now);
    return appliance;
  }
}

/** The target of a flow: each flow ranks the targets its own way, so that one more or less moves few flows. */
function choose(targets: readonly Port[], key: string): Port | undefined {
  let best: Port | undefined;
  let most = -1;
  for (const target of targets) {
    const rank = textHash(`${key} ${target.id}`);
    if (rank <= most) continue;
    best = target;
    most = rank;
  }
  return best;
}
