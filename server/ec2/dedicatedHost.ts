import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { present } from "../kit/present.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { allInstanceTypes, findInstanceType, type InstanceTypeFacts } from "./catalogue/instanceTypes.ts";
import { findZone } from "./catalogue/zones.ts";
import { hasFeature } from "./cpuOptions.ts";
import { typesOn, viewHostCapacity, viewHostProperties } from "./hostCapacity.ts";
import { instances, type Instance } from "./instance.ts";
import { readZone } from "./zone.ts";

export interface DedicatedHost extends ResourceRow {
  /** Zone name: `us-east-1a`. */
  readonly zone: string;
  /** `m5` */
  readonly family: string;
  /** The one type that it takes; absent where it takes all of its family. */
  readonly instanceType: string | undefined;
  readonly autoPlacement: Sdk.AutoPlacement;
  readonly recovery: Sdk.HostRecovery;
  readonly maintenance: Sdk.HostMaintenance;
  readonly clientToken: string | undefined;
  /** Whether it can run instances with AMD SEV-SNP, if the call said so. */
  readonly amdSevSnp: Sdk.AmdSevSnp | undefined;
  /** Its firmware is brought up to date first. */
  readonly configuring: boolean;
  /** Without power it is assessed first; whether it is lost for good shows then. */
  readonly condition: "good" | "under-assessment" | "permanent-failure";
  /** When it was given back: milliseconds since the epoch. */
  readonly released: number | undefined;
}

/** How long a released host is still shown. */
const MEMORY_SECONDS = 3600;

/** Of Mac hosts: "a minimum allocation period of 24 hours before you can release the Dedicated Host". */
const MAC_ALLOCATION_HOURS = 24;

/** AMD SEV-SNP: "from a few minutes up to 2 hours". */
const CONFIGURATION_SECONDS = 900;

/** A physical server for one account alone, which decides itself on what runs there. */
export const dedicatedHosts = defineResource({
  type: "dedicated-host",
  idPrefix: "h",
  notFound: "InvalidHostID.NotFound",
  malformed: "InvalidHostID.Malformed",
  ids: "HostIds",
  view: (host: DedicatedHost, { ctx, account, tags }): Sdk.Host => ({
    HostId: host.id,
    OwnerId: account,
    State: stateOf(host),
    AvailabilityZone: host.zone,
    AvailabilityZoneId: findZone(ctx.region, host.zone)?.id,
    AutoPlacement: host.autoPlacement,
    HostRecovery: host.recovery,
    HostMaintenance: host.maintenance,
    AllowsMultipleInstanceTypes: host.instanceType === undefined ? "on" : "off",
    HostProperties: viewHostProperties(host),
    AvailableCapacity: viewHostCapacity(ctx, host),
    Instances: instances.by(ctx, "dedicatedHost", host.id).map((instance) => ({
      InstanceId: instance.id,
      InstanceType: instance.instanceType,
      OwnerId: instance.account,
    })),
    AllocationTime: new Date(host.created),
    ReleaseTime: host.released === undefined ? undefined : new Date(host.released),
    ClientToken: host.clientToken,
    CpuOptions: host.amdSevSnp && { AmdSevSnp: host.amdSevSnp },
    MemberOfServiceLinkedResourceGroup: false,
    Tags: tags,
  }),
  filters: {
    "auto-placement": (host) => host.AutoPlacement,
    "availability-zone": (host) => host.AvailabilityZone,
    "client-token": (host) => host.ClientToken,
    "host-reservation-id": (host) => host.HostReservationId,
    "instance-type": (host) => host.HostProperties?.InstanceType,
    state: (host) => host.State,
  },
  transitions: {
    configured: (ctx, { id }) => void dedicatedHosts.update(ctx, id, { configuring: false }),
    forget: (ctx, { id }) => dedicatedHosts.delete(ctx, id),
  },
  pages: [5, 500],
});

function stateOf({ condition, configuring, released }: DedicatedHost): Sdk.AllocationState {
  if (condition === "good") {
    if (released !== undefined) return "released";
    return configuring ? "configuring" : "available";
  }
  return released === undefined ? condition : "released-permanent-failure";
}

/** Whether it takes instances. */
export const isAvailable = (host: DedicatedHost): boolean => stateOf(host) === "available";

/** No longer this account's; it is still shown for a while. */
export function giveBack(ctx: Context, id: string): void {
  dedicatedHosts.update(ctx, id, { released: ctx.now });
  dedicatedHosts.later(ctx, id, "forget", MEMORY_SECONDS);
}

/**
 * A host of the caller's that can be used.
 *
 * @throws {ApiError} InvalidHostID.NotFound, InvalidHostID.Malformed, InvalidHostState for one that was released or failed
 */
