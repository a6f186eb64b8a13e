import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import { instanceProfiles, type InstanceProfileRow } from "../iam/instanceProfile.ts";
import { roles } from "../iam/role.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import {
  activeAssociation,
  associate,
  disassociate,
  iamInstanceProfileAssociations,
  type IamInstanceProfileAssociation,
  type ProfileReference,
} from "./iamInstanceProfileAssociation.ts";
import { instances } from "./instance.ts";

type Specification = Sdk.IamInstanceProfileSpecification;

function findProfile(ctx: Context, { Arn, Name }: Specification): InstanceProfileRow | undefined {
  const found =
    Arn === undefined ? instanceProfiles.find(ctx, Name ?? "") : instanceProfiles.findByArn(ctx, Arn);
  return found?.account === ctx.account ? found : undefined;
}

const hasRole = (ctx: Context, { role }: InstanceProfileRow): boolean =>
  role !== undefined && roles.table(ctx).get(role) !== undefined;

/**
 * The instance profile that a call names; undefined if it names none. One without a role is good for nothing.
 *
 * @throws {ApiError} InvalidParameterCombination, InvalidParameterValue
 */
export function readProfile(
  ctx: Context,
  specification: Specification | undefined,
): ProfileReference | undefined {
  const { Arn, Name } = specification ?? {};
  if (!specification || (Arn === undefined && Name === undefined)) return undefined;
  if (Arn !== undefined && Name !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
    );
  }
  const profile = findProfile(ctx, specification);
  if (!profile) {
    const [member, kind] = Arn === undefined ? ["name", "name"] : ["arn", "ARN"];
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${Arn ?? Name}) for parameter iamInstanceProfile.${member} is invalid. Invalid IAM Instance Profile ${kind}`,
    );
  }
  const arn = instanceProfiles.arnOf(profile);
  if (!hasRole(ctx, profile)) {
    throw new ApiError("InvalidParameterValue", `IAM Instance Profile "${arn}" has no associated IAM Roles`);
  }
  return { profileId: profile.id, arn };
}

/** @throws {ApiError} MissingParameter, InvalidParameterCombination, InvalidParameterValue */
function requiredProfile(ctx: Context, specification: Specification): ProfileReference {
  const profile = readProfile(ctx, specification);
  if (!profile) throw new ApiError("MissingParameter", "IamInstanceProfile");
  return profile;
}

/** @throws {ApiError} InvalidParameterValue, InvalidAssociationID.NotFound */
function getAssociation(ctx: Context, id: string): IamInstanceProfileAssociation {
  if (!iamInstanceProfileAssociations.hasForm(id)) {
    throw new ApiError("InvalidParameterValue", "Invalid value for associationId.");
  }
  return iamInstanceProfileAssociations.get(ctx, id);
}

/** @throws {ApiError} IncorrectState */
function checkActive({ id, state }: IamInstanceProfileAssociation, isRunning = true): void {
  if (state !== "disassociating" && isRunning) return;
  throw new ApiError("IncorrectState", `The association ${id} is not the active association`);
}

export const operations = {
  AssociateIamInstanceProfile: ({ InstanceId, IamInstanceProfile }, ctx) => {
    const { id, state } = instances.get(ctx, InstanceId);
    const profile = requiredProfile(ctx, IamInstanceProfile);
    if (state !== "running" && state !== "stopped") {
      throw new ApiError(
        "IncorrectInstanceState",
        `The instance '${id}' is not in the 'running' or 'stopped' states.`,
      );
    }
    if (activeAssociation(ctx, id)) {
      throw new ApiError("IncorrectState", `There is an existing association for instance ${id}`);
    }
    const row = associate(ctx, id, profile);
    return { IamInstanceProfileAssociation: iamInstanceProfileAssociations.show(ctx, row) };
  },

  DescribeIamInstanceProfileAssociations: iamInstanceProfileAssociations.describe(
    "IamInstanceProfileAssociations",
  ),

  DisassociateIamInstanceProfile: ({ AssociationId }, ctx) => {
    const before = getAssociation(ctx, AssociationId);
    checkActive(before);
    const row = disassociate(ctx, before.id);
    return { IamInstanceProfileAssociation: iamInstanceProfileAssociations.show(ctx, row) };
  },

  /** Of a running instance only (aws/aws-cli#5251); what takes its place is a new association. */
  ReplaceIamInstanceProfileAssociation: ({ AssociationId, IamInstanceProfile }, ctx) => {
    const before = getAssociation(ctx, AssociationId);
    const profile = requiredProfile(ctx, IamInstanceProfile);
    checkActive(before, instances.get(ctx, before.instanceId).state === "running");
    disassociate(ctx, before.id);
    const row = associate(ctx, before.instanceId, profile);
    return { IamInstanceProfileAssociation: iamInstanceProfileAssociations.show(ctx, row) };
  },
} satisfies Handlers;
