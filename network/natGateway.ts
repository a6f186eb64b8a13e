import { isIpv4, type Ip } from "./ip.ts";
import type { End } from "./journey.ts";
import { ipv6Of } from "./nat64.ts";
import { inIpv4, inwardEnds, inwards, isTranslated, opens, outwardEnds, outwards } from "./natHeaders.ts";
import { NatTranslations, type Translation } from "./natTranslations.ts";
import {
  errorAbout,
  isIcmpError,
  packet as newPacket,
  RST,
  TCP,
  TIME_EXCEEDED,
  UDP,
  type Packet,
} from "./packet.ts";
import type { Behind, Port } from "./port.ts";
import type { Reason } from "./reason.ts";
import type { RouteTarget } from "./routeTarget.ts";
import type { Subnet } from "./subnet.ts";
import type { Vpc } from "./vpc.ts";
import type { Walk } from "./walk.ts";

/** Bytes. */
const MTU = 8500;

/**
 * Lets who is inside speak to who is outside as if it was the gateway, and lets only answers back in. A zonal one is in a
 * subnet with an interface of its own: what it sends on goes by that subnet's routes and past its network ACL. A regional
 * one has a door in each of its zones, and one route table for them all.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html
 */
export class NatGateway implements RouteTarget, Behind {
  readonly kind = "nat-gateway";
  readonly tracksFlows = true;
  readonly id: string;
  readonly vpc: Vpc;
  /** Whether it serves no zones but its own. */
  chosenZones = false;
  #live = false;
  #doors: readonly Port[] = [];
  #draining: readonly Ip[] = [];
  readonly #translations = new NatTranslations();
  /** Zones in which a connection has found no free port. */
  readonly #crowded = new Set<string>();

  constructor(id: string, vpc: Vpc) {
    this.id = id;
    this.vpc = vpc;
  }

  /** The interfaces that it works through: its own one, or one in each zone. */
  get doors(): readonly Port[] {
    return this.#doors;
  }

  get subnet(): Subnet | undefined {
    return this.#doors[0]?.subnet;
  }

  /** @param draining addresses that only go on with the connections that they have */
  put(live: boolean, doors: readonly Port[], draining: readonly Ip[]): void {
    this.#live = live;
    this.#doors = doors;
    this.#draining = draining;
    for (const door of doors) door.behind = this;
    this.#translations.keepOnly(doors.flatMap(({ addresses }) => addresses));
  }

