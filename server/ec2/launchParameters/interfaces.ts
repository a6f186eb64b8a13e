import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../../errors.ts";
import type { Context } from "../../kit/context.ts";
import type { InstanceTypeFacts } from "../catalogue/instanceTypes.ts";
import { createInterface, type InterfaceRequest } from "../createNetworkInterface.ts";
import { checkEnaQueues, readEnaSettings, type EnaPlace, type EnaRequest } from "../enaSettings.ts";
import type { Instance } from "../instance.ts";
import { lendPublicAddress } from "../lentAddress.ts";
import { attachInterface, checkUnused, networkInterfaces } from "../networkInterface.ts";
import { getPermitted } from "../networkInterfacePermission.ts";
import { groupNamed } from "../securityGroup.ts";
import { subnets, type Subnet } from "../subnet.ts";
import { vpcs } from "../vpc.ts";
import { checkInstanceEncryption } from "../vpcEncryptionControl.ts";
import { readZone } from "../zone.ts";
import { checkInterface, checkInterfaceCount } from "./instanceType.ts";

/** Where on the instance an interface is plugged in, and how. */
interface Place {
  readonly deviceIndex: number;
  readonly networkCardIndex: number;
  readonly deleteOnTermination: boolean;
  readonly ena: EnaRequest;
}

/** An interface that each instance of a launch is to have: one that is made for it, or one that is there. */
export type PlannedInterface = Place &
  (
    | { readonly kind: "new"; readonly subnet: Subnet; readonly request: InterfaceRequest }
    | { readonly kind: "existing"; readonly subnet: Subnet; readonly id: string }
  );

const badValue = (message: string): ApiError => new ApiError("InvalidParameterValue", message);
const badCombination = (message: string): ApiError => new ApiError("InvalidParameterCombination", message);

/** The name of the zone that a launch asks for, if it asks for one: an empty name is what a form sends that was left empty. */
const zoneOf = (ctx: Context, placement: Sdk.Placement): string | undefined =>
  placement.AvailabilityZone || placement.AvailabilityZoneId ? readZone(ctx, placement).name : undefined;

/**
 * The subnet of a launch that names none: a default one, in the zone asked for or in the first that has one.
 *
 * @throws {ApiError} VPCIdNotSpecified, MissingInput, InvalidInput
 */
function defaultSubnet(ctx: Context, zone: string | undefined): Subnet {
  const [vpc] = vpcs.by(ctx, "default", ctx.account);
  if (!vpc) {
    throw new ApiError(
      "VPCIdNotSpecified",
      "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.",
    );
  }
  const candidates = subnets.by(ctx, "vpc", vpc.id).filter(({ defaultForAz }) => defaultForAz);
  if (candidates.length === 0) {
    throw new ApiError(
      "MissingInput",
      `No subnets found for the default VPC '${vpc.id}'. Please specify a subnet.`,
    );
  }
  const [subnet] = candidates
    .filter((each) => zone === undefined || each.zone === zone)
    .toSorted((a, b) => (a.zone < b.zone ? -1 : 1));
  if (!subnet) {
    throw new ApiError("InvalidInput", `No default subnet for availability zone: '${zone}'.`);
  }
  return subnet;
}

/** The ids of the groups that the launch itself names. */
function readGroups(ctx: Context, input: Sdk.RunInstancesRequest): string[] {
  const names = input.SecurityGroups ?? [];
  if (names.length > 0 && input.SubnetId !== undefined) {
    throw badCombination("The parameter groupName cannot be used with the parameter subnet");
  }
  return [...names.map((name) => groupNamed(ctx, name).id), ...(input.SecurityGroupIds ?? [])];
}

