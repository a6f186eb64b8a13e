import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import type { LaunchRequest } from "../kit/world.ts";
import type { CreditMode } from "./catalogue/credits.ts";
import type { ImageInstanceStore } from "./catalogue/image.ts";
import { instanceFilters } from "./instanceFilters.ts";
import { interfacesOf, typeOf, viewInstance, type EndReason } from "./instanceView.ts";
import { checkShowable } from "./metadataTags.ts";
import { releaseInterface, withdrawPublicAddress } from "./networkInterface.ts";
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
  readonly capacityPreference: Sdk.CapacityReservationPreference;
}

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
  for (const eni of interfacesOf(ctx, id)) releaseInterface(ctx, eni);
  for (const volume of volumes.by(ctx, "instance", id)) releaseVolume(ctx, volume, id);
  instances.later(ctx, id, "forget", MEMORY_SECONDS);
  return instances.update(ctx, id, { state: "terminated" });
}

/** What an instance needs of a host. */
export function launchRequestOf(
  instance: Pick<Instance, "id" | "account" | "zone" | "instanceType" | "cpu" | "tenancy">,
): LaunchRequest {
  const { family, memoryMiB } = typeOf(instance);
  return {
    instanceId: instance.id,
    account: instance.account,
    zone: instance.zone,
    family,
    memoryMiB,
    cores: instance.cpu.cores,
    threadsPerCore: instance.cpu.threadsPerCore,
    tenancy: instance.tenancy,
  };
}