export function availableHost(ctx: Context, id: string): DedicatedHost {
  const host = dedicatedHosts.get(ctx, id);
  if (!isAvailable(host)) throw new ApiError("InvalidHostState", id);
  return host;
}

/** As `availableHost`; one that has failed will do, too. */
function heldHost(ctx: Context, id: string): DedicatedHost {
  const host = dedicatedHosts.get(ctx, id);
  if (host.released !== undefined) throw new ApiError("InvalidHostState", id);
  return host;
}

/** Whether a host takes instances of a type. */
export const takesType = (
  { family, instanceType }: DedicatedHost,
  type: Pick<InstanceTypeFacts, "name" | "family">,
): boolean => (instanceType === undefined ? family === type.family : instanceType === type.name);

/** Whether a host can run an instance as it is to be: "with or without AMD SEV-SNP" where it is enabled. */
export const takesCpuOptions = ({ amdSevSnp }: DedicatedHost, { cpu }: Pick<Instance, "cpu">): boolean =>
  cpu.amdSevSnp !== "enabled" || amdSevSnp === "enabled";

/** Whether a host takes an instance that does not name it, as far as that does not depend on its room. */
export const takes = (
  host: DedicatedHost,
  instance: Pick<Instance, "zone" | "cpu">,
  type: Pick<InstanceTypeFacts, "name" | "family">,
): boolean =>
  isAvailable(host) &&
  host.zone === instance.zone &&
  takesType(host, type) &&
  takesCpuOptions(host, instance);

/** The hosts that take an instance that names none, oldest first. */
export const autoPlacementHosts = (
  ctx: Context,
  instance: Pick<Instance, "zone" | "cpu">,
  type: Pick<InstanceTypeFacts, "name" | "family">,
): DedicatedHost[] =>
  dedicatedHosts.own(ctx).filter((host) => host.autoPlacement === "on" && takes(host, instance, type));

interface Supported {
  readonly InstanceType?: string | undefined;
  readonly InstanceFamily?: string | undefined;
}

/**
 * What a host is to take: one type, or all of a family, which hosts of the Nitro System alone can.
 *
 * @throws {ApiError} InvalidParameterCombination, InvalidParameterValue, UnsupportedHostConfiguration
 */
function readSupported({
  InstanceType,
  InstanceFamily,
}: Supported): Pick<DedicatedHost, "family" | "instanceType"> | undefined {
  if (InstanceType !== undefined && InstanceFamily !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter instanceType cannot be used with the parameter instanceFamily",
    );
  }
  if (InstanceType !== undefined) {
    const type = findInstanceType(InstanceType);
    if (!type)
      throw new ApiError("InvalidParameterValue", `Invalid value '${InstanceType}' for InstanceType.`);
    if (!type.dedicatedHosts) throw new ApiError("UnsupportedHostConfiguration", InstanceType);
    return { family: type.family, instanceType: InstanceType };
  }
  if (InstanceFamily === undefined) return undefined;
  const types = allInstanceTypes().filter(({ family }) => family === InstanceFamily);
  if (types.length === 0) {
    throw new ApiError("InvalidParameterValue", `Invalid value '${InstanceFamily}' for InstanceFamily.`);
  }
  if (!types.some(({ dedicatedHosts: can, hypervisor }) => can && hypervisor === "nitro")) {
    throw new ApiError("UnsupportedHostConfiguration", InstanceFamily);
  }
  return { family: InstanceFamily, instanceType: undefined };
}

/** @throws {ApiError} InvalidParameterCombination for what has no type that supports it */
function readAmdSevSnp(
  asked: Sdk.AmdSevSnp | undefined,
  supported: Pick<DedicatedHost, "family" | "instanceType">,
): Sdk.AmdSevSnp | undefined {
  if (asked !== "enabled" || typesOn(supported).some((type) => hasFeature(type, "amd-sev-snp"))) return asked;
  throw new ApiError(
    "InvalidParameterCombination",
    `The instance type '${supported.instanceType ?? supported.family}' does not support AMD SEV-SNP.`,
  );
}

