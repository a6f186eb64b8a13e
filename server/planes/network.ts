import { Fabric } from "../../network/fabric.ts";
import { FlowFormat } from "../../network/flowRecord.ts";
import { TransitFlowFormat } from "../../network/transitFlowRecord.ts";
import { formatIp } from "../../network/ip.ts";
import { NatGateway } from "../../network/natGateway.ts";
import type { Port } from "../../network/port.ts";
import { instances, isLive } from "../ec2/instance.ts";
import { networkInterfaces, type NetworkInterface } from "../ec2/networkInterface.ts";
import type {
  AccessQuestion,
  FlowRecords,
  FlowRequest,
  NetworkWorld,
  PathAnswer,
  PathQuestion,
  TransitFlowRequest,
} from "../kit/world.ts";
import type { Change } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";
import type { Kind } from "./fabric/kind.ts";
import { kinds } from "./fabric/kinds.ts";
import { analyzePath, findAccess } from "./pathAnalysis.ts";

/**
 * Projects rows onto one fabric for all regions, whose ids are never the same. A change of a row says which things of
 * the fabric may have changed; each of these is then made anew from the rows, or taken away if it has none.
 */
export class Network implements NetworkWorld {
  #fabric = new Fabric();

  get fabric(): Fabric {
    return this.#fabric;
  }

  committed(unit: Unit, changes: readonly Change[]): void {
    const touched = new Map<Kind, Set<string>>();
    for (const { table, before, after } of changes) {
      for (const kind of kinds) {
        for (const row of [before, after])
          if (row) mark(touched, kind, kind.touchedBy(unit, table.name, row));
      }
    }
    this.#project(unit, touched);
  }

  resumed(unit: Unit): void {
    const touched = new Map<Kind, Set<string>>();
    for (const kind of kinds) {
      for (const { id } of kind.all(unit)) mark(touched, kind, [id]);
    }
    this.#project(unit, touched);
  }

  emptied(): void {
    this.#fabric = new Fabric();
  }

  /**
   * The interface of an instance that packets leave by where nothing else is said: its first one.
   *
   * @returns undefined also for an instance that is gone
   */
  primaryInterface(unit: Unit, instanceId: string): NetworkInterface | undefined {
    return networkInterfaces
      .table({ unit })
      .by("instance", instanceId)
      .toSorted((a, b) => (a.attachment?.deviceIndex ?? 0) - (b.attachment?.deviceIndex ?? 0))[0];
  }

  /** Lets an instance listen from now until it stops. @returns whether it runs */
  listen(unit: Unit, instanceId: string, protocol: number, port: number): boolean {
    const instance = instances.table({ unit }).get(instanceId);
    if (!instance || !isLive(instance)) return false;
    this.#fabric.listening.listen(instanceId, protocol, port);
    return true;
  }

  takeFlows({
    id,
    until,
    format,
    watched,
    place,
    serviceOf,
    interfaceOf,
    watchesEncryption,
    tagOf,
  }: FlowRequest): FlowRecords[] {
    const written = FlowFormat.parse(format);
    if (!written) throw new RangeError(`a flow log with the format ${format}`);
    const live = this.#watched(watched).filter((port) => port.live);
    return this.#fabric.flowLogs.take(id, until, live).map((window) => ({
      source: window.port.doorOf ?? window.port.id,
      lines: written.write(window, {
        ...place(window.port.id, window.port.subnet.zone),
        serviceOf: (address) => serviceOf(formatIp(address)),
        interfaceOf,
        watchesEncryption,
        tagOf,
      }),
    }));
  }

  #watched(watched: FlowRequest["watched"]): readonly Port[] {
    if ("interfaces" in watched) {
      return watched.interfaces.flatMap((each) => this.#fabric.ports.get(each) ?? []);
    }
    return this.#natGateway(watched.natGateway)?.doors ?? [];
  }

  takeTransitFlows({
    id,
    until,
    format,
    attachments,
    serviceOf,
    ...place
  }: TransitFlowRequest): FlowRecords[] {
    const written = TransitFlowFormat.parse(format);
    if (!written) throw new RangeError(`a flow log with the format ${format}`);
    return this.#fabric.transitFlowLogs.take(id, until, attachments).map((window) => ({
      source: window.gateway,
      lines: written.write(window, {
        ...place,
        serviceOf: (address) => serviceOf(formatIp(address)),
      }),
    }));
  }

  crowdedZones(natGatewayId: string): readonly string[] {
    return this.#natGateway(natGatewayId)?.takeCrowded() ?? [];
  }

  queryGroups(domainId: string, now: number): void {
    this.#fabric.transitGateways.multicastDomain(domainId)?.query(this.#fabric, now);
  }

  joinedGroups(domainId: string): ReturnType<NetworkWorld["joinedGroups"]> {
    const joined = this.#fabric.transitGateways.multicastDomain(domainId)?.joined() ?? [];
    return Array.from(joined, ({ group, port }) => ({ address: formatIp(group), interfaceId: port.id }));
  }

  textsOf(name: string): readonly string[] {
    return this.#fabric.internet.names.find(name)?.TXT ?? [];
  }

  clientTraffic(connectionId: string): ReturnType<NetworkWorld["clientTraffic"]> {
    return this.#fabric.clientVpns.client(connectionId)?.traffic;
  }

  analyze(question: PathQuestion): PathAnswer {
    return analyzePath(this.#fabric, question);
  }

  findAccess(question: AccessQuestion): ReturnType<NetworkWorld["findAccess"]> {
    return findAccess(this.#fabric, question);
  }

  #natGateway(id: string): NatGateway | undefined {
    const gateway = this.#fabric.targets.get(id);
    return gateway instanceof NatGateway ? gateway : undefined;
  }

  /** What others name comes first, and goes last. */
  #project(unit: Unit, touched: ReadonlyMap<Kind, ReadonlySet<string>>): void {
    if (touched.size === 0) return;
    const fabric = this.#fabric;
    const gone: [Kind, string][] = [];
    for (const kind of kinds) {
      for (const id of touched.get(kind) ?? []) if (!kind.put(fabric, unit, id)) gone.push([kind, id]);
    }
    for (const [kind, id] of gone.toReversed()) kind.remove(fabric, id);
  }
}

function mark(touched: Map<Kind, Set<string>>, kind: Kind, ids: readonly string[]): void {
  if (ids.length === 0) return;
  const known = touched.get(kind);
  if (known) for (const id of ids) known.add(id);
  else touched.set(kind, new Set(ids));
}
