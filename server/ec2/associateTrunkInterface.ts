import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { checkUnused, getChangeable, type NetworkInterface } from "./networkInterface.ts";
import { trunkInterfaceAssociations, type TrunkInterfaceAssociation } from "./trunkInterfaceAssociation.ts";

type Tag = Pick<TrunkInterfaceAssociation, "protocol" | "key">;

const invalid = (value: string | number, name: string, why = ""): ApiError =>
  new ApiError(
    "InvalidParameterValue",
    `Value (${value}) for parameter ${name} is invalid.${why && ` ${why}`}`,
  );

/** VLAN ids of IEEE 802.1Q that are nobody else's. */
const LAST_VLAN = 4094;

/** What tells the packets of a branch from those of others: either of the two kinds of tags. */
function readTag({ VlanId, GreKey }: Sdk.AssociateTrunkInterfaceRequest): Tag {
  if (VlanId !== undefined && GreKey !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter VlanId cannot be used with the parameter GreKey",
    );
  }
  if (GreKey !== undefined) {
    if (GreKey < 0) throw invalid(GreKey, "greKey");
    return { protocol: "GRE", key: GreKey };
  }
  if (VlanId === undefined) throw new ApiError("MissingParameter", "vlanId");
  if (VlanId < 1 || VlanId > LAST_VLAN) {
    throw invalid(VlanId, "vlanId", `It must be between 1 and ${LAST_VLAN}.`);
  }
  return { protocol: "VLAN", key: VlanId };
}

/** @throws {ApiError} unless one can be the trunk and the other a branch of it */
function checkPair(ctx: Context, branch: NetworkInterface, trunk: NetworkInterface): void {
  if (trunk.interfaceType !== "trunk") {
    throw invalid(trunk.id, "trunkInterfaceId", "It is not a trunk network interface.");
  }
  if (branch.interfaceType !== "interface" && branch.interfaceType !== "branch") {
    throw invalid(branch.id, "branchInterfaceId", "It cannot be a branch network interface.");
  }
  checkUnused(ctx, branch);
  if (branch.vpcId !== trunk.vpcId || branch.zone !== trunk.zone) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The branch and the trunk network interface must be in the same VPC and Availability Zone.",
    );
  }
}

/** @throws {ApiError} InvalidVlanId.Duplicate, InvalidParameterValue */
function checkFree(ctx: Context, trunkId: string, { protocol, key }: Tag): void {
  const others = trunkInterfaceAssociations.by(ctx, "trunk", trunkId);
  if (!others.some((other) => other.protocol === protocol && other.key === key)) return;
  if (protocol === "VLAN") throw new ApiError("InvalidVlanId.Duplicate", key);
  throw invalid(key, "greKey", "It is in use.");
}

export const operations = {
  AssociateTrunkInterface: ({ BranchInterfaceId, TrunkInterfaceId, ClientToken, ...asked }, ctx) => {
    const branch = getChangeable(ctx, BranchInterfaceId);
    const trunk = getChangeable(ctx, TrunkInterfaceId);
    const tag = readTag({ BranchInterfaceId, TrunkInterfaceId, ...asked });
    checkPair(ctx, branch, trunk);
    checkFree(ctx, trunk.id, tag);
    const row = trunkInterfaceAssociations.create(ctx, { branchId: branch.id, trunkId: trunk.id, ...tag });
    return { InterfaceAssociation: trunkInterfaceAssociations.show(ctx, row), ClientToken };
  },

  DescribeTrunkInterfaceAssociations: trunkInterfaceAssociations.describe("InterfaceAssociations"),

  DisassociateTrunkInterface: ({ AssociationId, ClientToken }, ctx) => {
    const { id } = trunkInterfaceAssociations.get(ctx, AssociationId);
    trunkInterfaceAssociations.delete(ctx, id);
    return { Return: true, ClientToken };
  },
} satisfies Handlers;
