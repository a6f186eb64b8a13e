import type * as Sdk from "@aws-sdk/client-ec2";
import { contains, formatPrefix, overlaps } from "../../network/cidr.ts";
import { usable } from "../../network/subnetAddresses.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { present } from "../kit/present.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { blockModeOf } from "./blockPublicAccess.ts";
import { findZone, zonesOf, type Zone } from "./catalogue/zones.ts";
import {
  departed,
  isAssociated,
  newAssociation,
  SETTLING_SECONDS,
  settled,
  SHOWN_SECONDS,
  stillLeaving,
  type CidrAssociation,
} from "./cidrAssociation.ts";
import { readCidr, storedCidr } from "./cidrBlock.ts";
import { refusePools } from "./ipamPool.ts";
import { viewIpv6Source, vpcs, type Vpc } from "./vpc.ts";

export interface Subnet extends ResourceRow {
  readonly vpcId: string;
  /** Zone name: `us-east-1a`. */
  readonly zone: string;
  /** Absent for a subnet that has IPv6 only. */
  readonly cidr: string | undefined;
  readonly ipv6: readonly CidrAssociation[];
  /** Blocks that it has no more, for as long as they are shown. */
  readonly leaving: readonly CidrAssociation[];
  readonly defaultForAz: boolean;
  readonly state: "pending" | "available";
  readonly mapPublicIp: boolean;
  readonly assignIpv6: boolean;
  readonly dns64: boolean;
  readonly hostnameType: Sdk.HostnameType;
  readonly dnsARecord: boolean;
  readonly dnsAaaaRecord: boolean;
}

/** What counts the addresses in use: network interfaces and reservations add themselves here. */
export const addressUsers: ((ctx: Context, subnetId: string) => number)[] = [];

/** What EC2 leaves alone when it chooses an address itself: reservations add themselves here. */
export const reservedBlocks: ((
  ctx: Context,
  subnetId: string,
) => readonly { readonly cidr: string; readonly type: Sdk.SubnetCidrReservationType }[])[] = [];

function availableAddresses(ctx: Context, { id, cidr }: Subnet): number {
  if (cidr === undefined) return 0;
  const used = addressUsers.reduce((sum, count) => sum + count(ctx, id), 0);
  return Number(usable(storedCidr(cidr))) - used;
}

export function viewIpv6Association(
  ctx: Context,
  vpcId: string,
  { id, cidr, state }: CidrAssociation,
): Sdk.SubnetIpv6CidrBlockAssociation {
  const own = vpcs
    .table(ctx)
    .get(vpcId)
    ?.ipv6.find((block) => block.poolId !== undefined && contains(storedCidr(block.cidr), storedCidr(cidr)));
  return {
    AssociationId: id,
    Ipv6CidrBlock: cidr,
    Ipv6CidrBlockState: { State: state },
    ...viewIpv6Source(ctx, own?.poolId),
  };
}

