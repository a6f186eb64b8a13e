import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { storedCidr } from "./cidrBlock.ts";
import type { ConnectionTracking } from "./connectionTracking.ts";
import type { EnaSettings } from "./enaSettings.ts";
import { delegableBlockOf, type TakenAddresses } from "./freeAddress.ts";
import { publicAddressUsers } from "./internetGateway.ts";
import { withdrawPublicAddress } from "./lentAddress.ts";
import { interfaceFilters, viewInterface } from "./networkInterfaceView.ts";
import { publicAddressesOf, unmapPublicAddress } from "./publicAddress.ts";
import { trunkOf } from "./trunkInterfaceAssociation.ts";
import { addressUsers, reservedBlocks, type Subnet } from "./subnet.ts";

export interface Attachment extends EnaSettings {
  /** `eni-attach-…` */
  readonly id: string;
  readonly instanceId: string;
  readonly instanceOwnerId: string;
  readonly deviceIndex: number;
  readonly networkCardIndex: number;
  readonly status: "attaching" | "attached" | "detaching";
  /** Milliseconds since the epoch. */
  readonly attachTime: number;
  readonly deleteOnTermination: boolean;
}

/** What Amazon makes an interface for, and alone may use it: a NAT gateway, an endpoint, … */
export interface ManagedUse {
  /** Of the resource: `nat-…`. */
  readonly resourceId: string;
  /** `ela-attach-…` */
  readonly attachmentId: string;
  /** Milliseconds since the epoch. */
  readonly attachTime: number;
}

/** One of type `interface` is a branch, too, for as long as it is associated with a trunk. */
type InterfaceType = "efa" | "efa-only" | "trunk" | "branch" | ManagedType;

/** The types of interfaces that Amazon makes for resources of others: Client VPN's have none of their own. */
export type ManagedType =
  | "gateway_load_balancer"
  | "gateway_load_balancer_endpoint"
  | "interface"
  | "nat_gateway"
  | "network_load_balancer"
  | "transit_gateway"
  | "vpc_endpoint";

export interface NetworkInterface extends ResourceRow {
  readonly subnetId: string;
  readonly vpcId: string;
  /** Zone name: `us-east-1a`. */
  readonly zone: string;
  /** The same for as long as the interface lives. */
  readonly mac: string;
  readonly description: string;
  readonly interfaceType: InterfaceType;
  /** Ids of security groups. */
  readonly groups: readonly string[];
  /** IPv4; the first is the primary one. */
  readonly privateAddresses: readonly string[];
  readonly ipv6Addresses: readonly string[];
  /** Whether the first IPv6 address is bound to the interface for good. */
  readonly primaryIpv6: boolean;
  /** Delegated /28 and /80 blocks. */
  readonly ipv4Prefixes: readonly string[];
  readonly ipv6Prefixes: readonly string[];
  readonly sourceDestCheck: boolean;
  /** Whether Amazon lends it a public address while it is the only interface of a running instance. */
  readonly associatePublicIp: boolean;
  readonly connectionTracking: ConnectionTracking | undefined;
  /** Who asked for it. */
  readonly requesterId: string | undefined;
  /** Whether a service of Amazon's made it and looks after it. */
  readonly requesterManaged: boolean;
  readonly attachment: Attachment | undefined;
  /** Absent for an interface that its owner may use. */
  readonly managedUse: ManagedUse | undefined;
  /** What its public name leads to, once its owner has chosen. */
  readonly publicHostname?: Sdk.PublicIpDnsOption;
}

const inSubnet = ({ subnetId }: NetworkInterface, places: readonly string[]): string[] =>
  places.map((place) => `${subnetId}/${place}`);

const addressesOf = (row: NetworkInterface): string[] => [...row.privateAddresses, ...row.ipv6Addresses];

/** A network card of the cloud: it lives in one subnet, keeps its addresses, and is plugged into instances. */
export const networkInterfaces = defineResource({
  type: "network-interface",
  idPrefix: "eni",
  notFound: "InvalidNetworkInterfaceID.NotFound",
  malformed: "InvalidNetworkInterfaceId.Malformed",
  ids: "NetworkInterfaceIds",
  view: viewInterface,
  filters: {
    ...interfaceFilters,
    "addresses.association.owner-id": (eni) =>
      eni.PrivateIpAddresses?.map(({ Association }) => Association?.IpOwnerId),
    "availability-zone-id": (eni) => eni.AvailabilityZoneId,
    "interface-type": (eni) => eni.InterfaceType,
    "private-ip-address": (eni) => eni.PrivateIpAddresses?.map(({ PrivateIpAddress }) => PrivateIpAddress),
  },
  filterIndexes: {
    "attachment.attachment-id": "attachment",
    "attachment.instance-id": "instance",
    "group-id": "group",
    "mac-address": "mac",
    "subnet-id": "subnet",
    "vpc-id": "vpc",
  },
  indexes: {
    subnet: ({ subnetId }) => subnetId,
    vpc: ({ vpcId }) => vpcId,
    group: ({ groups }) => groups,
    groupInVpc: ({ groups, vpcId }) => groups.map((group) => `${group}/${vpcId}`),
    mac: ({ mac }) => mac,
    instance: ({ attachment }) => attachment?.instanceId,
    attachment: ({ attachment, managedUse }) => attachment?.id ?? managedUse?.attachmentId,
    managedFor: ({ managedUse }) => managedUse?.resourceId,
    address: (row) => inSubnet(row, addressesOf(row)),
    prefix: (row) => inSubnet(row, [...row.ipv4Prefixes, ...row.ipv6Prefixes]),
    /** The blocks that could be delegated as a prefix, if it had no address in them. */
    touched: (row) => inSubnet(row, addressesOf(row).map(delegableBlockOf)),
  },
  parents: { subnet: "subnet", "security-group": "group", "security-group-vpc-association": "groupInVpc" },
  transitions: {
    attached: (ctx, { id, attachment }) => {
      if (attachment?.status !== "attaching") return;
      networkInterfaces.update(ctx, id, { attachment: { ...attachment, status: "attached" } });
    },
    detached: (ctx, row) => {
      if (row.attachment?.status === "detaching") unplug(ctx, row);
    },
  },
  quotas: [
    {
      code: "L-DF5E4CA3",
      name: "Network interfaces per Region",
      usual: 5000,
      error: () => new ApiError("NetworkInterfaceLimitExceeded"),
    },
  ],
});