/** The one interface of a launch that describes none. */
function planPrimary(
  ctx: Context,
  input: Sdk.RunInstancesRequest,
  zone: string | undefined,
): PlannedInterface {
  const groups = readGroups(ctx, input);
  const subnet = input.SubnetId === undefined ? defaultSubnet(ctx, zone) : subnets.get(ctx, input.SubnetId);
  return {
    kind: "new",
    subnet,
    request: {
      Groups: groups,
      PrivateIpAddress: input.PrivateIpAddress,
      Ipv6AddressCount: input.Ipv6AddressCount,
      Ipv6Addresses: input.Ipv6Addresses,
      PrimaryIpv6: input.EnablePrimaryIpv6,
      AssociatePublicIpAddress: subnet.mapPublicIp,
      requesterId: ctx.caller.userId,
    },
    deviceIndex: 0,
    networkCardIndex: 0,
    deleteOnTermination: true,
    ena: {},
  };
}

/** What belongs to the interfaces cannot be said of the instance, too. */
function refuseInstanceLevel(input: Sdk.RunInstancesRequest): void {
  const both: readonly (readonly [unknown, string])[] = [
    [input.SubnetId, "an instance-level subnet ID"],
    [input.SecurityGroupIds?.[0] ?? input.SecurityGroups?.[0], "an instance-level security groups"],
    [input.PrivateIpAddress, "an instance-level private address"],
    [input.Ipv6AddressCount ?? input.Ipv6Addresses?.[0], "an instance-level IPv6 address"],
  ];
  const given = both.find(([value]) => value !== undefined);
  if (given) {
    throw badCombination(`Network interfaces and ${given[1]} may not be specified on the same request`);
  }
}

type Specification = Sdk.InstanceNetworkInterfaceSpecification;

function refuseCarrier({ AssociateCarrierIpAddress }: Specification): void {
  if (!AssociateCarrierIpAddress) return;
  throw new ApiError(
    "UnsupportedOperation",
    "Carrier IP addresses can be associated only in a subnet in a Wavelength Zone.",
  );
}

/** What describes a new interface, by how EC2 names it where it is said of one that is there already. */
function describesNew(asked: Specification): string | undefined {
  if (asked.SubnetId !== undefined) return "a subnet";
  if (asked.PrivateIpAddress !== undefined || asked.PrivateIpAddresses?.length) return "a private IP address";
  if (asked.Groups?.length) return "security groups";
  if (asked.Description !== undefined) return "a description";
  if (asked.DeleteOnTermination) return "delete on termination as true";
  const others = [
    asked.SecondaryPrivateIpAddressCount,
    asked.Ipv6AddressCount,
    asked.Ipv6Addresses?.[0],
    asked.Ipv4PrefixCount,
    asked.Ipv4Prefixes?.[0],
    asked.Ipv6PrefixCount,
    asked.Ipv6Prefixes?.[0],
    asked.PrimaryIpv6,
  ];
  if (others.some((value) => value !== undefined)) return "addresses";
  if (asked.ConnectionTrackingSpecification) return "a connection tracking specification";
  return asked.InterfaceType === undefined ? undefined : "an interface type";
}

/** A trunk is attached to an instance that is there, and a branch to none. */
function checkType(type: string | undefined): void {
  if (type !== "trunk" && type !== "branch") return;
  throw badValue(
    `Value (${type}) for parameter interfaceType is invalid. Valid values: interface, efa, efa-only`,
  );
}

function planExisting(ctx: Context, asked: Specification, id: string, place: Place): PlannedInterface {
  const extra = describesNew(asked);
  if (extra) {
    throw badCombination(`A network interface may not specify both a network interface ID and ${extra}`);
  }
  if (asked.AssociatePublicIpAddress) {
    throw badCombination(
      "The associatePublicIPAddress parameter cannot be specified for a network interface with an ID.",
    );
  }
  const eni = getPermitted(ctx, id, "INSTANCE-ATTACH");
  checkUnused(ctx, eni);
  checkType(eni.interfaceType);
  const subnet = subnets.table(ctx).get(eni.subnetId);
  if (!subnet) throw new ApiError("InvalidSubnetID.NotFound", eni.subnetId);
  return { kind: "existing", subnet, id: eni.id, ...place, deleteOnTermination: false };
}

