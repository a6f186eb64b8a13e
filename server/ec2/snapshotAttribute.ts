import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { isManagedKey } from "./ebsEncryption.ts";
import { ownSnapshot, snapshots, type Snapshot } from "./snapshot.ts";
import { publicAccessOf } from "./snapshotPublicAccess.ts";

/** As many accounts as one call may add or remove. */
const MAX_CHANGES = 500;

interface Changes {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** @throws {ApiError} InvalidParameterValue, MissingParameter */
function readGrantee({ UserId, Group }: Sdk.CreateVolumePermission): string[] {
  if (UserId === undefined && Group === undefined) {
    throw new ApiError("MissingParameter", "CreateVolumePermission.UserId or CreateVolumePermission.Group");
  }
  return [...(UserId === undefined ? [] : [readAccount(UserId)]), ...(Group === undefined ? [] : [Group])];
}

function readAccount(text: string): string {
  if (/^\d{12}$/.test(text)) return text;
  throw new ApiError("InvalidParameterValue", `Value (${text}) for parameter userId is invalid.`);
}

function readGroup(text: string): string {
  if (text === "all") return text;
  throw new ApiError("InvalidParameterValue", `Value (${text}) for parameter group is invalid.`);
}

/**
 * What a call changes, in either of the two forms that EC2 takes.
 *
 * @throws {ApiError} InvalidParameterCombination, MissingParameter, InvalidParameterValue
 */
function readChanges(input: Sdk.ModifySnapshotAttributeRequest): Changes {
  const { CreateVolumePermission: permission, OperationType, UserIds = [], GroupNames = [] } = input;
  const named = [...UserIds.map(readAccount), ...GroupNames.map(readGroup)];
  if (permission && (named.length > 0 || OperationType !== undefined)) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter CreateVolumePermission cannot be used with the parameters OperationType, UserIds and GroupNames",
    );
  }
  if (named.length > 0 && OperationType === undefined)
    throw new ApiError("MissingParameter", "OperationType");
  const add = permission?.Add?.flatMap(readGrantee) ?? (OperationType === "add" ? named : []);
  const remove = permission?.Remove?.flatMap(readGrantee) ?? (OperationType === "remove" ? named : []);
  if (add.length + remove.length === 0) throw new ApiError("MissingParameter", "CreateVolumePermission");
  if (add.length > 0 && remove.length > 0) {
    throw new ApiError(
      "InvalidParameterCombination",
      "Permissions cannot be added and removed in the same request",
    );
  }
  if (add.length + remove.length > MAX_CHANGES) {
    throw new ApiError("InvalidParameterValue", `A request can make at most ${MAX_CHANGES} modifications.`);
  }
  return { add, remove };
}

/**
 * Refuses what the encryption of a snapshot does not let be shared with these.
 *
 * @throws {ApiError} UnsupportedOperation, InvalidParameter
 * @see https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html
 */
export function checkEncryption(ctx: Context, row: Snapshot, grantees: readonly string[]): void {
  if (!row.encrypted || grantees.length === 0) return;
  if (grantees.includes("all")) {
    throw new ApiError(
      "UnsupportedOperation",
      "Encrypted snapshots can't be shared publicly. Specify another snapshot.",
    );
  }
  if (isManagedKey(ctx, row)) {
    throw new ApiError(
      "InvalidParameter",
      "Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot.",
    );
  }
}

function checkSharable(ctx: Context, row: Snapshot, grantees: readonly string[]): void {
  checkEncryption(ctx, row, grantees);
  if (grantees.includes("all") && publicAccessOf(ctx, row.account) !== "unblocked") {
    throw new ApiError(
      "OperationNotPermitted",
      `You can't publicly share snapshot '${row.id}' because block public access for snapshots is enabled for this account.`,
    );
  }
}

/** @throws {ApiError} InvalidParameterValue for product codes, which nobody can change */
function checkPermission(attribute: Sdk.SnapshotAttributeName | undefined): void {
  if (attribute === undefined || attribute === "createVolumePermission") return;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${attribute}) for parameter attribute is invalid. Only createVolumePermission can be modified.`,
  );
}

export const operations = {
  DescribeSnapshotAttribute: ({ Attribute, SnapshotId }, ctx) => {
    const { id, sharedWith } = ownSnapshot(ctx, SnapshotId);
    if (Attribute === "productCodes") return { SnapshotId: id, ProductCodes: [] };
    return {
      SnapshotId: id,
      CreateVolumePermissions: sharedWith.map((grantee) =>
        grantee === "all" ? { Group: "all" } : { UserId: grantee },
      ),
    };
  },

  ModifySnapshotAttribute: (input, ctx) => {
    const row = ownSnapshot(ctx, input.SnapshotId);
    checkPermission(input.Attribute);
    const { add, remove } = readChanges(input);
    checkSharable(ctx, row, add);
    const sharedWith = [...new Set([...row.sharedWith, ...add])].filter((each) => !remove.includes(each));
    snapshots.update(ctx, row.id, { sharedWith });
    return {};
  },

  ResetSnapshotAttribute: ({ Attribute, SnapshotId }, ctx) => {
    const { id } = ownSnapshot(ctx, SnapshotId);
    checkPermission(Attribute);
    snapshots.update(ctx, id, { sharedWith: [] });
    return {};
  },
} satisfies Handlers;
