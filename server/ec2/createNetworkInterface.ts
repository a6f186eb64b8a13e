import type * as Sdk from "@aws-sdk/client-ec2";
import { macAddress } from "../../network/mac.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { checkQuota, declareQuota } from "../kit/quotas.ts";
import { planAddresses, type AddressRequest } from "./addressRequest.ts";
import { zonesOf } from "./catalogue/zones.ts";
import { readConnectionTracking } from "./connectionTracking.ts";
import {
  addInterface,
  networkInterfaces,
  takenIn,
  type ManagedType,
  type NetworkInterface,
} from "./networkInterface.ts";
import { defaultGroupOf, securityGroups } from "./securityGroup.ts";
import { isUsableIn } from "./securityGroupVpc.ts";
import { subnets, type Subnet } from "./subnet.ts";
import { checkEncryption } from "./vpcEncryptionControl.ts";

function newMac(ctx: Context, zone: string): string {
  const place = zonesOf(ctx.region).findIndex(({ name }) => name === zone);
  for (;;) {
    const mac = macAddress(ctx.chance.bytes(5), place);
    if (networkInterfaces.count(ctx, "mac", mac) === 0) return mac;
  }
}

/** Of interfaces: how many groups each may carry. */
export const groupQuota = declareQuota({
  code: "L-2AFB9258",
  name: "Security groups per network interface",
  usual: 5,
  error: () => new ApiError("SecurityGroupsPerInterfaceLimitExceeded"),
});

/**
 * The security groups of an interface: those asked for, or else the VPC's default one.
 *
 * @throws {ApiError} InvalidGroup.NotFound, InvalidParameter for a group that is not the VPC's nor associated with it,
 *   SecurityGroupsPerInterfaceLimitExceeded
 */
export function readGroups(
  ctx: Context,
  { id, vpcId }: Subnet,
  asked: readonly string[] | undefined,
): string[] {
  if (!asked || asked.length === 0) return [defaultGroupOf(ctx, vpcId).id];
  for (const group of securityGroups.getAll(ctx, asked)) {
    if (!isUsableIn(ctx, group, vpcId)) {
      throw new ApiError(
        "InvalidParameter",
        `Security group ${group.id} and subnet ${id} belong to different networks.`,
      );
    }
  }
  const groups = [...new Set(asked)];
  checkQuota(ctx, groupQuota, () => groups.length, "");
  return groups;
}

const TYPES = ["interface", "efa", "efa-only", "trunk", "branch"] as const;

function readInterfaceType(asked = "interface"): (typeof TYPES)[number] {
  const type = TYPES.find((each) => each === asked);
  if (type !== undefined) return type;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${asked}) for parameter interfaceType is invalid. Valid values: interface, efa, efa-only, trunk`,
  );
}

const MAX_DESCRIPTION = 255;

export function readDescription(text: string): string {
  if (text.length > MAX_DESCRIPTION) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${text}) for parameter description is invalid. It must be at most ${MAX_DESCRIPTION} characters long.`,
    );
  }
  return text;
}

/** What may be asked of a new interface, be it made alone or together with its instance. */
export type InterfaceRequest = AddressRequest &
  Pick<
    Sdk.InstanceNetworkInterfaceSpecification,
    "AssociatePublicIpAddress" | "Description" | "Groups" | "InterfaceType"
  > & {
    readonly ConnectionTrackingSpecification?: Sdk.ConnectionTrackingSpecificationRequest | undefined;
    readonly requesterId?: string | undefined;
    /** Whether a service of Amazon's makes it, for itself. */
    readonly requesterManaged?: boolean | undefined;
  };

/** What an interface has of its place, and what every new one begins with. */
const placedIn = (ctx: Context, { id, vpcId, zone }: Subnet) => ({
  subnetId: id,
  vpcId,
  zone,
  mac: newMac(ctx, zone),
  attachment: undefined,
});

/**
 * Makes an interface with addresses of its subnet, attached to nothing.
 *
 * @param tags the call's TagSpecifications, or this interface's own tags
 */
export function createInterface(
  ctx: Context,
  subnet: Subnet,
  asked: InterfaceRequest = {},
  tags?: readonly Sdk.TagSpecification[] | readonly Sdk.Tag[],
): NetworkInterface {
  const interfaceType = readInterfaceType(asked.InterfaceType);
  return addInterface(
    ctx,
    {
      ...planAddresses(ctx, subnet, takenIn(ctx, subnet), asked, interfaceType !== "efa-only"),
      ...placedIn(ctx, subnet),
      description: readDescription(asked.Description ?? ""),
      interfaceType,
      groups: readGroups(ctx, subnet, asked.Groups),
      sourceDestCheck: true,
      associatePublicIp: asked.AssociatePublicIpAddress ?? false,
      connectionTracking:
        asked.ConnectionTrackingSpecification &&
        readConnectionTracking(asked.ConnectionTrackingSpecification),
      requesterId: asked.requesterId,
      requesterManaged: asked.requesterManaged ?? false,
      managedUse: undefined,
    },
    tags,
  );
}

/** What Amazon wants of an interface that it makes for a resource. */
interface ManagedRequest {
  readonly resourceId: string;
  readonly type: ManagedType;
  readonly description: string;
  readonly groups: readonly string[];
  readonly sourceDestCheck: boolean;
  readonly addresses: AddressRequest;
}

/** Makes an interface that Amazon uses for a resource of the caller's, in the caller's account. */
export function createManagedInterface(
  ctx: Context,
  subnet: Subnet,
  { resourceId, type, addresses, ...own }: ManagedRequest,
): NetworkInterface {
  // "Not supported with VPCs in enforce mode."
  if (type.startsWith("gateway_load_balancer")) {
    checkEncryption(ctx, subnet.vpcId, "A Gateway Load Balancer");
  }
  return addInterface(ctx, {
    ...planAddresses(ctx, subnet, takenIn(ctx, subnet), addresses, true),
    ...placedIn(ctx, subnet),
    ...own,
    interfaceType: type,
    associatePublicIp: false,
    connectionTracking: undefined,
    requesterId: "amazon-aws",
    requesterManaged: true,
    managedUse: { resourceId, attachmentId: `ela-attach-0${ctx.chance.hex(16)}`, attachTime: ctx.now },
  });
}

export const operations = {
  CreateNetworkInterface: ({ SubnetId, TagSpecifications, EnablePrimaryIpv6, Operator, ...asked }, ctx) => {
    if (Operator?.Principal !== undefined) {
      throw new ApiError("UnsupportedOperation", "The operator parameter is reserved for internal use.");
    }
    const eni = createInterface(
      ctx,
      subnets.get(ctx, SubnetId),
      { ...asked, PrimaryIpv6: EnablePrimaryIpv6, requesterId: ctx.caller.userId },
      TagSpecifications,
    );
    return { NetworkInterface: networkInterfaces.show(ctx, eni) };
  },
} satisfies Handlers;