function planOne(
  ctx: Context,
  asked: Specification,
  zone: string | undefined,
  { single, primaryIpv6 }: { readonly single: boolean; readonly primaryIpv6: boolean | undefined },
): PlannedInterface {
  refuseCarrier(asked);
  const { DeviceIndex: deviceIndex, NetworkCardIndex: networkCardIndex = 0 } = asked;
  if (deviceIndex === undefined) throw badValue("Each network interface requires a device index.");
  if (deviceIndex < 0) throw badValue(`Value (${deviceIndex}) for parameter deviceIndex is invalid.`);
  const place = {
    deviceIndex,
    networkCardIndex,
    deleteOnTermination: asked.DeleteOnTermination ?? true,
    ena: asked,
  };
  if (asked.NetworkInterfaceId !== undefined) {
    const PrimaryIpv6 = asked.PrimaryIpv6 ?? (deviceIndex === 0 ? primaryIpv6 : undefined);
    return planExisting(ctx, { ...asked, PrimaryIpv6 }, asked.NetworkInterfaceId, place);
  }
  checkType(asked.InterfaceType);
  if (asked.AssociatePublicIpAddress && (!single || deviceIndex !== 0)) {
    throw badCombination(
      "The associatePublicIPAddress parameter cannot be specified when launching with multiple network interfaces.",
    );
  }
  const subnet = asked.SubnetId === undefined ? defaultSubnet(ctx, zone) : subnets.get(ctx, asked.SubnetId);
  return {
    kind: "new",
    subnet,
    request: {
      ...asked,
      PrimaryIpv6: asked.PrimaryIpv6 ?? (deviceIndex === 0 ? primaryIpv6 : undefined),
      AssociatePublicIpAddress: asked.AssociatePublicIpAddress ?? (single && subnet.mapPublicIp),
      requesterId: ctx.caller.userId,
    },
    ...place,
  };
}

function checkPlaces(planned: readonly PlannedInterface[], type: InstanceTypeFacts): void {
  const places = new Set<string>();
  for (const { deviceIndex, networkCardIndex } of planned) {
    const place = `${networkCardIndex}/${deviceIndex}`;
    if (places.has(place)) throw badValue("Each network interface requires a unique device index.");
    places.add(place);
    if (networkCardIndex < 0 || networkCardIndex >= type.networkCards) {
      throw badValue(`Network card index ${networkCardIndex} exceeds the limit for ${type.name}.`);
    }
  }
  if (!places.has("0/0")) {
    throw new ApiError(
      "UnsupportedOperation",
      "When specifying network interfaces, you must include a device at index 0.",
    );
  }
  checkInterfaceCount(type, planned.length);
  const ids = planned.flatMap((each) => (each.kind === "existing" ? [each.id] : []));
  const twice = ids.find((id, index) => ids.indexOf(id) < index);
  if (twice !== undefined) {
    throw badValue(`Network interface ID '${twice}' may not be specified on multiple interfaces.`);
  }
}

/** What only one instance can have. */
const isSingular = (planned: PlannedInterface): boolean =>
  planned.kind === "existing" ||
  [
    planned.request.PrivateIpAddress,
    planned.request.PrivateIpAddresses?.[0],
    planned.request.Ipv6Addresses?.[0],
    planned.request.Ipv4Prefixes?.[0],
    planned.request.Ipv6Prefixes?.[0],
  ].some((value) => value !== undefined);

/** All interfaces of an instance are in one zone and, at launch, in one VPC. */
function checkTogether(planned: readonly PlannedInterface[], zone: string | undefined): void {
  for (const { subnet } of planned) {
    if (zone !== undefined && subnet.zone !== zone) {
      throw badValue(
        `The availability zone '${zone}' does not match the availability zone '${subnet.zone}' of the subnet '${subnet.id}'.`,
      );
    }
    if (subnet.zone !== planned[0]?.subnet.zone) {
      throw badCombination("Network interfaces may not be in different availability zones.");
    }
    if (subnet.vpcId !== planned[0].subnet.vpcId) {
      throw badValue("Network interface attachments may not cross VPC boundaries.");
    }
  }
}