  /** Of a door's addresses, those that take new connections. */
  addressesAt({ addresses }: Port): readonly Ip[] {
    return addresses.filter((address) => isIpv4(address) && !this.#draining.includes(address));
  }

  /** Where packets of a sender come in: in its own zone, unless the gateway has nothing there yet. */
  doorFor(sender: Port | undefined): Port | undefined {
    const [first] = this.#doors;
    const isClosed = this.chosenZones && sender !== undefined;
    if (this.#doors.length <= 1 && !isClosed) return first;
    const own = this.#doors.find(({ subnet }) => subnet.zone === sender?.subnet.zone);
    return own ?? (isClosed ? undefined : first);
  }

  /** The zones in which a connection has found no free port since this was last asked. */
  takeCrowded(): readonly string[] {
    const zones = [...this.#crowded];
    this.#crowded.clear();
    return zones;
  }

  serves(vpc: Vpc): boolean {
    return this.#live && vpc === this.vpc;
  }

  /** From inside, by a route that leads here. */
  forward(walk: Walk, packet: Packet, sender: Port | undefined): End {
    const port = this.doorFor(sender);
    if (!port) {
      const reason = this.#doors.length === 0 ? "NAT_PORTS_EXHAUSTED" : "REGIONAL_NGW_ROUTE_AZ_RESTRICTION";
      return walk.drop(reason, this, packet, sender, "egress");
    }
    const denied = sender?.subnet === port.subnet ? undefined : walk.guard(port, packet, false);
    if (denied) return denied;
    if (walk.observe) walk.pass(port, packet, port, "ingress");
    return this.take(walk, packet, port, sender);
  }

  /** Whatever arrives at one of the gateway's interfaces. */
  take(walk: Walk, packet: Packet, port: Port, sender: Port | undefined): End {
    if (!this.#live) return walk.drop("UNSOLICITED", this, packet, port, "ingress");
    return port.owns(packet.destination)
      ? this.#lead(walk, packet, port)
      : this.#leadOut(walk, packet, port, sender);
  }

  #leadOut(walk: Walk, packet: Packet, port: Port, sender: Port | undefined): End {
    const { vpc } = this;
    const { source, destination, protocol } = packet;
    const refuse = (reason: Reason, notice?: Packet): End =>
      walk.drop(reason, this, packet, port, "egress", undefined, notice);
    if (sender ? sender.subnet.vpc !== vpc : !vpc.hasAddress(source)) {
      return refuse("NGW_REQUIRES_SOURCE_IN_VPC");
    }
    const plain = isIpv4(source) ? packet : inIpv4(packet);
    if (!plain || !isTranslated(plain)) return refuse("PROTOCOL_RESTRICTION");
    const router = seenFrom(port, source);
    if (packet.ttl <= 1) return refuse("TIME_EXCEEDED", errorAbout(packet, router, TIME_EXCEEDED));
    const tooLong = this.#tooLong(walk, packet, port, router);
    if (tooLong) return tooLong;
    const ends = outwardEnds(plain, source);
    const known = ends && this.#translations.outbound(ends.near, ends.far, walk.now);
    if (!known && !opens(plain)) {
      return refuse("NAT_CONNECTION_UNKNOWN", protocol === TCP ? resetOf(packet, destination) : undefined);
    }
    const translation =
      known ?? (ends && this.#translations.begin(ends.near, ends.far, this.addressesAt(port), walk.now));
    if (!translation) {
      if (this.#translations.hasRoom) this.#crowded.add(port.subnet.zone);
      return refuse("NAT_PORTS_EXHAUSTED");
    }
    if (!isIcmpError(plain)) this.#translations.proceed(translation, plain, true, walk.now);
    return this.#send(walk, packet, outwards(plain, translation), this.#ownerOf(translation, port));
  }

  /** A packet to one of the gateway's own addresses: an answer to who is inside, or nothing that it takes. */
  #lead(walk: Walk, packet: Packet, port: Port): End {
    const refuse = (reason: Reason, notice?: Packet): End =>
      walk.drop(reason, this, packet, port, "ingress", undefined, notice);
    const ends = inwardEnds(packet);
    const translation = ends && this.#translations.inbound(ends.near, ends.far, walk.now);
    if (!translation) return refuse("UNSOLICITED");
    const inner = inwards(packet, translation);
    if (!inner) return refuse("PROTOCOL_RESTRICTION");
    const { destination } = packet;
    if (packet.ttl <= 1) return refuse("TIME_EXCEEDED", errorAbout(packet, destination, TIME_EXCEEDED));
    const tooLong = this.#tooLong(walk, packet, port, destination);
    if (tooLong) return tooLong;
    if (!isIcmpError(packet)) this.#translations.proceed(translation, packet, false, walk.now);
    return this.#send(walk, packet, inner, port);
  }

  /** A connection stays with its address, though its zone may have got others since. */
  #ownerOf({ outside }: Translation, port: Port): Port {
    if (this.#doors.length <= 1 || port.owns(outside.address)) return port;
    return this.#doors.find((door) => door.owns(outside.address)) ?? port;
  }

  #send(walk: Walk, before: Packet, after: Packet, port: Port): End {
    if (walk.observe) {
      walk.pass(this, after, port, "egress", { kind: "translated", before });
      walk.pass(port, after, port, "egress");
    }
    return walk.emit(port, after);
  }

  /** Fragments of UDP pass, those of other protocols do not. */
  #tooLong(walk: Walk, packet: Packet, port: Port, router: Ip): End | undefined {
    if (packet.length <= MTU) return undefined;
    const told = walk.tooLong(this, packet, router, MTU);
    if (told || packet.protocol === UDP) return told;
    return walk.drop("FRAGMENTATION_NEEDED", this, packet, port);
  }
}

/** The gateway itself, to who has an address of this version. */
function seenFrom({ addresses }: Port, address: Ip): Ip {
  const own = addresses.find(isIpv4) ?? 0;
  return isIpv4(address) ? own : ipv6Of(own);
}

/** What tells the sender of a packet that its connection is gone; nothing is said to a reset. */
const resetOf = (packet: Packet, source: Ip): Packet | undefined =>
  (packet.flags & RST) !== 0
    ? undefined
    : newPacket({
        source,
        destination: packet.source,
        protocol: TCP,
        sourcePort: packet.destinationPort,
        destinationPort: packet.sourcePort,
        flags: RST,
      });
