import type * as Sdk from "@aws-sdk/client-ec2";
import { contains, overlaps, type Prefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { declareQuota, limitOf, type Quota } from "../kit/quotas.ts";
import { isAssociationId, isIpv4, leave, newAssociation, SETTLING_SECONDS } from "./cidrAssociation.ts";
import type { CidrAssociation } from "./cidrAssociation.ts";
import { storedCidr } from "./cidrBlock.ts";
import { onIpv6Added as openAcl } from "./networkAcl.ts";
import { isPrefixListId } from "./prefixListId.ts";
import { routeTables } from "./routeTable.ts";
import { onIpv6Added as openGroup } from "./securityGroup.ts";
import { subnets } from "./subnet.ts";
import {
  blockGuards,
  readIpv6Block,
  readVpcCidr,
  viewIpv4Association,
  viewIpv6Association,
  vpcs,
  type Vpc,
} from "./vpc.ts";

const tooMany = (limit: number, vpc: string): ApiError => new ApiError("CidrLimitExceeded", vpc, limit);

/** Unlike other quotas these hold even where none are configured: a VPC of very many blocks is a mistake. */
const ipv4Quota = declareQuota({
  code: "L-83CA0A9D",
  name: "IPv4 CIDR blocks per VPC",
  usual: 5,
  error: tooMany,
});
const ipv6Quota = declareQuota({
  code: "L-085A6257",
  name: "IPv6 CIDR blocks per VPC",
  usual: 5,
  error: tooMany,
});

/** @throws {ApiError} CidrLimitExceeded */
function checkCount(ctx: Context, { id }: Vpc, quota: Quota, blocks: readonly CidrAssociation[]): void {
  const limit = ctx.quotas ? limitOf(ctx, quota) : quota.usual;
  if (blocks.length >= limit) throw quota.error(limit, id);
}

const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(storedCidr);
const BENCHMARK = storedCidr("198.19.0.0/16");
const [TEN_15, TEN_16, DEFAULT_VPC] = [
  storedCidr("10.0.0.0/15"),
  storedCidr("10.0.0.0/16"),
  storedCidr("172.31.0.0/16"),
];

/** The range that decides what else a VPC can have; undefined for all that is publicly routable, and 100.64.0.0/10. */
const rangeOf = (block: Prefix): Prefix | undefined =>
  [...PRIVATE, BENCHMARK].find((range) => contains(range, block));

/**
 * Whether EC2 keeps `block` from being added to a VPC for the sake of its own services.
 *
 * @param blocks the VPC's, the primary one first
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#add-cidr-block-restrictions
 */
function isRestricted(blocks: readonly Prefix[], block: Prefix): boolean {
  const range = rangeOf(block);
  if (range && blocks[0] && range !== rangeOf(blocks[0])) return true;
  return (
    contains(DEFAULT_VPC, block) ||
    (contains(TEN_16, block) && blocks.some((other) => contains(TEN_15, other)))
  );
}

/** @throws {ApiError} CidrLimitExceeded, InvalidVpc.Range */
function checkSecondary(ctx: Context, vpc: Vpc, cidr: string): void {
  checkCount(ctx, vpc, ipv4Quota, vpc.ipv4);
  const block = storedCidr(cidr);
  const blocks = vpc.ipv4.map((each) => storedCidr(each.cidr));
  if (blocks.some((other) => overlaps(other, block))) {
    throw new ApiError(
      "InvalidVpc.Range",
      cidr,
      `The CIDR '${cidr}' conflicts with another CIDR block of the VPC.`,
    );
  }
  if (isRestricted(blocks, block)) {
    throw new ApiError(
      "InvalidVpc.Range",
      cidr,
      `The CIDR '${cidr}' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, or use a publicly-routable CIDR. For additional restrictions, see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html`,
    );
  }
  // A route to a part of the block would lead out what the block's own route is to keep inside.
  const route = routeTables
    .by(ctx, "vpc", vpc.id)
    .flatMap(({ routes }) => routes)
    .find(({ destination }) => !isPrefixListId(destination) && contains(block, storedCidr(destination)));
  if (route) {
    throw new ApiError(
      "InvalidVpc.Range",
      cidr,
      `The CIDR '${cidr}' is the same as or larger than the destination ${route.destination} of a route of the VPC.`,
    );
  }
}

/** @throws {ApiError} InvalidVpcCidrBlockAssociationId.Malformed, InvalidVpcCidrBlockAssociationID.NotFound */
function findBlock(ctx: Context, id: string): { readonly vpc: Vpc; readonly block: CidrAssociation } {
  if (!isAssociationId("vpc-cidr-assoc", id)) {
    throw new ApiError("InvalidVpcCidrBlockAssociationId.Malformed", id);
  }
  const [vpc] = vpcs.by(ctx, "association", id);
  const block = vpc && [...vpc.ipv4, ...vpc.ipv6].find((each) => each.id === id);
  if (!block || vpc.account !== ctx.account) {
    throw new ApiError("InvalidVpcCidrBlockAssociationID.NotFound", id);
  }
  return { vpc, block };
}

/** @throws {ApiError} OperationNotPermitted for the primary block, InvalidCidrBlock.InUse */
function checkUnused(ctx: Context, vpc: Vpc, { id, cidr }: CidrAssociation): void {
  if (id === vpc.ipv4[0]?.id) {
    throw new ApiError(
      "OperationNotPermitted",
      `The vpc CIDR block with association ID ${id} may not be disassociated. It is the primary IPv4 CIDR block of the VPC`,
    );
  }
  const block = storedCidr(cidr);
  const isUsed = subnets
    .by(ctx, "vpc", vpc.id)
    .flatMap((subnet) => [subnet.cidr, ...subnet.ipv6.map((each) => each.cidr)])
    .some((each) => each !== undefined && contains(block, storedCidr(each)));
  if (isUsed) {
    throw new ApiError(
      "InvalidCidrBlock.InUse",
      `The vpc ${vpc.id} currently has a subnet within CIDR block ${cidr}`,
    );
  }
}

/** The local route goes with its block, and with it what its target was replaced by. */
function dropRoutes(ctx: Context, vpcId: string, { cidr }: CidrAssociation): void {
  for (const { id, routes } of routeTables.by(ctx, "vpc", vpcId)) {
    const others = routes.filter(({ destination }) => destination !== cidr);
    if (others.length < routes.length) routeTables.update(ctx, id, { routes: others });
  }
}

const viewBlock = (
  ctx: Context,
  block: CidrAssociation,
): Pick<Sdk.AssociateVpcCidrBlockResult, "CidrBlockAssociation" | "Ipv6CidrBlockAssociation"> =>
  isIpv4(block)
    ? { CidrBlockAssociation: viewIpv4Association(block) }
    : { Ipv6CidrBlockAssociation: viewIpv6Association(ctx, block) };

export const operations = {
  AssociateVpcCidrBlock: ({ VpcId, CidrBlock, ...asked }, ctx) => {
    const vpc = vpcs.get(ctx, VpcId);
    const ipv6 = readIpv6Block(ctx, asked);
    if (CidrBlock !== undefined && ipv6) {
      throw new ApiError(
        "InvalidParameterCombination",
        "Only one of cidrBlock, amazonProvidedIpv6CidrBlock and ipv6Pool can be specified.",
      );
    }
    let block: CidrAssociation;
    if (ipv6) {
      checkCount(ctx, vpc, ipv6Quota, vpc.ipv6);
      block = ipv6;
      const changed = vpcs.update(ctx, vpc.id, { ipv6: [...vpc.ipv6, block] });
      if (vpc.ipv6.length === 0) {
        openAcl(ctx, changed);
        openGroup(ctx, changed);
      }
    } else {
      if (CidrBlock === undefined) {
        throw new ApiError("MissingParameter", "cidrBlock, amazonProvidedIpv6CidrBlock or ipv6Pool");
      }
      const cidr = readVpcCidr(CidrBlock);
      checkSecondary(ctx, vpc, cidr);
      for (const guard of blockGuards) guard(ctx, vpc, cidr);
      block = newAssociation(ctx, "vpc-cidr-assoc", cidr);
      vpcs.update(ctx, vpc.id, { ipv4: [...vpc.ipv4, block] });
    }
    vpcs.soon(ctx, vpc.id, "associated", SETTLING_SECONDS);
    return { VpcId: vpc.id, ...viewBlock(ctx, block) };
  },

  DisassociateVpcCidrBlock: ({ AssociationId }, ctx) => {
    const { vpc, block } = findBlock(ctx, AssociationId);
    checkUnused(ctx, vpc, block);
    const going = leave(block);
    vpcs.update(ctx, vpc.id, {
      ipv4: vpc.ipv4.filter((each) => each !== block),
      ipv6: vpc.ipv6.filter((each) => each !== block),
      leaving: [...vpc.leaving, going],
    });
    dropRoutes(ctx, vpc.id, block);
    vpcs.soon(ctx, vpc.id, "disassociated", SETTLING_SECONDS);
    return { VpcId: vpc.id, ...viewBlock(ctx, going) };
  },
} satisfies Handlers;

export const partly = { AssociateVpcCidrBlock: "IPAM pools" };
