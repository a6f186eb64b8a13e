import type { BlockMode } from "./blockPublicAccess.ts";
import { ClientVpns } from "./clientVpns.ts";
import { defaultTracking } from "./connectionTracking.ts";
import type { CustomerSite } from "./customerSite.ts";
import { Endpoints } from "./endpoints.ts";
import { EgressOnlyInternetGateway } from "./egressOnlyInternetGateway.ts";
import { FlowLogs } from "./flowLogs.ts";
import { Internet, type PublicMapping } from "./internet.ts";
import { InternetGateway } from "./internetGateway.ts";
import { isIpv4, type Block, type Ip } from "./ip.ts";
import type { End, Journey, Observer, ServiceDoor, Step } from "./journey.ts";
import { Listening } from "./listening.ts";
import { NatGateway } from "./natGateway.ts";
import { NetworkAcl, type AclEntry } from "./networkAcl.ts";
import type { Packet } from "./packet.ts";
import { Peering, type PeeringPlan } from "./peering.ts";
import { Port, type PortSettings } from "./port.ts";
import { PrefixList, PrefixLists } from "./prefixList.ts";
import { regionalDoor, type RegionalNatGatewayPlan } from "./regionalDoor.ts";
import { RouteTable, type Route } from "./routeTable.ts";
import type { RouteTarget } from "./routeTarget.ts";
import { SecurityGroup, type SecurityGroupRule } from "./securityGroup.ts";
import { Subnet } from "./subnet.ts";
import { TrafficMirror } from "./trafficMirror.ts";
import { TransitFlowLogs } from "./transitFlowLogs.ts";
import { TransitGateways } from "./transitGateways.ts";
import { Vpc } from "./vpc.ts";
import { Vpns } from "./vpns.ts";
import type { VpnClient } from "./vpnClient.ts";
import { Walk, type Frame } from "./walk.ts";

export interface VpcPlan {
  readonly id: string;
  readonly blocks: readonly Block[];
  readonly dns?: boolean;
}

export interface RouteTablePlan {
  readonly id: string;
  readonly vpc: string;
  /** Whether subnets that have no table use this one. */
  readonly main: boolean;
  readonly routes: readonly Route[];
}

export interface SubnetPlan {
  readonly id: string;
  readonly vpc: string;
  readonly zone: string;
  readonly blocks: readonly Block[];
  readonly acl: string;
  readonly table: string | undefined;
}

export interface GatewayPlan {
  readonly id: string;
  readonly vpc: string | undefined;
  readonly table: string | undefined;
}

export interface PortPlan extends Omit<PortSettings, "groups" | "tracking" | "prefixes"> {
  readonly id: string;
  readonly mac: string;
  readonly subnet: string;
  readonly prefixes?: readonly Block[];
  readonly groups: readonly string[];
  readonly tracking?: PortSettings["tracking"];
}

export interface NatGatewayPlan {
  readonly id: string;
  /** The gateway's own interface. */
  readonly port: string;
  /** Whether it takes packets. */
  readonly live: boolean;
  /** Its addresses that take no new connections. */
  readonly draining: readonly Ip[];
}

export interface PublicAddressPlan {
  readonly address: Ip;
  /** The interface and the private address that it leads to, or the regional NAT gateway that has it itself. */
  readonly to: { readonly port: string; readonly inside: Ip } | { readonly natGateway: string } | undefined;
}

/** Who can send, and be answered: an interface, or what is behind AWS's end of a tunnel. */
export type Sender = Port | CustomerSite | VpnClient;

/**
 * All networks of one region: what there is, and who is connected to what. `put…` makes a thing or changes it, at a
 * cost that does not depend on how many others there are; what it names must be there already.
 *
 * @throws {RangeError} for a thing that is named but not there
 */
export class Fabric {
  readonly internet = new Internet();
  /** What routes can lead to. */
  readonly targets = new Map<string, RouteTarget>();
  /** Told of every step of every packet. */
  readonly observers = new Set<Observer>();
  readonly flowLogs = new FlowLogs(this.observers, this.targets);
  readonly transitFlowLogs = new TransitFlowLogs();
  readonly trafficMirror = new TrafficMirror(this);
  readonly ports = new Map<string, Port>();
  readonly peerings = new Map<string, Peering>();
  readonly listening = new Listening();
  readonly #vpcs = new Map<string, Vpc>();
  readonly #tables = new Map<string, RouteTable>();
  readonly #acls = new Map<string, NetworkAcl>();
  readonly #groups = new Map<string, SecurityGroup>();
  readonly #subnets = new Map<string, Subnet>();
  readonly #gateways = new Map<string, InternetGateway>();
  readonly #lists = new PrefixLists();
  readonly transitGateways = new TransitGateways({
    targets: this.targets,
    ports: this.ports,
    subnets: this.#subnets,
    vpcs: this.#vpcs,
    lists: this.#lists,
  });
  readonly vpns = new Vpns({
    targets: this.targets,
    vpcs: this.#vpcs,
    tables: this.#tables,
    transitGateways: this.transitGateways,
  });
  readonly clientVpns = new ClientVpns({ ports: this.ports, transitGateways: this.transitGateways });
  readonly endpoints = new Endpoints({
    targets: this.targets,
    ports: this.ports,
    vpcs: this.#vpcs,
    lists: this.#lists,
  });

