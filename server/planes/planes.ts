import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../kit/context.ts";
import type {
  AccessQuestion,
  CpuUse,
  CreditBalance,
  FlowRecords,
  FlowRequest,
  LaunchRequest,
  PathAnswer,
  PathQuestion,
  ReserveRequest,
  SnapshotContents,
  TransitFlowRequest,
  World,
} from "../kit/world.ts";
import type { Objects } from "../state/objects.ts";
import type { Change } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";
import type { Hosts } from "./hosts.ts";
import type { Network } from "./network.ts";
import { analyzePath, findAccess } from "./pathAnalysis.ts";

/** The whole simulated world: hosts and network, both following the same rows. */
export class Planes implements World {
  readonly #hosts: Hosts;
  readonly #network: Network;
  readonly #objects: Objects;

  /** @param objects what services leave in buckets */
  constructor(hosts: Hosts, network: Network, objects: Objects) {
    this.#hosts = hosts;
    this.#network = network;
    this.#objects = objects;
  }

  get snapshots(): SnapshotContents {
    return this.#hosts.snapshots;
  }

  writeVolume(region: string, volumeId: string, offset: number, bytes: Uint8Array): void {
    this.#hosts.writeVolume(region, volumeId, offset, bytes);
  }

  whereabouts(region: string, instanceId: string): ReturnType<World["whereabouts"]> {
    return this.#hosts.whereabouts(region, instanceId);
  }

  launch(ctx: Context, request: LaunchRequest): string {
    return this.#hosts.launch(ctx, request);
  }

  allocateHost(ctx: Context, host: Parameters<World["allocateHost"]>[1]): void {
    this.#hosts.allocateHost(ctx, host);
  }

  reserve(ctx: Context, request: ReserveRequest): void {
    this.#hosts.reserve(ctx, request);
  }

  cpu(region: string, instanceId: string, mode?: CreditBalance["mode"]): CpuUse | undefined {
    return this.#hosts.cpu(region, instanceId, mode);
  }

  takeFlows(request: FlowRequest): readonly FlowRecords[] {
    return this.#network.takeFlows(request);
  }

  takeTransitFlows(request: TransitFlowRequest): readonly FlowRecords[] {
    return this.#network.takeTransitFlows(request);
  }

  crowdedZones(natGatewayId: string): readonly string[] {
    return this.#network.crowdedZones(natGatewayId);
  }

  queryGroups(domainId: string, now: number): void {
    this.#network.queryGroups(domainId, now);
  }

  joinedGroups(domainId: string): ReturnType<World["joinedGroups"]> {
    return this.#network.joinedGroups(domainId);
  }

  clientTraffic(connectionId: string): ReturnType<World["clientTraffic"]> {
    return this.#network.fabric.clientVpns.client(connectionId)?.traffic;
  }

  analyze(question: PathQuestion): PathAnswer {
    return analyzePath(this.#network.fabric, question);
  }

  findAccess(question: AccessQuestion): Sdk.PathComponent[][] {
    return findAccess(this.#network.fabric, question);
  }

  textsOf(name: string): readonly string[] {
    return this.#network.fabric.internet.names.find(name)?.TXT ?? [];
  }

  putObject(bucket: string, key: string, bytes: Uint8Array): void {
    this.#objects.put(bucket, key, bytes);
  }

  getObject(bucket: string, key: string): ReturnType<World["getObject"]> {
    return this.#objects.open(bucket, key);
  }

  committed(unit: Unit, changes: readonly Change[]): void {
    this.#hosts.committed(unit, changes);
    this.#network.committed(unit, changes);
  }

  resumed(unit: Unit): void {
    this.#hosts.resumed(unit);
    this.#network.resumed(unit);
  }

  lost(): void {
    this.#hosts.lost();
    this.#network.emptied();
  }

  emptied(): void {
    this.#hosts.emptied();
    this.#network.emptied();
    this.#objects.clear();
  }
}