/** A /28 counts for the sixteen addresses that it holds. */
addressUsers.push((ctx, subnetId) =>
  networkInterfaces
    .by(ctx, "subnet", subnetId)
    .reduce((sum, eni) => sum + eni.privateAddresses.length + 16 * eni.ipv4Prefixes.length, 0),
);

publicAddressUsers.push((ctx, vpcId) =>
  networkInterfaces.by(ctx, "vpc", vpcId).some(({ id }) => publicAddressesOf(ctx, id).length > 0),
);

/** The addresses and prefixes of a subnet that interfaces have, and what is reserved of it. */
export const takenIn = (ctx: Context, { id }: Subnet): TakenAddresses => ({
  hasAddress: (address) => networkInterfaces.count(ctx, "address", `${id}/${address}`) > 0,
  hasPrefix: (prefix) => networkInterfaces.count(ctx, "prefix", `${id}/${prefix}`) > 0,
  touches: (prefix) => networkInterfaces.count(ctx, "touched", `${id}/${prefix}`) > 0,
  reserved: reservedBlocks
    .flatMap((reserve) => reserve(ctx, id))
    .map(({ cidr, type }) => ({ block: storedCidr(cidr), forPrefixes: type === "prefix" })),
});

/**
 * The interface that a call wants to change.
 *
 * @throws {ApiError} AuthFailure for one that Amazon manages
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/requester-managed-eni.html
 */
export function getChangeable(ctx: Context, id: string): NetworkInterface {
  const eni = networkInterfaces.get(ctx, id);
  if (eni.managedUse) throw forbidden();
  return eni;
}

/** @throws {ApiError} InvalidNetworkInterface.InUse for one that has an instance, be it by way of a trunk */
export function checkUnused(ctx: Context, { id, attachment }: NetworkInterface): void {
  if (attachment || trunkOf(ctx, id) !== undefined) throw new ApiError("InvalidNetworkInterface.InUse", id);
}

export const forbidden = (): ApiError =>
  new ApiError("AuthFailure", "You do not have permission to access the specified resource.");

/** Plugs an interface into an instance; that they fit together, and that the place is free, is the caller's to see. */
export function attachInterface(
  ctx: Context,
  { id }: NetworkInterface,
  place: Omit<Attachment, "id" | "status" | "attachTime">,
): NetworkInterface {
  const row = networkInterfaces.update(ctx, id, {
    attachment: {
      ...place,
      id: `eni-attach-0${ctx.chance.hex(16)}`,
      status: "attaching",
      attachTime: ctx.now,
    },
  });
  networkInterfaces.soon(ctx, id, "attached", 2);
  return row;
}

/** Begins to unplug an interface, or, by force, does not wait for the instance to let go of it. */
export function detachInterface(ctx: Context, row: NetworkInterface, force = false): void {
  if (force) unplug(ctx, row);
  if (force || !row.attachment) return;
  networkInterfaces.update(ctx, row.id, { attachment: { ...row.attachment, status: "detaching" } });
  networkInterfaces.soon(ctx, row.id, "detached", 10);
}

/** Unplugs an interface at once. An address that was lent to it goes back; one of the account's own stays. */
function unplug(ctx: Context, { id }: NetworkInterface): void {
  withdrawPublicAddress(ctx, id);
  networkInterfaces.update(ctx, id, { attachment: undefined, primaryIpv6: false });
}

/** What becomes of an interface when its instance is terminated. */
export function releaseInterface(ctx: Context, row: NetworkInterface): void {
  if (row.attachment?.deleteOnTermination) deleteInterface(ctx, row);
  else unplug(ctx, row);
}

/** Told when an interface has come to a VPC, or gone: whatever follows the interfaces adds itself here. */
export const interfaceFollowers: ((ctx: Context, vpcId: string) => void)[] = [];

/** Makes an interface, tagged by the call's TagSpecifications or by this interface's own tags. */
export function addInterface(
  ctx: Context,
  fields: Parameters<typeof networkInterfaces.create>[1],
  tags?: Parameters<typeof networkInterfaces.create>[2],
): NetworkInterface {
  const row = networkInterfaces.create(ctx, fields, tags);
  for (const follow of interfaceFollowers) follow(ctx, row.vpcId);
  return row;
}

/** Removes an interface with all that leads to it. */
export function deleteInterface(ctx: Context, { id, vpcId }: NetworkInterface): void {
  for (const address of publicAddressesOf(ctx, id)) unmapPublicAddress(ctx, address);
  networkInterfaces.delete(ctx, id);
  for (const follow of interfaceFollowers) follow(ctx, vpcId);
}

export const operations = {
  DeleteNetworkInterface: ({ NetworkInterfaceId }, ctx) => {
    const eni = networkInterfaces.get(ctx, NetworkInterfaceId);
    if (eni.attachment || eni.managedUse) {
      throw new ApiError("InvalidParameterValue", `Network interface '${eni.id}' is currently in use.`);
    }
    deleteInterface(ctx, eni);
    return {};
  },

  DescribeNetworkInterfaces: networkInterfaces.describe("NetworkInterfaces"),
} satisfies Handlers;