/** A part of a VPC's addresses in one zone; who is in a subnet is under its network ACL and its route table. */
export const subnets = defineResource({
  type: "subnet",
  idPrefix: "subnet",
  notFound: "InvalidSubnetID.NotFound",
  malformed: "InvalidSubnetID.Malformed",
  ids: "SubnetIds",
  view: (subnet: Subnet, { account, tags, ctx }): Sdk.Subnet => ({
    SubnetId: subnet.id,
    SubnetArn: `arn:aws:ec2:${ctx.region}:${account}:subnet/${subnet.id}`,
    OwnerId: account,
    VpcId: subnet.vpcId,
    State: subnet.state,
    AvailabilityZone: subnet.zone,
    AvailabilityZoneId: findZone(ctx.region, subnet.zone)?.id,
    CidrBlock: subnet.cidr,
    Ipv6CidrBlockAssociationSet: [...subnet.ipv6, ...subnet.leaving].map((block) =>
      viewIpv6Association(ctx, subnet.vpcId, block),
    ),
    Ipv6Native: subnet.cidr === undefined,
    AvailableIpAddressCount: availableAddresses(ctx, subnet),
    DefaultForAz: subnet.defaultForAz,
    MapPublicIpOnLaunch: subnet.mapPublicIp,
    AssignIpv6AddressOnCreation: subnet.assignIpv6,
    MapCustomerOwnedIpOnLaunch: false,
    EnableDns64: subnet.dns64,
    PrivateDnsNameOptionsOnLaunch: {
      HostnameType: subnet.hostnameType,
      EnableResourceNameDnsARecord: subnet.dnsARecord,
      EnableResourceNameDnsAAAARecord: subnet.dnsAaaaRecord,
    },
    BlockPublicAccessStates: {
      InternetGatewayBlockMode: blockModeOf(ctx, account, subnet.vpcId, subnet.id),
    },
    Tags: tags,
  }),
  filters: {
    "availability-zone": (subnet) => subnet.AvailabilityZone,
    "availability-zone-id": (subnet) => subnet.AvailabilityZoneId,
    "available-ip-address-count": (subnet) => subnet.AvailableIpAddressCount,
    "cidr-block": (subnet) => subnet.CidrBlock,
    "customer-owned-ipv4-pool": (subnet) => subnet.CustomerOwnedIpv4Pool,
    "default-for-az": (subnet) => subnet.DefaultForAz,
    "enable-dns64": (subnet) => subnet.EnableDns64,
    "enable-lni-at-device-index": (subnet) => subnet.EnableLniAtDeviceIndex,
    "ipv6-cidr-block-association.association-id": (subnet) =>
      subnet.Ipv6CidrBlockAssociationSet?.map(({ AssociationId }) => AssociationId),
    "ipv6-cidr-block-association.ipv6-cidr-block": (subnet) =>
      subnet.Ipv6CidrBlockAssociationSet?.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock),
    "ipv6-cidr-block-association.state": (subnet) =>
      subnet.Ipv6CidrBlockAssociationSet?.map(({ Ipv6CidrBlockState }) => Ipv6CidrBlockState?.State),
    "ipv6-native": (subnet) => subnet.Ipv6Native,
    "map-customer-owned-ip-on-launch": (subnet) => subnet.MapCustomerOwnedIpOnLaunch,
    "map-public-ip-on-launch": (subnet) => subnet.MapPublicIpOnLaunch,
    "outpost-arn": (subnet) => subnet.OutpostArn,
    "owner-id": (subnet) => subnet.OwnerId,
    "private-dns-name-options-on-launch.enable-resource-name-dns-a-record": (subnet) =>
      subnet.PrivateDnsNameOptionsOnLaunch?.EnableResourceNameDnsARecord,
    "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": (subnet) =>
      subnet.PrivateDnsNameOptionsOnLaunch?.EnableResourceNameDnsAAAARecord,
    "private-dns-name-options-on-launch.hostname-type": (subnet) =>
      subnet.PrivateDnsNameOptionsOnLaunch?.HostnameType,
    state: (subnet) => subnet.State,
    "subnet-arn": (subnet) => subnet.SubnetArn,
    "subnet-id": (subnet) => subnet.SubnetId,
    "vpc-id": (subnet) => subnet.VpcId,
  },
  filterIndexes: { "vpc-id": "vpc" },
  indexes: {
    vpc: ({ vpcId }) => vpcId,
    defaultIn: ({ account, zone, defaultForAz }) => (defaultForAz ? `${account}/${zone}` : undefined),
    association: ({ ipv6 }) => ipv6.map(({ id }) => id),
  },
  parents: { vpc: "vpc" },
  quotas: [
    {
      code: "L-407747CB",
      name: "Subnets per VPC",
      usual: 200,
      per: "vpc",
      error: () => new ApiError("SubnetLimitExceeded"),
    },
  ],
  transitions: {
    available: (ctx, { id }) => subnets.update(ctx, id, { state: "available" }),
    associated: (ctx, { id, ipv6 }) => subnets.update(ctx, id, { ipv6: settled(ipv6) }),
    disassociated: (ctx, { id, leaving }) => {
      subnets.update(ctx, id, { leaving: departed(leaving) });
      subnets.later(ctx, id, "forget", SHOWN_SECONDS);
    },
    forget: (ctx, { id, leaving }) => subnets.update(ctx, id, { leaving: stillLeaving(leaving) }),
  },
});

