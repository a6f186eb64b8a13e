import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { tagsFor } from "../kit/tags.ts";
import type { CatalogueImage } from "./catalogue/image.ts";
import type { InstanceTypeFacts } from "./catalogue/instanceTypes.ts";
import { checkSevSnp, readCpuOptions } from "./cpuOptions.ts";
import { readCreditMode } from "./creditSpecification.ts";
import { viewReservation } from "./describeInstances.ts";
import { findImage } from "./image.ts";
import { readMembership } from "./groupMembership.ts";
import { readProfile } from "./iamInstanceProfile.ts";
import { associate, type ProfileReference } from "./iamInstanceProfileAssociation.ts";
import { instances, type BootImage, type Instance } from "./instance.ts";
import { readCapacity } from "./instanceCapacity.ts";
import { readMetadataOptions } from "./instanceMetadata.ts";
import { readBandwidthWeighting, readHostnameOptions } from "./instanceOptions.ts";
import { boot } from "./instanceState.ts";
import { keyPairByName } from "./keyPair.ts";
import { planBlockDevices, type PlannedVolume } from "./launchParameters/blockDevices.ts";
import {
  checkBootable,
  checkEbsOptimized,
  checkOffered,
  readInstanceType,
} from "./launchParameters/instanceType.ts";
import { planInterfaces, plugIn, roomFor, type PlannedInterface } from "./launchParameters/interfaces.ts";
import { checkEnclave, checkHibernation } from "./launchParameters/nitro.ts";
import { refuseUnavailable } from "./launchParameters/unavailable.ts";
import { readUserData } from "./launchParameters/userData.ts";
import { countInQuota, place, readHost } from "./placement.ts";
import { readGroup } from "./placementGroup.ts";
import { checkImageReady } from "./registeredImage.ts";
import { refuseResourceGroup } from "./resourceGroup.ts";
import { attachVolume, createVolume } from "./volume.ts";
import { vpcs } from "./vpc.ts";

/** What a launch makes, and what can be tagged in it. Spot requests come with Spot Instances. */
const TAGGABLE = ["instance", "volume", "network-interface"] as const;

type Tags = Readonly<Record<(typeof TAGGABLE)[number], Required<Sdk.Tag>[]>>;

/** What every instance of a launch has in common. */
type Common = Omit<Instance, "id" | "seq" | "account" | "created" | "launchIndex">;

/** A launch whose parameters have been checked; what is left to fail is room and addresses. */
interface LaunchPlan {
  readonly least: number;
  readonly most: number;
  readonly type: InstanceTypeFacts;
  readonly common: Common;
  readonly interfaces: readonly [PlannedInterface, ...PlannedInterface[]];
  readonly volumes: readonly PlannedVolume[];
  readonly tags: Tags;
  readonly profile: ProfileReference | undefined;
}

/** The most instances of one launch: without quotas, a call must end some time. */
const MAX_INSTANCES = 1000;

