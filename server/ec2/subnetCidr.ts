import { contains, parseAddress } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { isAssociationId, leave, SETTLING_SECONDS, type CidrAssociation } from "./cidrAssociation.ts";
import { storedCidr } from "./cidrBlock.ts";
import { refusePools } from "./ipamPool.ts";
import { networkInterfaces } from "./networkInterface.ts";
import { readSubnetIpv6Cidr, subnets, viewIpv6Association, type Subnet } from "./subnet.ts";
import { vpcs } from "./vpc.ts";

/** "You can only associate a single IPv6 CIDR block with your subnet." */
const MAX_BLOCKS = 1;

/** @throws {ApiError} InvalidSubnetCidrBlockAssociationId.Malformed, InvalidSubnetCidrBlockAssociationID.NotFound */
function findBlock(ctx: Context, id: string): { readonly subnet: Subnet; readonly block: CidrAssociation } {
  if (!isAssociationId("subnet-cidr-assoc", id)) {
    throw new ApiError("InvalidSubnetCidrBlockAssociationId.Malformed", id);
  }
  const [subnet] = subnets.by(ctx, "association", id);
  const block = subnet?.ipv6.find((each) => each.id === id);
  if (!subnet || !block || subnet.account !== ctx.account) {
    throw new ApiError("InvalidSubnetCidrBlockAssociationID.NotFound", id);
  }
  return { subnet, block };
}

/** @throws {ApiError} InvalidCidrBlock.InUse */
function checkUnused(ctx: Context, subnet: Subnet, { id, cidr }: CidrAssociation): void {
  const inUse = (why: string): ApiError =>
    new ApiError(
      "InvalidCidrBlock.InUse",
      `The subnet IPv6 CIDR block with association ID ${id} may not be disassociated, because its subnet ${why}.`,
    );
  if (subnet.cidr === undefined) throw inUse("has no other CIDR block");
  if (subnet.assignIpv6) throw inUse("has assign-ipv6-address-on-creation set to true");
  const block = storedCidr(cidr);
  const isUsed = networkInterfaces
    .by(ctx, "subnet", subnet.id)
    .some(
      ({ ipv6Addresses, ipv6Prefixes }) =>
        ipv6Addresses.some((text) => contains(block, parseAddress(text) ?? block)) ||
        ipv6Prefixes.some((text) => contains(block, storedCidr(text))),
    );
  if (isUsed) throw inUse("has network interfaces with IPv6 addresses");
}

export const operations = {
  AssociateSubnetCidrBlock: ({ SubnetId, Ipv6CidrBlock, ...asked }, ctx) => {
    const subnet = subnets.get(ctx, SubnetId);
    refusePools(asked);
    if (Ipv6CidrBlock === undefined) throw new ApiError("MissingParameter", "ipv6CidrBlock");
    if (subnet.ipv6.length >= MAX_BLOCKS) throw new ApiError("CidrLimitExceeded", subnet.id, MAX_BLOCKS);
    const block = readSubnetIpv6Cidr(ctx, vpcs.get(ctx, subnet.vpcId), Ipv6CidrBlock);
    subnets.update(ctx, subnet.id, { ipv6: [...subnet.ipv6, block] });
    subnets.soon(ctx, subnet.id, "associated", SETTLING_SECONDS);
    return { SubnetId: subnet.id, Ipv6CidrBlockAssociation: viewIpv6Association(ctx, subnet.vpcId, block) };
  },

  DisassociateSubnetCidrBlock: ({ AssociationId }, ctx) => {
    const { subnet, block } = findBlock(ctx, AssociationId);
    checkUnused(ctx, subnet, block);
    const going = leave(block);
    subnets.update(ctx, subnet.id, {
      ipv6: subnet.ipv6.filter((each) => each !== block),
      leaving: [...subnet.leaving, going],
      dns64: false,
    });
    subnets.soon(ctx, subnet.id, "disassociated", SETTLING_SECONDS);
    return { SubnetId: subnet.id, Ipv6CidrBlockAssociation: viewIpv6Association(ctx, subnet.vpcId, going) };
  },
} satisfies Handlers;

export const partly = { AssociateSubnetCidrBlock: "IPAM pools" };
