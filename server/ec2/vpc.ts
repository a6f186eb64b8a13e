import type * as Sdk from "@aws-sdk/client-ec2";
import { contains, formatPrefix, overlaps, subnetOf, type Prefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { present } from "../kit/present.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { blockModeOf } from "./blockPublicAccess.ts";
import { rangesOf } from "./byoipRange.ts";
import {
  departed,
  isIpv4,
  newAssociation,
  SETTLING_SECONDS,
  settled,
  SHOWN_SECONDS,
  stillLeaving,
  type CidrAssociation,
} from "./cidrAssociation.ts";
import { readCidr, storedCidr } from "./cidrBlock.ts";
import { defaultDhcpOptionsId, dhcpOptions } from "./dhcpOptions.ts";
import { refusePools } from "./ipamPool.ts";
import { takeIpv6Block } from "./ipv6Pool.ts";
import {
  control,
  controlOf,
  exclusionsOf,
  readDemand,
  vpcEncryptionControls,
} from "./vpcEncryptionControl.ts";

export interface Vpc extends ResourceRow {
  /** The first is the primary one. */
  readonly ipv4: readonly CidrAssociation[];
  readonly ipv6: readonly CidrAssociation[];
  /** Blocks that it has no more, IPv4 and IPv6, for as long as they are shown. */
  readonly leaving: readonly CidrAssociation[];
  /** `default` stands for no options at all. */
  readonly dhcpOptionsId: string;
  readonly tenancy: Sdk.Tenancy;
  readonly isDefault: boolean;
  readonly state: "pending" | "available";
  readonly dnsSupport: boolean;
  readonly dnsHostnames: boolean;
  readonly addressUsageMetrics: boolean;
}

/**
 * Whether Amazon gives names to what is in a VPC, and answers questions for them.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
 */
export const givesNames = ({ dnsSupport, dnsHostnames }: Vpc): boolean => dnsSupport && dnsHostnames;

export const viewIpv4Association = ({ id, cidr, state }: CidrAssociation): Sdk.VpcCidrBlockAssociation => ({
  AssociationId: id,
  CidrBlock: cidr,
  CidrBlockState: { State: state },
});

/** Whose the addresses of a block are, and whether the internet may know of them. */
export function viewIpv6Source(
  ctx: Context,
  poolId: string | undefined,
): Pick<Sdk.VpcIpv6CidrBlockAssociation, "IpSource" | "Ipv6AddressAttribute"> {
  if (poolId === undefined) return { Ipv6AddressAttribute: "public", IpSource: "amazon" };
  const isPrivate = rangesOf(ctx, poolId).some(({ advertisable }) => !advertisable);
  return { Ipv6AddressAttribute: isPrivate ? "private" : "public", IpSource: "byoip" };
}

export const viewIpv6Association = (
  ctx: Context,
  { id, cidr, poolId, state }: CidrAssociation,
): Sdk.VpcIpv6CidrBlockAssociation => ({
  AssociationId: id,
  Ipv6CidrBlock: cidr,
  Ipv6CidrBlockState: { State: state },
  NetworkBorderGroup: ctx.region,
  Ipv6Pool: poolId ?? "Amazon",
  ...viewIpv6Source(ctx, poolId),
});

function viewEncryption(ctx: Context, vpcId: string): Sdk.VpcEncryptionControl | undefined {
  const row = controlOf(ctx, vpcId);
  return row && vpcEncryptionControls.show(ctx, row);
}

/** A network of its own, with its own addresses: nothing gets in or out but by the doors that are put into it. */
export const vpcs = defineResource({
  type: "vpc",
  idPrefix: "vpc",
  notFound: "InvalidVpcID.NotFound",
  malformed: "InvalidVpcID.Malformed",
  ids: "VpcIds",
  view: (vpc: Vpc, { account, tags, ctx }): Sdk.Vpc => ({
    VpcId: vpc.id,
    OwnerId: account,
    State: vpc.state,
    CidrBlock: vpc.ipv4[0]?.cidr,
    CidrBlockAssociationSet: [...vpc.ipv4, ...vpc.leaving.filter(isIpv4)].map(viewIpv4Association),
    Ipv6CidrBlockAssociationSet: [...vpc.ipv6, ...vpc.leaving.filter((block) => !isIpv4(block))].map(
      (block) => viewIpv6Association(ctx, block),
    ),
    DhcpOptionsId: vpc.dhcpOptionsId,
    InstanceTenancy: vpc.tenancy,
    IsDefault: vpc.isDefault,
    BlockPublicAccessStates: { InternetGatewayBlockMode: blockModeOf(ctx, account, vpc.id) },
    EncryptionControl: viewEncryption(ctx, vpc.id),
    Tags: tags,
  }),
  filters: {
    cidr: (vpc) => vpc.CidrBlock,
    "cidr-block-association.association-id": (vpc) =>
      vpc.CidrBlockAssociationSet?.map(({ AssociationId }) => AssociationId),
    "cidr-block-association.cidr-block": (vpc) =>
      vpc.CidrBlockAssociationSet?.map(({ CidrBlock }) => CidrBlock),
    "cidr-block-association.state": (vpc) =>
      vpc.CidrBlockAssociationSet?.map(({ CidrBlockState }) => CidrBlockState?.State),
    "dhcp-options-id": (vpc) => vpc.DhcpOptionsId,
    "ipv6-cidr-block-association.association-id": (vpc) =>
      vpc.Ipv6CidrBlockAssociationSet?.map(({ AssociationId }) => AssociationId),
    "ipv6-cidr-block-association.ipv6-cidr-block": (vpc) =>
      vpc.Ipv6CidrBlockAssociationSet?.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock),
    "ipv6-cidr-block-association.ipv6-pool": (vpc) =>
      vpc.Ipv6CidrBlockAssociationSet?.map(({ Ipv6Pool }) => Ipv6Pool),
    "ipv6-cidr-block-association.state": (vpc) =>
      vpc.Ipv6CidrBlockAssociationSet?.map(({ Ipv6CidrBlockState }) => Ipv6CidrBlockState?.State),
    "is-default": (vpc) => vpc.IsDefault,
    "owner-id": (vpc) => vpc.OwnerId,
    state: (vpc) => vpc.State,
    "vpc-id": (vpc) => vpc.VpcId,
  },
  indexes: {
    dhcpOptions: ({ dhcpOptionsId }) => dhcpOptionsId,
    default: ({ account, isDefault }) => (isDefault ? account : undefined),
    ipv6: ({ ipv6 }) => ipv6.map(({ cidr }) => cidr),
    ipv6Pool: ({ ipv6 }) => [...new Set(ipv6.flatMap(({ poolId }) => poolId ?? []))],
    association: ({ ipv4, ipv6 }) => [...ipv4, ...ipv6].map(({ id }) => id),
  },
  parents: { "dhcp-options": "dhcpOptions" },
  quotas: [
    {
      code: "L-F678F1CE",
      name: "VPCs per Region",
      usual: 5,
      error: () => new ApiError("VpcLimitExceeded"),
    },
  ],
  transitions: {
    available: (ctx, { id }) => vpcs.update(ctx, id, { state: "available" }),
    associated: (ctx, { id, ipv4, ipv6 }) =>
      vpcs.update(ctx, id, { ipv4: settled(ipv4), ipv6: settled(ipv6) }),
    disassociated: (ctx, { id, leaving }) => {
      vpcs.update(ctx, id, { leaving: departed(leaving) });
      vpcs.later(ctx, id, "forget", SHOWN_SECONDS);
    },
    forget: (ctx, { id, leaving }) => vpcs.update(ctx, id, { leaving: stillLeaving(leaving) }),
  },
});

