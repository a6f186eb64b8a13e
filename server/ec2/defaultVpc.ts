import type * as Sdk from "@aws-sdk/client-ec2";
import { formatPrefix, overlaps, subnetOf } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { zonesOf } from "./catalogue/zones.ts";
import { isAssociated, newAssociation } from "./cidrAssociation.ts";
import { storedCidr } from "./cidrBlock.ts";
import { createDefaultDhcpOptions, defaultDhcpOptionsId } from "./dhcpOptions.ts";
import { attach, internetGateways } from "./internetGateway.ts";
import { mainTableOf, routeTables } from "./routeTable.ts";
import { createSubnet, readZone, subnets, type Subnet } from "./subnet.ts";
import { createVpc, vpcs, type Vpc } from "./vpc.ts";

/** That an account has used the region before. */
const guests: TableDefinition<Row> = { name: "guest" };

const DEFAULT_BLOCK = storedCidr("172.31.0.0/16");
const SUBNET_LENGTH = 20;
const MOST_SUBNETS = 16;
const IPV6_SUBNET_LENGTH = 64;
/** Bits: a /56, which Amazon gives, has 256 subnets. */
const MOST_LOOKED_AT = 8;

export const defaultVpcOf = (ctx: Context): Vpc | undefined => vpcs.by(ctx, "default", ctx.account)[0];

/** The default subnet of a zone, or of the first zone that has one. */
export function defaultSubnetOf(ctx: Context, zone?: string): Subnet | undefined {
  const zones = zone === undefined ? zonesOf(ctx.region).map(({ name }) => name) : [zone];
  for (const name of zones) {
    const [subnet] = subnets.by(ctx, "defaultIn", `${ctx.account}/${name}`);
    if (subnet) return subnet;
  }
  return undefined;
}

/** The first free /20 of the default VPC. */
function createDefaultSubnet(ctx: Context, vpcId: string, zone: string): Subnet {
  const taken = subnets
    .by(ctx, "vpc", vpcId)
    .flatMap(({ cidr }) => (cidr === undefined ? [] : [storedCidr(cidr)]));
  for (let index = 0n; index < MOST_SUBNETS; index++) {
    const block = subnetOf(DEFAULT_BLOCK, SUBNET_LENGTH, index);
    if (taken.some((other) => overlaps(other, block))) continue;
    return createSubnet(ctx, {
      vpcId,
      zone,
      cidr: formatPrefix(block),
      ipv6: [],
      defaultForAz: true,
      mapPublicIp: true,
    });
  }
  throw new ApiError("InvalidSubnet.Conflict", formatPrefix(DEFAULT_BLOCK));
}

/**
 * The first free /64 of the default VPC, for a subnet without IPv4.
 *
 * @throws {ApiError} InvalidParameterValue if the VPC has no IPv6 block, InvalidSubnet.Conflict
 */
function createIpv6DefaultSubnet(ctx: Context, { id: vpcId, ipv6 }: Vpc, zone: string): Subnet {
  const blocks = ipv6.filter(isAssociated).map(({ cidr }) => storedCidr(cidr));
  const [first] = blocks;
  if (!first) {
    throw new ApiError("InvalidParameterValue", `The VPC '${vpcId}' does not have an IPv6 CIDR block.`);
  }
  const taken = subnets
    .by(ctx, "vpc", vpcId)
    .flatMap((other) => other.ipv6.map(({ cidr }) => storedCidr(cidr)));
  for (const block of blocks) {
    const count = 1n << BigInt(Math.min(IPV6_SUBNET_LENGTH - block.length, MOST_LOOKED_AT));
    for (let index = 0n; index < count; index++) {
      const candidate = subnetOf(block, IPV6_SUBNET_LENGTH, index);
      if (taken.some((other) => overlaps(other, candidate))) continue;
      return createSubnet(ctx, {
        vpcId,
        zone,
        cidr: undefined,
        ipv6: [newAssociation(ctx, "subnet-cidr-assoc", formatPrefix(candidate))],
        defaultForAz: true,
        mapPublicIp: false,
      });
    }
  }
  throw new ApiError("InvalidSubnet.Conflict", formatPrefix(first), "IPv6 CIDR");
}

/**
 * Makes a default VPC: 172.31.0.0/16 with a public subnet in each zone.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
 */
function createDefaultVpc(ctx: Context): Vpc {
  const vpc = createVpc(ctx, {
    cidr: formatPrefix(DEFAULT_BLOCK),
    tenancy: "default",
    isDefault: true,
    dnsHostnames: true,
  });
  for (const { name } of zonesOf(ctx.region)) createDefaultSubnet(ctx, vpc.id, name);
  const gateway = internetGateways.create(ctx, { vpcId: undefined });
  attach(ctx, gateway, vpc.id);
  routeTables.update(ctx, mainTableOf(ctx, vpc.id).id, {
    routes: [{ destination: "0.0.0.0/0", via: "GatewayId", target: gateway.id }],
  });
  return vpc;
}

/** Makes what an account finds in a region that it has not used before: default DHCP options and a default VPC. */
export function settleIn(ctx: Context): (() => void) | undefined {
  const table = ctx.unit.table(guests);
  if (table.get(ctx.account)) return undefined;
  return () => {
    table.insert({ id: ctx.account, seq: ctx.unit.nextSeq(), account: ctx.account });
    createDefaultDhcpOptions(ctx);
    createDefaultVpc(ctx);
  };
}

export const operations = {
  CreateDefaultSubnet: (
    { AvailabilityZone, AvailabilityZoneId, Ipv6Native },
    ctx,
  ): Sdk.CreateDefaultSubnetResult => {
    if (AvailabilityZone === undefined && AvailabilityZoneId === undefined) {
      throw new ApiError("MissingParameter", "availabilityZone");
    }
    const { name } = readZone(ctx, AvailabilityZone, AvailabilityZoneId);
    const vpc = defaultVpcOf(ctx);
    if (!vpc) throw new ApiError("DefaultVpcDoesNotExist");
    const known = defaultSubnetOf(ctx, name);
    if (known) throw new ApiError("DefaultSubnetAlreadyExistsInAvailabilityZone", name, known.id);
    const subnet = Ipv6Native
      ? createIpv6DefaultSubnet(ctx, vpc, name)
      : createDefaultSubnet(ctx, vpc.id, name);
    return { Subnet: subnets.show(ctx, subnet) };
  },

  CreateDefaultVpc: (_input, ctx) => {
    const known = defaultVpcOf(ctx);
    if (known) throw new ApiError("DefaultVpcAlreadyExists", known.id);
    if (defaultDhcpOptionsId(ctx) === "default") createDefaultDhcpOptions(ctx);
    return { Vpc: vpcs.show(ctx, createDefaultVpc(ctx)) };
  },
} satisfies Handlers;