/** What each new subnet comes with: its network ACL association adds itself here. */
export const furnishings: ((ctx: Context, subnet: Subnet) => void)[] = [];

/**
 * The zone that a call names by name or by id; without either, the region's first.
 *
 * @throws {ApiError} InvalidParameterCombination for both, InvalidParameterValue for one that the region does not have
 */
export function readZone(ctx: Context, name: string | undefined, id: string | undefined): Zone {
  const zones = zonesOf(ctx.region);
  if (name !== undefined && id !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "Only one of availabilityZone and availabilityZoneId can be specified.",
    );
  }
  const zone = zones.find((each) => (name ?? each.name) === each.name && (id ?? each.id) === each.id);
  if (!zone) {
    throw new ApiError(
      "InvalidParameterValue",
      name === undefined
        ? `Value (${id}) for parameter availabilityZoneId is invalid. Subnets can currently only be created in the following availability zone ids: ${zones.map((each) => each.id).join(", ")}.`
        : `Value (${name}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${zones.map((each) => each.name).join(", ")}.`,
    );
  }
  return zone;
}

/**
 * Reads the IPv4 block of a subnet: a /16 to /28 within the VPC's blocks, apart from the other subnets'.
 *
 * @throws {ApiError} InvalidSubnet.Range, InvalidSubnet.Conflict
 */
function readSubnetCidr(ctx: Context, vpc: Vpc, text: string): string {
  const block = readCidr(text, "cidrBlock", 4);
  const cidr = formatPrefix(block);
  const inside = vpc.ipv4.filter(isAssociated).some((each) => contains(storedCidr(each.cidr), block));
  if (block.length < 16 || block.length > 28 || !inside) throw new ApiError("InvalidSubnet.Range", cidr);
  for (const other of subnets.by(ctx, "vpc", vpc.id)) {
    if (other.cidr !== undefined && overlaps(storedCidr(other.cidr), block)) {
      throw new ApiError("InvalidSubnet.Conflict", cidr);
    }
  }
  return cidr;
}

/** Reads the IPv6 block of a subnet: a /44 to /64, in steps of 4, within the VPC's blocks. */
export function readSubnetIpv6Cidr(ctx: Context, vpc: Vpc, text: string): CidrAssociation {
  const block = readCidr(text, "ipv6CidrBlock", 6);
  const cidr = formatPrefix(block);
  const inside = vpc.ipv6.filter(isAssociated).some((each) => contains(storedCidr(each.cidr), block));
  if (block.length < 44 || block.length > 64 || block.length % 4 !== 0 || !inside) {
    throw new ApiError("InvalidSubnet.Range", cidr);
  }
  for (const other of subnets.by(ctx, "vpc", vpc.id)) {
    if (other.ipv6.some((each) => overlaps(storedCidr(each.cidr), block))) {
      throw new ApiError("InvalidSubnet.Conflict", cidr, "IPv6 CIDR");
    }
  }
  return newAssociation(ctx, "subnet-cidr-assoc", cidr);
}

export function createSubnet(
  ctx: Context,
  fields: Pick<Subnet, "vpcId" | "zone" | "cidr" | "ipv6" | "defaultForAz" | "mapPublicIp">,
  tags?: readonly Sdk.TagSpecification[],
): Subnet {
  const subnet = subnets.create(
    ctx,
    {
      ...fields,
      leaving: [],
      state: "pending",
      assignIpv6: fields.cidr === undefined,
      dns64: false,
      hostnameType: fields.cidr === undefined ? "resource-name" : "ip-name",
      dnsARecord: false,
      dnsAaaaRecord: false,
    },
    tags,
  );
  for (const furnish of furnishings) furnish(ctx, subnet);
  subnets.soon(ctx, subnet.id, "available", 1);
  if (subnet.ipv6.length > 0) subnets.soon(ctx, subnet.id, "associated", SETTLING_SECONDS);
  return subnet;
}

type Attributes = Omit<Sdk.ModifySubnetAttributeRequest, "SubnetId">;