/** What must agree to one more block of a VPC: it throws if it does not. */
export const blockGuards: ((ctx: Context, vpc: Vpc, block: string) => void)[] = [];

/** What has to be undone before a VPC goes that may. */
export const vpcRemovals: ((ctx: Context, vpcId: string) => void)[] = [];

/** What comes with each new VPC: its main route table, network ACL and security group add themselves here. */
export const furnishings: ((ctx: Context, vpc: Vpc) => void)[] = [];

/** Blocks that no VPC can have: "this network", loopback, link-local, multicast and above. */
const UNUSABLE = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"].map(storedCidr);

/**
 * Reads the IPv4 block of a VPC.
 *
 * @throws {ApiError} InvalidVpc.Range unless it is between a /16 and a /28
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
 */
export function readVpcCidr(text: string): string {
  const prefix = readCidr(text, "cidrBlock", 4);
  if (prefix.length < 16 || prefix.length > 28 || UNUSABLE.some((block) => contains(block, prefix))) {
    throw new ApiError("InvalidVpc.Range", text);
  }
  return formatPrefix(prefix);
}

/** Of which Amazon gives each VPC that asks a /56 of its own. */
export const AMAZON_IPV6 = storedCidr("2600:1f00::/24");

/** An IPv6 block that no VPC of the region has. */
function amazonIpv6Block(ctx: Context): CidrAssociation {
  for (;;) {
    const cidr = formatPrefix(subnetOf(AMAZON_IPV6, 56, BigInt(ctx.chance.below(2 ** 32))));
    if (vpcs.count(ctx, "ipv6", cidr) === 0) return newAssociation(ctx, "vpc-cidr-assoc", cidr);
  }
}

