import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import type { CreditBalance, LaunchRequest } from "../kit/world.ts";
import type { Unit } from "../state/unit.ts";
import type { CreditMode } from "./catalogue/credits.ts";
import type { ImageInstanceStore } from "./catalogue/image.ts";
import { dropAssociations } from "./iamInstanceProfileAssociation.ts";
import { instanceFilters } from "./instanceFilters.ts";
import { creditTermsOf, keptCredits } from "./cpuCredits.ts";
import { storesOf } from "./instanceStore.ts";
import { interfacesOf, typeOf, viewInstance, type EndReason } from "./instanceView.ts";
import { groupPlaceOf, type GroupMembership } from "./placementGroup.ts";
import { checkShowable } from "./metadataTags.ts";
import { withdrawPublicAddress } from "./lentAddress.ts";
import { releaseInterface } from "./networkInterface.ts";
import { releaseVolume, volumes } from "./volume.ts";

/** What an instance keeps of its image, though the image may be gone tomorrow. */
export interface BootImage {
  readonly id: string;
  readonly architecture: Sdk.ArchitectureValues;
  readonly platform: "windows" | undefined;
  readonly platformDetails: string;
  readonly usageOperation: string;
  /** Undefined: what the instance type has by default. */
  readonly bootMode: Sdk.BootModeValues | undefined;
  readonly rootDeviceName: string;
  readonly nitroTpm: boolean;
  readonly productCodes: readonly Sdk.ProductCode[];
}

export interface CpuOptions {
  readonly cores: number;
  readonly threadsPerCore: number;
  readonly amdSevSnp: Sdk.AmdSevSnpSpecification | undefined;
  readonly nestedVirtualization: Sdk.NestedVirtualizationSpecification | undefined;
}

/** How an instance may ask for its metadata. */
export interface MetadataOptions {
  readonly tokens: Sdk.HttpTokensState;
  /** How many hops the answer to a token's PUT may travel: 1 to 64. */
  readonly hopLimit: number;
  readonly endpoint: Sdk.InstanceMetadataEndpointState;
  readonly ipv6: Sdk.InstanceMetadataProtocolState;
  readonly tags: Sdk.InstanceMetadataTagsState;
}

export interface HostnameOptions {
  readonly type: Sdk.HostnameType;
  readonly aRecord: boolean;
  readonly aaaaRecord: boolean;
}

/** Which Dedicated Host an instance of tenancy `host` is for. */
export interface HostChoice {
  /** Where it is, or was last, or is to be; absent before that was decided. */
  readonly id: string | undefined;
  readonly affinity: Sdk.Affinity;
  /** Whether it starts there or nowhere. */
  readonly only: boolean;
}

/** How an instance is to use Capacity Reservations. */
export interface CapacityChoice {
  /** Absent where a target alone was named. */
  readonly preference: Sdk.CapacityReservationPreference | undefined;
  /** The one that it is to run in. */
  readonly target: string | undefined;
  /** The one that it runs in, or ran in when it was stopped. */
  readonly reservationId: string | undefined;
}

/** What an operator had an instance do with its vCPUs, and its credits at that time. */
interface Workload {
  /** Percent of each vCPU. */
  readonly load: number;
  readonly credits: CreditBalance | undefined;
}