/** Attributes of subnets on Outposts, which are not built. */
function refuseOutposts(asked: Attributes): void {
  if (
    asked.MapCustomerOwnedIpOnLaunch?.Value ||
    asked.CustomerOwnedIpv4Pool !== undefined ||
    asked.EnableLniAtDeviceIndex !== undefined ||
    asked.DisableLniAtDeviceIndex?.Value
  ) {
    throw new ApiError("UnsupportedOperation", "This attribute is supported only for subnets on Outposts.");
  }
}

/** What a subnet can be told depends on which addresses it has. */
function checkAttributes({ id, cidr, ipv6 }: Subnet, asked: Attributes): void {
  const name = (["AssignIpv6AddressOnCreation", "EnableDns64"] as const).find((each) => asked[each]?.Value);
  if (name && ipv6.length === 0) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (true) for parameter ${name} is invalid. The subnet '${id}' does not have an IPv6 CIDR block.`,
    );
  }
  if (cidr !== undefined) return;
  if (asked.MapPublicIpOnLaunch?.Value || asked.PrivateDnsHostnameTypeOnLaunch === "ip-name") {
    throw new ApiError("InvalidParameterValue", `The subnet '${id}' does not have an IPv4 CIDR block.`);
  }
}

export const operations = {
  CreateSubnet: (input, ctx) => {
    if (input.OutpostArn !== undefined) throw new ApiError("InvalidOutpostArn.NotFound", input.OutpostArn);
    refusePools(input);
    const vpc = vpcs.get(ctx, input.VpcId);
    const zone = readZone(ctx, input.AvailabilityZone, input.AvailabilityZoneId);
    if (input.Ipv6Native ? input.CidrBlock !== undefined : input.CidrBlock === undefined) {
      throw input.Ipv6Native
        ? new ApiError("InvalidParameterCombination", "An IPv6-only subnet cannot have an IPv4 CIDR block.")
        : new ApiError("MissingParameter", "cidrBlock");
    }
    if (input.Ipv6Native && input.Ipv6CidrBlock === undefined) {
      throw new ApiError("MissingParameter", "ipv6CidrBlock");
    }
    const subnet = createSubnet(
      ctx,
      {
        vpcId: vpc.id,
        zone: zone.name,
        cidr: input.CidrBlock === undefined ? undefined : readSubnetCidr(ctx, vpc, input.CidrBlock),
        ipv6: input.Ipv6CidrBlock === undefined ? [] : [readSubnetIpv6Cidr(ctx, vpc, input.Ipv6CidrBlock)],
        defaultForAz: false,
        mapPublicIp: false,
      },
      input.TagSpecifications,
    );
    return { Subnet: subnets.show(ctx, subnet) };
  },

  DeleteSubnet: ({ SubnetId }, ctx) => {
    const { id } = subnets.get(ctx, SubnetId);
    subnets.checkFree(ctx, id);
    subnets.delete(ctx, id);
    return {};
  },

  DescribeSubnets: subnets.describe("Subnets"),

  ModifySubnetAttribute: ({ SubnetId, ...asked }, ctx) => {
    const subnet = subnets.get(ctx, SubnetId);
    const attributes = Object.entries(asked).filter(([, value]) => value !== undefined);
    if (attributes.length === 0) throw new ApiError("MissingParameter", "attribute");
    if (attributes.length > 1) {
      throw new ApiError("InvalidParameterCombination", "Fields for multiple attribute types specified");
    }
    refuseOutposts(asked);
    checkAttributes(subnet, asked);
    subnets.update(
      ctx,
      subnet.id,
      present({
        mapPublicIp: asked.MapPublicIpOnLaunch?.Value,
        assignIpv6: asked.AssignIpv6AddressOnCreation?.Value,
        dns64: asked.EnableDns64?.Value,
        hostnameType: asked.PrivateDnsHostnameTypeOnLaunch,
        dnsARecord: asked.EnableResourceNameDnsARecordOnLaunch?.Value,
        dnsAaaaRecord: asked.EnableResourceNameDnsAAAARecordOnLaunch?.Value,
      }),
    );
    return {};
  },
} satisfies Handlers;

export const partly = { CreateSubnet: "IPAM pools, Outposts" };