/** An IPv6 block of a pool of one's own that no VPC has. */
function ownIpv6Block(ctx: Context, poolId: string, asked: string | undefined): CidrAssociation {
  const taken = vpcs
    .by(ctx, "ipv6Pool", poolId)
    .flatMap(({ ipv6 }) => ipv6.map(({ cidr }) => storedCidr(cidr)));
  const isTaken = (block: Prefix): boolean => taken.some((other) => overlaps(other, block));
  const cidr = takeIpv6Block(ctx, poolId, asked, isTaken);
  return { ...newAssociation(ctx, "vpc-cidr-assoc", cidr), poolId };
}

/** Makes a VPC with all that comes with it. */
export function createVpc(
  ctx: Context,
  {
    cidr,
    ipv6,
    ...fields
  }: Pick<Vpc, "tenancy" | "isDefault" | "dnsHostnames"> & {
    cidr: string;
    ipv6?: CidrAssociation | undefined;
  },
  tags?: readonly Sdk.TagSpecification[],
): Vpc {
  const vpc = vpcs.create(
    ctx,
    {
      ...fields,
      ipv4: [newAssociation(ctx, "vpc-cidr-assoc", cidr, "associated")],
      ipv6: ipv6 ? [ipv6] : [],
      leaving: [],
      dhcpOptionsId: defaultDhcpOptionsId(ctx),
      state: "pending",
      dnsSupport: true,
      addressUsageMetrics: false,
    },
    tags,
  );
  for (const furnish of furnishings) furnish(ctx, vpc);
  vpcs.soon(ctx, vpc.id, "available", 1);
  if (ipv6) vpcs.soon(ctx, vpc.id, "associated", SETTLING_SECONDS);
  return vpc;
}

type Ipv6Request = Pick<
  Sdk.AssociateVpcCidrBlockRequest,
  "AmazonProvidedIpv6CidrBlock" | "Ipv6CidrBlock" | "Ipv6CidrBlockNetworkBorderGroup" | "Ipv6Pool"
> &
  Parameters<typeof refusePools>[0];

/**
 * The IPv6 block that a VPC is to have, if it is to have one: Amazon's, or of a pool of one's own.
 *
 * @throws {ApiError} InvalidIpamPoolId.NotFound, InvalidIpv6PoolID.NotFound, InvalidParameterCombination,
 *   InvalidParameterValue, InsufficientAddressCapacity
 */
export function readIpv6Block(ctx: Context, asked: Ipv6Request): CidrAssociation | undefined {
  checkIpv6Source(ctx, asked);
  if (asked.Ipv6Pool === undefined)
    return asked.AmazonProvidedIpv6CidrBlock ? amazonIpv6Block(ctx) : undefined;
  if (asked.AmazonProvidedIpv6CidrBlock) {
    throw new ApiError(
      "InvalidParameterCombination",
      "Only one of amazonProvidedIpv6CidrBlock and ipv6Pool can be specified.",
    );
  }
  return ownIpv6Block(ctx, asked.Ipv6Pool, asked.Ipv6CidrBlock);
}