  putVpc({ id, blocks, dns = true }: VpcPlan): void {
    const vpc = made(this.#vpcs, id, () => new Vpc(id));
    for (const block of vpc.blocks) if (!isIpv4(block.base)) this.internet.ipv6.delete(block);
    vpc.put(blocks, dns);
    for (const block of blocks) if (!isIpv4(block.base)) this.internet.ipv6.set(block, vpc);
  }

  removeVpc(id: string): void {
    for (const block of this.#vpcs.get(id)?.blocks ?? []) {
      if (!isIpv4(block.base)) this.internet.ipv6.delete(block);
    }
    this.#vpcs.delete(id);
  }

  putRouteTable({ id, vpc: vpcId, main, routes }: RouteTablePlan): void {
    const vpc = required(this.#vpcs, vpcId);
    const table = made(this.#tables, id, () => new RouteTable(id, vpc, this.#lists));
    table.put(routes);
    if (main) vpc.mainTable = table;
    else if (vpc.mainTable === table) vpc.mainTable = undefined;
  }

  removeRouteTable(id: string): void {
    const table = this.#tables.get(id);
    if (table && table.vpc.mainTable === table) table.vpc.mainTable = undefined;
    this.#tables.delete(id);
  }

  putNetworkAcl(id: string, entries: readonly AclEntry[]): void {
    made(this.#acls, id, () => new NetworkAcl(id)).put(entries);
  }

  removeNetworkAcl(id: string): void {
    this.#acls.delete(id);
  }

  putSecurityGroup(id: string, rules: readonly SecurityGroupRule[]): void {
    made(this.#groups, id, () => new SecurityGroup(id, this.#lists)).put(rules);
  }

  removeSecurityGroup(id: string): void {
    this.#groups.delete(id);
  }

  putPrefixList(id: string, blocks: readonly Block[]): void {
    this.#lists.put(new PrefixList(id, blocks));
  }

  removePrefixList(id: string): void {
    this.#lists.remove(id);
  }

  putSubnet({ id, vpc, zone, blocks, acl, table }: SubnetPlan): void {
    const subnet = made(this.#subnets, id, () => new Subnet(id, required(this.#vpcs, vpc), zone));
    const ownTable = table === undefined ? undefined : required(this.#tables, table);
    subnet.put(blocks, required(this.#acls, acl), ownTable);
  }

  removeSubnet(id: string): void {
    this.#subnets.delete(id);
  }

  putInternetGateway({ id, vpc: vpcId, table }: GatewayPlan): void {
    const gateway = made(this.#gateways, id, () => new InternetGateway(id));
    const vpc = vpcId === undefined ? undefined : required(this.#vpcs, vpcId);
    if (gateway.vpc && gateway.vpc !== vpc && gateway.vpc.gateway === gateway)
      gateway.vpc.gateway = undefined;
    gateway.vpc = vpc;
    gateway.table = table === undefined ? undefined : required(this.#tables, table);
    if (vpc) vpc.gateway = gateway;
    this.targets.set(id, gateway);
  }

  removeInternetGateway(id: string): void {
    const gateway = this.#gateways.get(id);
    if (gateway?.vpc?.gateway === gateway && gateway?.vpc) gateway.vpc.gateway = undefined;
    this.#gateways.delete(id);
    this.targets.delete(id);
  }

  putPeering(plan: PeeringPlan): void {
    const peering = new Peering(plan, this.#vpcs);
    this.peerings.set(plan.id, peering);
    this.targets.set(plan.id, peering);
  }

  removePeering(id: string): void {
    this.peerings.delete(id);
    this.targets.delete(id);
  }

  putPort({ id, mac, subnet: subnetId, groups, prefixes = [], tracking, ...settings }: PortPlan): void {
    const subnet = required(this.#subnets, subnetId);
    const carried = groups.map((group) => required(this.#groups, group));
    const port = made(this.ports, id, () => new Port(id, mac, subnet));
    unplug(port);
    port.put({ ...settings, prefixes, groups: carried, tracking: tracking ?? defaultTracking });
    const { vpc } = subnet;
    for (const address of port.addresses) vpc.ports.set(address, port);
    for (const prefix of port.prefixes) vpc.delegated.set(prefix, port);
    subnet.portsByMac.set(port.mac, port);
    this.targets.set(id, port);
  }

  removePort(id: string): void {
    const port = this.ports.get(id);
    if (port) unplug(port);
    this.ports.delete(id);
    this.targets.delete(id);
  }

  putNatGateway({ id, port: portId, live, draining }: NatGatewayPlan): void {
    const port = required(this.ports, portId);
    this.#natGateway(id, port.subnet.vpc).put(live, [port], draining);
  }

  putRegionalNatGateway(plan: RegionalNatGatewayPlan): void {
    const vpc = required(this.#vpcs, plan.vpc);
    const table = plan.table === undefined ? undefined : required(this.#tables, plan.table);
    const gateway = this.#natGateway(plan.id, vpc);
    for (const door of gateway.doors) unplug(door);
    const doors = plan.doors.map((each) => regionalDoor(plan, vpc, table, each));
    for (const door of doors) {
      for (const address of door.addresses) if (!vpc.ports.has(address)) vpc.ports.set(address, door);
    }
    gateway.chosenZones = plan.chosenZones ?? false;
    gateway.put(plan.live, doors, plan.draining);
  }

  #natGateway(id: string, vpc: Vpc): NatGateway {
    const known = this.targets.get(id);
    if (known instanceof NatGateway) return known;
    const gateway = new NatGateway(id, vpc);
    this.targets.set(id, gateway);
    return gateway;
  }

  removeNatGateway(id: string): void {
    const gateway = this.targets.get(id);
    if (gateway instanceof NatGateway) {
      for (const door of gateway.doors) {
        door.behind = undefined;
        if (!this.ports.has(door.id)) unplug(door);
      }
    }
    this.targets.delete(id);
  }

  putEgressOnlyInternetGateway(id: string, vpc: string): void {
    if (!this.targets.has(id)) {
      this.targets.set(id, new EgressOnlyInternetGateway(id, required(this.#vpcs, vpc)));
    }
  }

  removeEgressOnlyInternetGateway(id: string): void {
    this.targets.delete(id);
  }

  /** Says what of the internet a subnet is kept from. */
  blockPublicAccess(subnet: string, mode: BlockMode): void {
    const known = this.#subnets.get(subnet);
    if (known) known.blockMode = mode;
  }

  putPublicAddress({ address, to }: PublicAddressPlan): void {
    this.removePublicAddress(address);
    const mapping = to && this.#mappingTo(address, to);
    this.internet.publicAddresses.set(address, mapping);
    mapping?.vpc.publicOf.set(mapping.inside, address);
  }

  #mappingTo(address: Ip, to: NonNullable<PublicAddressPlan["to"]>): PublicMapping {
    if ("port" in to) return { vpc: required(this.ports, to.port).subnet.vpc, inside: to.inside };
    const gateway = this.targets.get(to.natGateway);
    if (gateway instanceof NatGateway) return { vpc: gateway.vpc, inside: address };
    throw new RangeError(`the fabric has no ${to.natGateway}`);
  }

  removePublicAddress(address: Ip): void {
    const before = this.internet.publicAddresses.get(address);
    if (before && before.vpc.publicOf.get(before.inside) === address)
      before.vpc.publicOf.delete(before.inside);
    this.internet.publicAddresses.delete(address);
  }

  /** Sends a packet from an interface. @param now milliseconds */
  send(port: Port, packet: Packet, now: number, frame?: Frame): End {
    return new Walk(this, now, this.#observer()).transmit(port, packet, frame);
  }

  /** Sends a packet from somebody, undefined for somewhere on the internet, and notes its whole way. */
  trace(from: Sender | undefined, packet: Packet, now: number, frame?: Frame): Journey {
    const [walk, steps] = this.#noted(now);
    const inside = from instanceof Port ? walk.transmit(from, packet, frame) : from?.send(walk, packet);
    const end = inside ?? walk.fabric.internet.carry(walk, packet);
    return { sent: packet, steps, end };
  }

  /** Brings a packet of the network's own to somebody: an ICMP error to who sent what it is about, a query to a host. */
  notify(to: Sender, packet: Packet, now: number): Journey {
    const [walk, steps] = this.#noted(now);
    const end = to instanceof Port ? walk.receive(to, packet, undefined, true) : to.receive(walk, packet);
    return { sent: packet, steps, end };
  }

  /** Lets a service behind an endpoint answer. */
  answer(door: ServiceDoor, packet: Packet, now: number): Journey {
    const [walk, steps] = this.#noted(now);
    return { sent: packet, steps, end: door.answer(walk, packet) };
  }

  #noted(now: number): [Walk, Step[]] {
    const steps: Step[] = [];
    const observer = this.#observer();
    const walk = new Walk(this, now, (step) => {
      steps.push(step);
      observer?.(step, now);
    });
    return [walk, steps];
  }

  #observer(): Observer | undefined {
    const { observers } = this;
    if (observers.size === 0) return undefined;
    return (step, now) => {
      for (const observe of observers) observe(step, now);
    };
  }
}

/** Takes a port's addresses from it, save those that another port has been given since. */
function unplug(port: Port): void {
  const { vpc } = port.subnet;
  for (const address of port.addresses) if (vpc.ports.get(address) === port) vpc.ports.delete(address);
  for (const prefix of port.prefixes) if (vpc.delegated.get(prefix) === port) vpc.delegated.delete(prefix);
  port.subnet.portsByMac.delete(port.mac);
}

function made<T>(things: Map<string, T>, id: string, make: () => T): T {
  const known = things.get(id);
  if (known) return known;
  const thing = make();
  things.set(id, thing);
  return thing;
}

function required<T>(things: ReadonlyMap<string, T>, id: string): T {
  const thing = things.get(id);
  if (!thing) throw new RangeError(`the fabric has no ${id}`);
  return thing;
}
