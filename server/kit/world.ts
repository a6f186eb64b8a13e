import type {
  Explanation,
  PacketHeaderStatement,
  PathComponent,
  PathFilter,
  Protocol,
} from "@aws-sdk/client-ec2";
import type { Context } from "./context.ts";
import type { Objects } from "../state/objects.ts";
import type { Change } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";

/** All of a CPU credit account that is decided by its past. One credit is one vCPU at 100 % for one minute. */
export interface CreditBalance {
  readonly mode: "standard" | "unlimited";
  /** Until when this is: milliseconds since the epoch. */
  readonly at: number;
  readonly launch: number;
  readonly earned: number;
  /** Spent without having been earned; what is earned next pays it back. */
  readonly surplus: number;
  /** Surplus that was charged for, and credits used, since the start. */
  readonly charged: number;
  readonly used: number;
}

/** What an instance does with its vCPUs, in percent of each. */
export interface CpuUse {
  /** What its programs would use. */
  readonly load: number;
  /** What they get. */
  readonly used: number;
  /** Of burstable types. */
  readonly credits?: CreditBalance;
}

/** What an instance of a burstable type starts with. */
interface CreditTerms {
  readonly rates: {
    readonly vcpus: number;
    readonly baselinePercent: number;
    readonly earnedPerHour: number;
    readonly maximumBalance: number;
    readonly launchCredits: number;
  };
  readonly mode: "standard" | "unlimited";
  /** Its account when it last stopped, if it keeps its credits over that. */
  readonly kept?: CreditBalance;
}

/** What a placement group asks for one of its instances. */
export type GroupPlace =
  | { readonly id: string; readonly strategy: "cluster"; readonly preciseTime?: boolean }
  | { readonly id: string; readonly strategy: "precision-time" }
  | { readonly id: string; readonly strategy: "spread"; readonly level: "host" | "rack" }
  | { readonly id: string; readonly strategy: "partition"; readonly partition: number };

/** What one instance takes of a host, and with whom it shares it. */
interface Room {
  readonly account: string;
  readonly zone: string;
  /** `m5` of `m5.large`. */
  readonly family: string;
  readonly instanceType: string;
  readonly memoryMiB: number;
  readonly cores: number;
  readonly threadsPerCore: number;
  readonly tenancy: "default" | "dedicated" | "host";
  readonly group?: GroupPlace;
}

/** An instance that needs a host. */
export interface LaunchRequest extends Room {
  readonly instanceId: string;
  /** Only this Dedicated Host will do. */
  readonly host?: string;
  /** Only one of these Dedicated Hosts will do, the first that has room. */
  readonly among?: readonly string[];
  /** Only room that this Capacity Reservation keeps will do. */
  readonly reservation?: string;
  /** The sizes of its local disks, in bytes. */
  readonly stores?: readonly number[];
  readonly credits?: CreditTerms;
}

/** Room for so many instances that is to be kept free, or used by those that name the reservation. */
export interface ReserveRequest extends Room {
  readonly id: string;
  readonly count: number;
}

/** What is in the snapshots of a region; snapshots that are not there are empty. An index counts blocks of 512 KiB. */
export interface SnapshotContents {
  /** How many blocks a snapshot has. */
  size(region: string, snapshotId: string): number;
  /** Its blocks from `from` on, in order. Two snapshots with the same `chunk` at an index have the same block there. */
  blocks(
    region: string,
    snapshotId: string,
    from: number,
  ): Iterable<{ readonly index: number; readonly chunk: number }>;
  /** Undefined where the snapshot is empty. */
  read(region: string, snapshotId: string, index: number): Uint8Array | undefined;
  /** Writes a whole block. */
  write(region: string, snapshotId: string, index: number, bytes: Uint8Array): void;
}