/** Refuses what concerns IPAM, or locations other than the region as a whole. */
function checkIpv6Source(ctx: Context, asked: Ipv6Request): void {
  refusePools(asked);
  if (asked.Ipv6CidrBlock !== undefined && asked.Ipv6Pool === undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter Ipv6CidrBlock can be used only with the parameter Ipv6Pool or Ipv6IpamPoolId.",
    );
  }
  const group = asked.Ipv6CidrBlockNetworkBorderGroup;
  if (group === undefined) return;
  if (!asked.AmazonProvidedIpv6CidrBlock) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter Ipv6CidrBlockNetworkBorderGroup can be used only with the parameter AmazonProvidedIpv6CidrBlock.",
    );
  }
  if (group !== ctx.region) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${group}) for parameter ipv6CidrBlockNetworkBorderGroup is invalid.`,
    );
  }
}

export const operations = {
  AssociateDhcpOptions: ({ DhcpOptionsId, VpcId }, ctx) => {
    const { id } = vpcs.get(ctx, VpcId);
    const dhcpOptionsId =
      DhcpOptionsId === "default" ? DhcpOptionsId : dhcpOptions.get(ctx, DhcpOptionsId).id;
    vpcs.update(ctx, id, { dhcpOptionsId });
    return {};
  },

  CreateVpc: (input, ctx) => {
    const ipv6 = readIpv6Block(ctx, input);
    if (input.CidrBlock === undefined) {
      throw new ApiError("MissingParameter", "cidrBlock or ipv4IpamPoolId");
    }
    // "The host value cannot be used with this parameter": instances go to hosts one by one.
    if (input.InstanceTenancy === "host") throw new ApiError("UnsupportedTenancy", input.InstanceTenancy);
    const encryption = input.VpcEncryptionControl;
    if (encryption && encryption.Mode === undefined) {
      throw new ApiError("MissingParameter", "vpcEncryptionControl.mode");
    }
    const demand = encryption?.Mode && readDemand(encryption.Mode, exclusionsOf(encryption));
    const vpc = createVpc(
      ctx,
      {
        cidr: readVpcCidr(input.CidrBlock),
        ipv6,
        tenancy: input.InstanceTenancy ?? "default",
        isDefault: false,
        dnsHostnames: false,
      },
      input.TagSpecifications,
    );
    // Where the account wants one, it is there already.
    if (demand && !controlOf(ctx, vpc.id)) control(ctx, vpc.id, demand, input.TagSpecifications);
    return { Vpc: vpcs.show(ctx, vpc) };
  },

  DeleteVpc: ({ VpcId }, ctx) => {
    const { id } = vpcs.get(ctx, VpcId);
    vpcs.checkFree(ctx, id);
    for (const undo of vpcRemovals) undo(ctx, id);
    vpcs.delete(ctx, id);
    return {};
  },

  DescribeVpcAttribute: ({ Attribute, VpcId }, ctx) => {
    const { id, ...vpc } = vpcs.get(ctx, VpcId);
    const attributes = {
      enableDnsSupport: { EnableDnsSupport: { Value: vpc.dnsSupport } },
      enableDnsHostnames: { EnableDnsHostnames: { Value: vpc.dnsHostnames } },
      enableNetworkAddressUsageMetrics: {
        EnableNetworkAddressUsageMetrics: { Value: vpc.addressUsageMetrics },
      },
    };
    return { VpcId: id, ...attributes[Attribute] };
  },

  DescribeVpcs: vpcs.describe("Vpcs"),

  ModifyVpcAttribute: (
    { VpcId, EnableDnsSupport, EnableDnsHostnames, EnableNetworkAddressUsageMetrics },
    ctx,
  ) => {
    const { id, dnsSupport } = vpcs.get(ctx, VpcId);
    const asked = [EnableDnsSupport, EnableDnsHostnames, EnableNetworkAddressUsageMetrics];
    const given = asked.filter((attribute) => attribute?.Value !== undefined).length;
    if (given === 0) throw new ApiError("MissingParameter", "attribute");
    if (given > 1) {
      throw new ApiError("InvalidParameterCombination", "Fields for multiple attribute types specified");
    }
    // "You can only enable DNS hostnames if you've enabled DNS support."
    if (EnableDnsHostnames?.Value && !dnsSupport) {
      throw new ApiError("InvalidParameterCombination", "enableDnsHostnames requires enableDnsSupport.");
    }
    vpcs.update(
      ctx,
      id,
      present({
        dnsSupport: EnableDnsSupport?.Value,
        dnsHostnames: EnableDnsHostnames?.Value,
        addressUsageMetrics: EnableNetworkAddressUsageMetrics?.Value,
      }),
    );
    return {};
  },

  ModifyVpcTenancy: ({ VpcId, InstanceTenancy }, ctx) => {
    const { id } = vpcs.get(ctx, VpcId);
    vpcs.update(ctx, id, { tenancy: InstanceTenancy });
    return { ReturnValue: true };
  },
} satisfies Handlers;

export const partly = {
  CreateVpc: "IPAM pools",
};