function readQuantity(quantity: number | undefined): number {
  if (quantity === undefined) throw new ApiError("MissingParameter", "quantity");
  if (quantity >= 1) return quantity;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${quantity}) for parameter quantity is invalid. Expected a positive integer.`,
  );
}

type Outcome = Pick<Sdk.ModifyHostsResult, "Successful" | "Unsuccessful">;

/** Does something to each of several hosts; what is refused for one keeps nothing from being done to the others. */
function forEachHost(
  ctx: Context,
  ids: readonly string[],
  get: (ctx: Context, id: string) => DedicatedHost,
  act: (host: DedicatedHost) => void,
): Outcome {
  const done: string[] = [];
  const failed: Sdk.UnsuccessfulItem[] = [];
  for (const id of new Set(ids)) {
    try {
      act(get(ctx, id));
      done.push(id);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      failed.push({
        ResourceId: id,
        Error: { Code: `Client.${error.code}`, Message: error.message },
      });
    }
  }
  return { Successful: done, Unsuccessful: failed };
}

/** @throws {ApiError} InvalidHost.Occupied, HostMinAllocationPeriodUnexpired */
function release(ctx: Context, { id, created, family, instanceType }: DedicatedHost): void {
  if (instances.count(ctx, "dedicatedHost", id) > 0) throw new ApiError("InvalidHost.Occupied", id);
  const earliest = created + MAC_ALLOCATION_HOURS * 3_600_000;
  if (family.startsWith("mac") && ctx.now < earliest) {
    throw new ApiError(
      "HostMinAllocationPeriodUnexpired",
      id,
      instanceType ?? family,
      MAC_ALLOCATION_HOURS,
      earliest,
    );
  }
  giveBack(ctx, id);
}

/** @throws {ApiError} InvalidHostConfiguration for another family, or where an instance of another type runs */
function checkSupports(
  ctx: Context,
  host: DedicatedHost,
  supported: Pick<DedicatedHost, "family" | "instanceType">,
): void {
  const { family, instanceType } = supported;
  const isOther = instances
    .by(ctx, "dedicatedHost", host.id)
    .some((instance) => instanceType !== undefined && instance.instanceType !== instanceType);
  if (family !== host.family || isOther) {
    throw new ApiError("InvalidHostConfiguration", host.id, instanceType ?? family);
  }
}

const describe = dedicatedHosts.describe("Hosts");

export const partly = { AllocateHosts: "Outposts" };

export const operations = {
  AllocateHosts: (input, ctx) => {
    const { OutpostArn, AssetIds, CpuOptions, Quantity, TagSpecifications, ...asked } = input;
    if (OutpostArn !== undefined) throw new ApiError("InvalidOutpostArn.NotFound", OutpostArn);
    if (AssetIds?.length) {
      throw new ApiError(
        "InvalidParameterCombination",
        "The parameter assetIds can be specified only with the parameter outpostArn",
      );
    }
    const supported = readSupported(asked);
    if (!supported) throw new ApiError("MissingParameter", "instanceType or instanceFamily");
    const { name: zone } = readZone(ctx, asked);
    const amdSevSnp = readAmdSevSnp(CpuOptions?.AmdSevSnp, supported);
    const configuring = amdSevSnp === "enabled";
    const fields = {
      ...supported,
      zone,
      autoPlacement: asked.AutoPlacement ?? "off",
      recovery: asked.HostRecovery ?? "off",
      maintenance: asked.HostMaintenance ?? "on",
      clientToken: asked.ClientToken,
      amdSevSnp,
      configuring,
      condition: "good",
      released: undefined,
    } as const;
    const HostIds: string[] = [];
    for (const quantity = readQuantity(Quantity); HostIds.length < quantity;) {
      const id = dedicatedHosts.newId(ctx);
      ctx.world.hosts.allocateHost(ctx, { id, zone, family: supported.family });
      dedicatedHosts.create(ctx, fields, TagSpecifications, id);
      if (configuring) dedicatedHosts.soon(ctx, id, "configured", CONFIGURATION_SECONDS);
      HostIds.push(id);
    }
    return { HostIds };
  },

  DescribeHosts: Object.assign(
    ({ Filter, ...input }: Sdk.DescribeHostsRequest, ctx: Context) =>
      describe({ ...input, Filters: Filter }, ctx),
    { filters: describe.filters },
  ),

  ModifyHosts: ({ HostIds, AutoPlacement, HostRecovery, HostMaintenance, ...asked }, ctx) => {
    const supported = readSupported(asked);
    const changes = present({
      autoPlacement: AutoPlacement,
      recovery: HostRecovery,
      maintenance: HostMaintenance,
    });
    if (!supported && Object.keys(changes).length === 0) {
      throw new ApiError("MissingParameter", "autoPlacement, hostRecovery, hostMaintenance or instanceType");
    }
    return forEachHost(ctx, HostIds, availableHost, (host) => {
      if (supported) {
        checkSupports(ctx, host, supported);
        readAmdSevSnp(host.amdSevSnp, supported);
      }
      dedicatedHosts.update(ctx, host.id, { ...changes, ...supported });
    });
  },

  ReleaseHosts: ({ HostIds }, ctx) => forEachHost(ctx, HostIds, heldHost, (host) => release(ctx, host)),
} satisfies Handlers;