/** What a flow log asks the network for. Times are milliseconds since the epoch. */
export interface FlowRequest {
  readonly id: string;
  /** Windows that end later are still open. */
  readonly until: number;
  readonly format: string;
  /**
   * What has a window even if nothing passed it: interfaces, while they are up, or all zones of a regional NAT
   * gateway.
   */
  readonly watched: { readonly interfaces: readonly string[] } | { readonly natGateway: string };
  /** What records say that the network does not know. */
  readonly place: (
    interfaceId: string,
    zone: string,
  ) => {
    readonly account: string;
    readonly region: string;
    readonly zoneId: string;
  };
  /** The service of Amazon's that an address belongs to. */
  readonly serviceOf: (address: string) => string | undefined;
  /** The zone's id and the type of an interface, and whether its instance or transit gateway encrypts what it sends. */
  readonly interfaceOf: (interfaceId: string) =>
    | {
        readonly zoneId: string;
        readonly type: string;
        readonly encrypts: boolean | undefined;
      }
    | undefined;
  /** Whether a VPC's owner has its encryption watched. */
  readonly watchesEncryption: (vpcId: string) => boolean;
  /** The value of a tag that it asks for: the first or the second one of instances or of interfaces. */
  readonly tagOf: (
    resource: "instance" | "network-interface",
    id: string,
    which: 0 | 1,
  ) => string | undefined;
}

/** What a flow log of a transit gateway asks the network for. */
export interface TransitFlowRequest extends Omit<
  FlowRequest,
  "interfaceOf" | "place" | "tagOf" | "watched" | "watchesEncryption"
> {
  /** The attachments that have a window even if nothing passed them. */
  readonly attachments: readonly string[];
  /** The gateway's owner. */
  readonly account: string;
  readonly region: string;
  readonly placeOf: (interfaceId: string) => { readonly account: string; readonly zoneId: string };
}

/** The records of one window: of an interface, or of an attachment. */
export interface FlowRecords {
  /** What they are about, as the streams of log groups are named: an interface, a regional NAT or a transit gateway. */
  readonly source: string;
  readonly lines: readonly { readonly time: number; readonly text: string }[];
}

/** Where a path through the network begins or ends. */
export interface PathEnd {
  readonly id: string;
  readonly isInstance: boolean;
  /** The interfaces that it has, or is. */
  readonly interfaces: readonly string[];
  /** What else stands for it: the endpoints of a service, the subnet of an interface. */
  readonly others?: readonly string[];
  /** The load balancers of an endpoint service. */
  readonly balancers?: readonly string[];
}

/** Whether packets as these get from one end to the other, and answers back. */
export interface PathQuestion {
  readonly source: PathEnd;
  /** Undefined where only the destination address matters. */
  readonly destination: PathEnd | undefined;
  readonly protocol: Protocol;
  readonly atSource: PathFilter;
  readonly atDestination: PathFilter;
  /** Ids of what paths must lead through, and of what they must not. */
  readonly through: readonly string[];
  readonly without: readonly string[];
  /** Whether who asks may know of something, by its id. */
  readonly knows: (id: string) => boolean;
}

/** Components are told by their ids alone. */
export interface PathAnswer {
  readonly found: boolean;
  readonly forward: readonly PathComponent[];
  readonly back: readonly PathComponent[];
  readonly explanations: readonly Explanation[];
  /** Ids of components by which there may be another path. */
  readonly hints: readonly string[];
}

/** One end of the paths that a condition is about. */
export interface AccessStatement {
  /** Ids; undefined for any. */
  readonly components?: readonly string[] | undefined;
  /** Addresses and ports as text; no prefix lists. */
  readonly headers?: PacketHeaderStatement | undefined;
}

export interface AccessCondition {
  readonly source?: AccessStatement | undefined;
  readonly destination?: AccessStatement | undefined;
  /** Ids, of each of which paths pass one. */
  readonly through: readonly (readonly string[])[];
}

/** Which paths there are between any of some ends that meet a condition, and no exclusion. */
export interface AccessQuestion {
  readonly ends: readonly PathEnd[];
  readonly match: readonly AccessCondition[];
  readonly exclude: readonly AccessCondition[];
  readonly knows: (id: string) => boolean;
  /** No more paths are looked for. */
  readonly most: number;
}

/** What has passed between a client and a Client VPN endpoint, as the endpoint counts it: ingress is from the client. */
export interface ClientTraffic {
  readonly ingressBytes: number;
  readonly ingressPackets: number;
  readonly egressBytes: number;
  readonly egressPackets: number;
}