export interface Instance extends ResourceRow {
  /** `r-…`: the launch that it came from. */
  readonly reservationId: string;
  /** Its place among the instances of its launch, from 0. */
  readonly launchIndex: number;
  readonly clientToken: string;
  /** Zone name: `us-east-1a`. */
  readonly zone: string;
  readonly state: Sdk.InstanceStateName;
  /** Why and when it began to stop or to shut down; absent for one that is to run. */
  readonly ended: { readonly reason: EndReason; readonly at: number } | undefined;
  /** The last launch or start: milliseconds since the epoch. */
  readonly launched: number;
  /** How often it was rebooted. */
  readonly reboots: number;
  readonly instanceType: string;
  readonly image: BootImage;
  /** The key pair of its launch, which it keeps though the key pair may be gone tomorrow. */
  readonly key: { readonly name: string; readonly publicKey: string } | undefined;
  readonly tenancy: Sdk.Tenancy;
  readonly cpu: CpuOptions;
  /** Absent where the type has no CPU credits. */
  readonly creditMode: CreditMode | undefined;
  readonly monitoring: Sdk.MonitoringState;
  readonly ebsOptimized: boolean;
  readonly enaSupport: boolean;
  readonly sriovNetSupport: boolean;
  /** Base64. */
  readonly userData: string | undefined;
  /** Devices that are mapped to instance store volumes. */
  readonly instanceStores: readonly ImageInstanceStore[];
  readonly terminationProtection: boolean;
  readonly stopProtection: boolean;
  readonly shutdownBehavior: Sdk.ShutdownBehavior;
  readonly hibernation: boolean;
  readonly enclave: boolean;
  readonly metadata: MetadataOptions;
  /** Whether the instance has heard of its latest metadata options. */
  readonly metadataApplied: boolean;
  readonly hostname: HostnameOptions;
  readonly autoRecovery: Sdk.InstanceAutoRecoveryState;
  readonly rebootMigration: Sdk.InstanceRebootMigrationState;
  readonly bandwidthWeighting: Sdk.InstanceBandwidthWeighting;
  readonly capacity: CapacityChoice;
  /** Its place in a placement group, if it is in one. */
  readonly placementGroup: GroupMembership | undefined;
  /** Of tenancy `host` alone. */
  readonly dedicatedHost: HostChoice | undefined;
  /** Absent while it is idle, as it was when it was launched. */
  readonly workload?: Workload | undefined;
  /** Its last start was one too many of the day for the launch credits of its type. */
  readonly noLaunchCredits?: true | undefined;
  /** Its credit account when it was last taken from a host. */
  readonly keptCredits?: CreditBalance | undefined;
  /** The host under it that has failed, if it still had one, and since when: it is on none, though it is to run. */
  readonly failedHost?: { readonly id?: string | undefined; readonly since: number } | undefined;
  /** Since when its operating system does not answer. */
  readonly impairedSince?: number | undefined;
}

/** Whether an instance owns the memory and cores of a host. */
export const isOnHost = ({ state, failedHost }: Pick<Instance, "state" | "failedHost">): boolean =>
  (state === "pending" || state === "running") && failedHost === undefined;

/** Whether anything of an instance can be reached. */
export const isLive = ({ state, failedHost }: Pick<Instance, "state" | "failedHost">): boolean =>
  state === "running" && failedHost === undefined;

/** How long a terminated instance is still shown. */
const MEMORY_SECONDS = 3600;

/** A virtual machine: it boots from an image's copy on a host of its zone. */
export const instances = defineResource({
  type: "instance",
  idPrefix: "i",
  notFound: "InvalidInstanceID.NotFound",
  malformed: "InvalidInstanceID.Malformed",
  ids: "InstanceIds",
  view: (instance: Instance, seen): Sdk.Instance => viewInstance(instance, seen),
  filters: instanceFilters,
  indexes: {
    capacityReservation: (row) => (isOnHost(row) ? row.capacity.reservationId : undefined),
    dedicatedHost: (row) => (isOnHost(row) ? row.dedicatedHost?.id : undefined),
    placementGroup: (row) => (row.state === "terminated" ? undefined : row.placementGroup?.id),
  },
  parents: { "placement-group": "placementGroup" },
  checkTags: (_ctx, { metadata }, tags) => {
    if (metadata.tags === "enabled") checkShowable(tags);
  },
  transitions: {
    running: (ctx, { id, state, monitoring }) => {
      if (state !== "pending") return;
      instances.update(ctx, id, {
        state: "running",
        metadataApplied: true,
        monitoring: settledMonitoring(monitoring),
      });
    },
    stopped: (ctx, { id, state }) => {
      if (state !== "stopping") return;
      for (const { id: eni } of interfacesOf(ctx, id)) withdrawPublicAddress(ctx, eni);
      instances.update(ctx, id, { state: "stopped" });
    },
    terminated: (ctx, { id, state }) => {
      if (state === "shutting-down") finishTermination(ctx, id);
    },
    forget: (ctx, { id }) => instances.delete(ctx, id),
    monitoring: (ctx, { id, monitoring }) =>
      instances.update(ctx, id, { monitoring: settledMonitoring(monitoring) }),
    metadata: (ctx, { id, state }) => {
      if (state === "running") instances.update(ctx, id, { metadataApplied: true });
    },
  },
});