function readCounts({ MinCount: least = 0, MaxCount: most = 0 }: Sdk.RunInstancesRequest): [number, number] {
  for (const [name, count] of Object.entries({ minCount: least, maxCount: most })) {
    if (count < 1) {
      throw new ApiError(
        "InvalidParameterValue",
        `Value (${count}) for parameter ${name} is invalid. Expected a positive integer.`,
      );
    }
  }
  if (most < least) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${most}) for parameter maxCount is invalid. It must be greater than or equal to minCount (${least}).`,
    );
  }
  if (least > MAX_INSTANCES) throw new ApiError("InstanceLimitExceeded", least, MAX_INSTANCES);
  return [least, Math.min(most, MAX_INSTANCES)];
}

const bootImage = (image: CatalogueImage): BootImage => ({
  id: image.id,
  architecture: image.architecture,
  platform: image.platform,
  platformDetails: image.platformDetails,
  usageOperation: image.usageOperation,
  bootMode: image.bootMode,
  rootDeviceName: image.root.name,
  nitroTpm: image.nitroTpm,
  productCodes: image.productCodes,
});

/** @throws {ApiError} InvalidKeyPair.NotFound, UnsupportedOperation for a key that Windows cannot encrypt with */
function readKey(ctx: Context, name: string | undefined, image: CatalogueImage): Instance["key"] {
  if (name === undefined) return undefined;
  const { publicKey, type } = keyPairByName(ctx, name);
  if (type === "ed25519" && image.platform === "windows") {
    throw new ApiError("UnsupportedOperation", "ED25519 key pairs are not supported with Windows AMIs.");
  }
  return { name, publicKey };
}

/** A VPC of dedicated tenancy lets nothing share its hardware with others, whatever the launch says. */
function readTenancy(ctx: Context, vpcId: string, asked: Sdk.Tenancy | undefined): Sdk.Tenancy {
  const tenancy = vpcs.table(ctx).get(vpcId)?.tenancy ?? "default";
  return tenancy === "default" || asked === "host" ? (asked ?? tenancy) : tenancy;
}

/** Tenancy `host` "is not supported […] for T3 instances that are configured for the unlimited CPU credit option". */
function readCredits(
  ctx: Context,
  type: InstanceTypeFacts,
  tenancy: Sdk.Tenancy,
  asked: Sdk.CreditSpecificationRequest | undefined,
): Instance["creditMode"] {
  const mode = readCreditMode(ctx, type, asked);
  if (tenancy !== "host" || mode !== "unlimited") return mode;
  if (!asked) return "standard";
  throw new ApiError(
    "InvalidParameterCombination",
    "The CPU credit option 'unlimited' is not supported for instances on Dedicated Hosts.",
  );
}

/** Where the instances of a launch are to be. */
function readPlacement(
  ctx: Context,
  input: Sdk.RunInstancesRequest,
  type: InstanceTypeFacts,
  { zone, vpcId }: Pick<PlannedInterface["subnet"], "zone" | "vpcId">,
  cpu: Instance["cpu"],
): Pick<Instance, "capacity" | "dedicatedHost" | "placementGroup" | "tenancy"> {
  const { Placement: asked = {} } = input;
  refuseResourceGroup(asked.HostResourceGroupArn);
  const tenancy = readTenancy(ctx, vpcId, asked.Tenancy);
  return {
    tenancy,
    capacity: readCapacity(ctx, tenancy, input.CapacityReservationSpecification),
    dedicatedHost: readHost(ctx, { tenancy, zone, cpu }, type, asked),
    placementGroup: readMembership(readGroup(ctx, asked), asked.PartitionNumber, type, tenancy),
  };
}

function plan(ctx: Context, input: Sdk.RunInstancesRequest): LaunchPlan {
  refuseUnavailable(input);
  const [least, most] = readCounts(input);
  if (input.ImageId === undefined) throw new ApiError("MissingParameter", "ImageId");
  const image = findImage(ctx, input.ImageId);
  checkImageReady(ctx, image.id);
  const type = readInstanceType(input.InstanceType);
  checkBootable(type, image);
  checkEbsOptimized(type, input.EbsOptimized);
  const profile = readProfile(ctx, input.IamInstanceProfile);
  const tags = Object.fromEntries(
    TAGGABLE.map((each) => [each, tagsFor(input.TagSpecifications, each, TAGGABLE)]),
  ) as Tags;
  const interfaces = planInterfaces(ctx, input, type);
  const { subnet } = interfaces[0];
  checkOffered(ctx, type, subnet.zone);
  const devices = planBlockDevices(image, type, input.BlockDeviceMappings);
  const hibernation = input.HibernationOptions?.Configured ?? false;
  const enclave = input.EnclaveOptions?.Enabled ?? false;
  if (enclave) checkEnclave(type, hibernation);
  const cpu = readCpuOptions(type, input.CpuOptions);
  const placement = readPlacement(ctx, input, type, subnet, cpu);
  const common: Common = {
    reservationId: `r-0${ctx.chance.hex(16)}`,
    clientToken: input.ClientToken ?? ctx.chance.uuid(),
    zone: subnet.zone,
    state: "pending",
    ended: undefined,
    launched: ctx.now,
    reboots: 0,
    instanceType: type.name,
    image: bootImage(image),
    key: readKey(ctx, input.KeyName, image),
    ...placement,
    cpu,
    creditMode: readCredits(ctx, type, placement.tenancy, input.CreditSpecification),
    monitoring: input.Monitoring?.Enabled ? "pending" : "disabled",
    ebsOptimized: input.EbsOptimized ?? false,
    enaSupport: image.enaSupport,
    sriovNetSupport: image.sriovNetSupport,
    userData: readUserData(input.UserData),
    instanceStores: devices.instanceStores,
    terminationProtection: input.DisableApiTermination ?? false,
    stopProtection: input.DisableApiStop ?? false,
    shutdownBehavior: input.InstanceInitiatedShutdownBehavior ?? "stop",
    hibernation,
    enclave,
    metadata: readMetadataOptions(ctx, input.MetadataOptions, image.imdsV2, tags.instance),
    metadataApplied: false,
    hostname: readHostnameOptions(subnet, input.PrivateDnsNameOptions),
    autoRecovery: input.MaintenanceOptions?.AutoRecovery ?? "default",
    rebootMigration: "default",
    bandwidthWeighting: readBandwidthWeighting(type, input.NetworkPerformanceOptions?.BandwidthWeighting),
  };
  checkSevSnp(ctx, common);
  return { least, most, type, common, interfaces, volumes: devices.volumes, tags, profile };
}

/** Makes one instance with its disks and interfaces, on a host; that the host has no room is found out first. */
function launchOne(
  ctx: Context,
  { type, common, interfaces, volumes, tags, profile }: LaunchPlan,
  index: number,
): Instance {
  const id = instances.newId(ctx);
  const placed = place(ctx, { ...common, id, account: ctx.account });
  const instance = instances.create(ctx, { ...common, ...placed, launchIndex: index }, tags.instance, id);
  const disks = volumes.map(({ request, device, deleteOnTermination }) => {
    const volume = createVolume(ctx, { ...request, zone: common.zone }, tags.volume);
    return attachVolume(ctx, volume, id, device, deleteOnTermination, { settled: true });
  });
  if (common.hibernation) checkHibernation(type, disks[0], common.image.platform);
  plugIn(ctx, instance, type, interfaces, tags["network-interface"]);
  if (profile) associate(ctx, id, profile);
  boot(ctx, instance);
  return instance;
}

/**
 * How many instances a launch can have, as far as the quota and addresses decide.
 *
 * @throws {ApiError} VcpuLimitExceeded
 */
function countFor(ctx: Context, { common, least, most: asked, interfaces }: LaunchPlan): number {
  const some = { ...common, id: "", account: ctx.account };
  const most = Math.min(countInQuota(ctx, some, least), asked);
  // Whoever wants neither more nor fewer learns it from the first address that is not there.
  if (least === most) return most;
  return Math.max(roomFor(ctx, interfaces, most), least);
}

/** What is answered where hosts are full. */
const outOfRoom: ReadonlySet<string> = new Set([
  "InsufficientCapacityOnHost",
  "InsufficientHostCapacity",
  "InsufficientInstanceCapacity",
  "ReservationCapacityExceeded",
]);

/**
 * Launches as many instances as there is room for, up to the most that were asked for.
 *
 * @throws {ApiError} if there is no room for the least; nothing is launched then
 */
function launch(ctx: Context, planned: LaunchPlan): Instance[] {
  const launched: Instance[] = [];
  const count = countFor(ctx, planned);
  while (launched.length < count) {
    try {
      launched.push(launchOne(ctx, planned, launched.length));
    } catch (error) {
      const isFull = error instanceof ApiError && outOfRoom.has(error.code);
      if (!isFull || launched.length < planned.least) throw error;
      break;
    }
  }
  return launched;
}

export const partly = {
  RunInstances: "launch templates, Spot Instances, metric categories",
};

export const operations = {
  RunInstances: (input, ctx) => {
    const planned = plan(ctx, input);
    const views = launch(ctx, planned).map((instance) => instances.show(ctx, instance));
    return viewReservation({ ...planned.common, account: ctx.account }, views);
  },
} satisfies Handlers;
