import type * as Ram from "@aws-sdk/client-ram";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { RamHandlers } from "../kit/handlers.ts";
import { associationsOf } from "./association.ts";
import { pageOf } from "./ramRequest.ts";
import { findShare, unknownShare, type Share } from "./share.ts";
import { shareableTypes, typeOf } from "./shareable.ts";

/** As the examples of RAM's documentation date them. */
const SINCE = new Date("2022-06-30T17:04:27Z");

/**
 * What those who share a resource may do with it: each type has one such permission, AWS's default one.
 *
 * @see https://docs.aws.amazon.com/ram/latest/userguide/security-ram-permissions.html
 */
const permissions: readonly Ram.ResourceSharePermissionSummary[] = shareableTypes.map((resourceType) => {
  const name = `AWSRAMDefaultPermission${resourceType.slice("ec2:".length)}`;
  return {
    arn: `arn:aws:ram::aws:permission/${name}`,
    version: "1",
    defaultVersion: true,
    name,
    resourceType,
    status: "ATTACHABLE",
    creationTime: SINCE,
    lastUpdatedTime: SINCE,
    isResourceTypeDefault: true,
    permissionType: "AWS_MANAGED",
    featureSet: "STANDARD",
  };
});

/** @throws {ApiError} UnknownResourceException */
export function checkPermissions(arns: readonly string[]): readonly string[] {
  const unknown = arns.find((arn) => !permissions.some((each) => each.arn === arn));
  if (unknown === undefined) return [...new Set(arns)];
  throw new ApiError("UnknownResourceException", `Permission ${unknown.slice(0, 256)} could not be found.`);
}

/** The permissions of a share: those that were asked for, and those of what is in it. */
export function permissionsOf(ctx: Context, share: Share): Ram.ResourceSharePermissionSummary[] {
  const types = new Set(
    associationsOf(ctx, share.id)
      .filter(({ type, status }) => type === "RESOURCE" && status.startsWith("ASSOCIAT"))
      .map(({ entity }) => typeOf(entity)),
  );
  return permissions.filter(
    ({ arn = "", resourceType = "" }) => share.permissions.includes(arn) || types.has(resourceType),
  );
}

/** Types are not sensitive to case. @throws {ApiError} InvalidResourceTypeException */
export function readType(asked: string | undefined): string | undefined {
  if (asked === undefined) return undefined;
  const type = shareableTypes.find((each) => each.toLowerCase() === asked.toLowerCase());
  if (type !== undefined) return type;
  throw new ApiError(
    "InvalidResourceTypeException",
    `The specified resource type ${asked.slice(0, 256)} is not valid.`,
  );
}

export const operations = {
  ListPermissions: ({ resourceType, permissionType = "ALL", ...page }, ctx) => {
    const type = readType(resourceType);
    const shown = permissions.filter(
      (each) => permissionType !== "CUSTOMER_MANAGED" && (type === undefined || each.resourceType === type),
    );
    const { items, ...next } = pageOf(ctx, shown, page);
    return { permissions: items, ...next };
  },

  ListResourceSharePermissions: ({ resourceShareArn, ...page }, ctx) => {
    const share = findShare(ctx, resourceShareArn);
    if (share?.account !== ctx.account) throw unknownShare(resourceShareArn);
    const { items, ...next } = pageOf(ctx, permissionsOf(ctx, share), page);
    return { permissions: items.map((each) => ({ ...each, status: "ASSOCIATED" })), ...next };
  },

  ListResourceTypes: ({ resourceRegionScope = "ALL", ...page }, ctx) => {
    const types = resourceRegionScope === "GLOBAL" ? [] : shareableTypes;
    const { items, ...next } = pageOf(
      ctx,
      types.map((resourceType) => ({
        resourceType,
        serviceName: "ec2",
        resourceRegionScope: "REGIONAL" as const,
      })),
      page,
    );
    return { resourceTypes: items, ...next };
  },
} satisfies RamHandlers;

export const partly = { ListPermissions: "permissions of one's own" };