const settledMonitoring = (state: Sdk.MonitoringState): Sdk.MonitoringState =>
  state === "pending" || state === "enabled" ? "enabled" : "disabled";

/** About how long EC2 takes to shut an instance down, in seconds; and without waiting for the operating system. */
const SHUTDOWN_SECONDS = 30;
const POWER_OFF_SECONDS = 5;

/** What leaves with the host: the workload, what was wrong; what stays: credits, as the type says. */
export const offHost = (ctx: Context, instance: Instance) => ({
  workload: undefined,
  keptCredits: keptCredits(ctx, instance) ?? instance.keptCredits,
  failedHost: undefined,
  impairedSince: undefined,
});

/** Begins to stop a running instance. */
export function beginStop(
  ctx: Context,
  instance: Instance,
  reason: EndReason,
  { powerOff = false }: { readonly powerOff?: boolean } = {},
): Instance {
  instances.soon(ctx, instance.id, "stopped", powerOff ? POWER_OFF_SECONDS : SHUTDOWN_SECONDS);
  return instances.update(ctx, instance.id, {
    ...offHost(ctx, instance),
    state: "stopping",
    ended: { reason, at: ctx.now },
  });
}

/** Begins to terminate an instance that runs, or is about to. */
export function beginTermination(ctx: Context, instance: Instance, powerOff: boolean): Instance {
  instances.soon(ctx, instance.id, "terminated", powerOff ? POWER_OFF_SECONDS : SHUTDOWN_SECONDS);
  return instances.update(ctx, instance.id, {
    ...offHost(ctx, instance),
    state: "shutting-down",
    ended: { reason: "Client.UserInitiatedShutdown", at: ctx.now },
  });
}

/** @throws {ApiError} IncorrectInstanceState */
export function checkStopped({ id, state }: Instance): void {
  if (state !== "stopped") {
    throw new ApiError("IncorrectInstanceState", `The instance '${id}' is not in the 'stopped' state.`);
  }
}

/** @throws {ApiError} IncorrectInstanceState if it is gone, or about to be */
export function checkAlive({ id, state }: Instance): void {
  if (state === "shutting-down" || state === "terminated") {
    throw new ApiError(
      "IncorrectInstanceState",
      `The instance '${id}' is not in a state from which it can be modified.`,
    );
  }
}

/** Gives back what a terminated instance had. */
export function finishTermination(ctx: Context, id: string): Instance {
  dropAssociations(ctx, id);
  for (const eni of interfacesOf(ctx, id)) releaseInterface(ctx, eni);
  for (const volume of volumes.by(ctx, "instance", id)) releaseVolume(ctx, volume, id);
  instances.later(ctx, id, "forget", MEMORY_SECONDS);
  return instances.update(ctx, id, { state: "terminated" });
}

/** What of an instance decides on where it can be. */
export type Placeable = Pick<
  Instance,
  | "id"
  | "account"
  | "zone"
  | "instanceType"
  | "cpu"
  | "tenancy"
  | "creditMode"
  | "noLaunchCredits"
  | "keptCredits"
  | "instanceStores"
  | "capacity"
  | "placementGroup"
  | "dedicatedHost"
>;

/**
 * What an instance needs of a host, as its row has decided it.
 *
 * @param now when it starts
 */
export function launchRequestOf(unit: Unit, instance: Placeable, now: number): LaunchRequest {
  const type = typeOf(instance);
  const { family, memoryMiB } = type;
  const credits = creditTermsOf(instance, now);
  const group = instance.placementGroup && groupPlaceOf(unit, instance.placementGroup);
  const { reservationId: reservation } = instance.capacity;
  const host = instance.dedicatedHost?.id;
  return {
    instanceId: instance.id,
    account: instance.account,
    zone: instance.zone,
    family,
    instanceType: instance.instanceType,
    memoryMiB,
    cores: instance.cpu.cores,
    threadsPerCore: instance.cpu.threadsPerCore,
    tenancy: instance.tenancy,
    stores: storesOf(type, instance.instanceStores),
    ...(credits && { credits }),
    ...(group && { group }),
    ...(reservation !== undefined && { reservation }),
    ...(host !== undefined && { host }),
  };
}