/**
 * The interfaces of each instance of a launch, in the order of their devices; nothing is made yet.
 *
 * @throws {ApiError} for what EC2 refuses before it looks for addresses
 */
export function planInterfaces(
  ctx: Context,
  input: Sdk.RunInstancesRequest,
  type: InstanceTypeFacts,
): readonly [PlannedInterface, ...PlannedInterface[]] {
  const zone = zoneOf(ctx, input.Placement ?? {});
  const asked = input.NetworkInterfaces ?? [];
  if (asked.length > 0) refuseInstanceLevel(input);
  const options = { single: asked.length === 1, primaryIpv6: input.EnablePrimaryIpv6 };
  const planned =
    asked.length > 0
      ? asked.map((each) => planOne(ctx, each, zone, options))
      : [planPrimary(ctx, input, zone)];
  checkPlaces(planned, type);
  for (const { subnet } of planned) checkInstanceEncryption(ctx, subnet.vpcId, type.name);
  checkTogether(planned, zone);
  if (planned.some(isSingular) && input.MaxCount !== undefined && input.MaxCount > 1) {
    throw badCombination(
      "Multiple instances creation is not compatible with private IP address or network interface ID parameters.",
    );
  }
  const [first, ...others] = planned.toSorted(
    (a, b) => a.networkCardIndex - b.networkCardIndex || a.deviceIndex - b.deviceIndex,
  );
  if (!first) throw new TypeError("a launch has an interface");
  return [first, ...others];
}

/** Makes, or takes, the interfaces of one instance and plugs them in. */
export function plugIn(
  ctx: Context,
  { id: instanceId, cpu }: Instance,
  type: InstanceTypeFacts,
  planned: readonly PlannedInterface[],
  tags: readonly Sdk.Tag[],
): void {
  const places: EnaPlace[] = [];
  for (const plan of planned) {
    const eni =
      plan.kind === "new"
        ? createInterface(ctx, plan.subnet, plan.request, tags)
        : (networkInterfaces.table(ctx).get(plan.id) ?? networkInterfaces.get(ctx, plan.id));
    checkInterface(type, eni);
    const { deviceIndex, networkCardIndex, deleteOnTermination, ena } = plan;
    const settings = readEnaSettings(type, cpu, eni.interfaceType, ena);
    places.push({ networkCardIndex, ...settings });
    attachInterface(ctx, eni, {
      instanceId,
      instanceOwnerId: ctx.account,
      deviceIndex,
      networkCardIndex,
      deleteOnTermination,
      ...settings,
    });
    if (planned.length === 1) lendPublicAddress(ctx, eni);
  }
  checkEnaQueues(type, places);
}

/**
 * How many instances of a launch find addresses in its subnets; costs time with the interfaces that are there.
 *
 * @param limit counting stops here
 */
export function roomFor(ctx: Context, planned: readonly PlannedInterface[], limit: number): number {
  const needed = new Map<Subnet, number>();
  for (const plan of planned) {
    if (plan.kind === "existing" || plan.subnet.cidr === undefined) continue;
    const { SecondaryPrivateIpAddressCount = 0, Ipv4PrefixCount = 0 } = plan.request;
    const addresses = 1 + SecondaryPrivateIpAddressCount + 16 * Ipv4PrefixCount;
    needed.set(plan.subnet, (needed.get(plan.subnet) ?? 0) + addresses);
  }
  return [...needed].reduce((room, [subnet, addresses]) => {
    const free = subnets.show(ctx, subnet).AvailableIpAddressCount ?? 0;
    return Math.min(room, Math.floor(free / addresses));
  }, limit);
}