/** Hosts and disks, as far as handlers speak to them. */
export interface HostWorld {
  /**
   * Gives an instance a host with cores and zeroed memory, within the transaction: if that fails, they are given back.
   *
   * @returns the host
   * @throws {ApiError} InsufficientInstanceCapacity, InsufficientHostCapacity, InsufficientCapacityOnHost,
   *   ReservationCapacityExceeded, Unsupported, InvalidHostID.NotFound
   */
  launch(ctx: Context, request: LaunchRequest): string;
  /**
   * Racks a Dedicated Host for the caller's account, within the transaction.
   *
   * @throws {ApiError} InsufficientHostCapacity
   */
  allocateHost(
    ctx: Context,
    host: { readonly id: string; readonly zone: string; readonly family: string },
  ): void;
  /**
   * Keeps room for more or fewer instances than before, within the transaction. That a reservation is over, and which
   * instances that run already are in it, the world learns from the rows.
   *
   * @throws {ApiError} InsufficientInstanceCapacity, Unsupported
   */
  reserve(ctx: Context, request: ReserveRequest): void;
  /**
   * How busy an instance is, and its CPU credits; `mode`: what these were, did it pay in this mode from now on.
   * Undefined if it is on no host.
   */
  cpu(region: string, instanceId: string, mode?: CreditBalance["mode"]): CpuUse | undefined;
  /** The rack and the host that an instance is on; undefined if it is on none. */
  whereabouts(
    region: string,
    instanceId: string,
  ): { readonly rack: number; readonly host: string } | undefined;
  readonly snapshots: SnapshotContents;
  /** Writes to a volume as a guest would that has it; `offset` in bytes. */
  writeVolume(region: string, volumeId: string, offset: number, bytes: Uint8Array): void;
}

/** The network, as far as handlers speak to it. */
export interface NetworkWorld {
  /** What a flow log has to tell of the windows that have ended since it last asked, oldest first. */
  takeFlows(request: FlowRequest): readonly FlowRecords[];
  /** The same of a transit gateway. */
  takeTransitFlows(request: TransitFlowRequest): readonly FlowRecords[];
  /** The zones in which connections have found no free port of a NAT gateway's addresses since this was last asked. */
  crowdedZones(natGatewayId: string): readonly string[];
  /** Lets a transit gateway ask the hosts in a multicast domain which groups they are in; `now` in milliseconds. */
  queryGroups(domainId: string, now: number): void;
  /** The groups that interfaces have joined by themselves in a multicast domain. */
  joinedGroups(domainId: string): readonly { readonly address: string; readonly interfaceId: string }[];
  /** What the TXT records of a name on the internet say; the name in small letters, without a dot at its end. */
  textsOf(name: string): readonly string[];
  /** What has passed in a connection to a Client VPN endpoint since it began, or the server; undefined if it has ended. */
  clientTraffic(connectionId: string): ClientTraffic | undefined;
  /** What the configuration of the network says, without a packet. */
  analyze(question: PathQuestion): PathAnswer;
  findAccess(question: AccessQuestion): readonly (readonly PathComponent[])[];
}

/** An instance that is on no host. */
export interface Homeless {
  readonly id: string;
  readonly account: string;
}

/** The simulated world behind the API. It follows the rows. */
export interface World {
  readonly hosts: HostWorld;
  readonly network: NetworkWorld;
  /** What services leave in buckets, and find there. */
  readonly objects: Pick<Objects, "open" | "put">;
  /** Brings hosts and network to what the rows of `unit` say after `changes`. */
  committed(unit: Unit, changes: readonly Change[]): void;
  /**
   * Brings hosts and network to all rows of a unit that was just read: the power is back.
   *
   * @returns the instances that are to run, and for which no host is left
   */
  resumed(unit: Unit): readonly Homeless[];
  /** The power is gone, and with it all that is on no disk. */
  lost(): void;
  /**
   * Everything is gone, to be called in the transaction that keeps that.
   *
   * @returns erases what is in files of its own, and cannot be taken back: to be called once it is kept
   */
  emptied(): () => void;
}
