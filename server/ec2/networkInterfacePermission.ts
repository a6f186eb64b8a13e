import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { getChangeable, networkInterfaces, type NetworkInterface } from "./networkInterface.ts";

interface NetworkInterfacePermission extends ResourceRow {
  readonly networkInterfaceId: string;
  /** Who may do it: 12 digits. */
  readonly grantee: string;
  readonly permission: Sdk.InterfacePermissionType;
  readonly state: "pending" | "granted";
}

/** What another account may do with an interface: attach it to its instance, or associate its elastic address. */
const networkInterfacePermissions = defineResource({
  type: "network-interface-permission",
  idPrefix: "eni-perm",
  notFound: "InvalidPermissionID.NotFound",
  ids: "NetworkInterfacePermissionIds",
  view: (row: NetworkInterfacePermission): Sdk.NetworkInterfacePermission => ({
    NetworkInterfacePermissionId: row.id,
    NetworkInterfaceId: row.networkInterfaceId,
    AwsAccountId: row.grantee,
    Permission: row.permission,
    PermissionState: { State: row.state },
  }),
  filters: {
    "network-interface-permission.aws-account-id": (permission) => permission.AwsAccountId,
    "network-interface-permission.aws-service": (permission) => permission.AwsService,
    "network-interface-permission.network-interface-id": (permission) => permission.NetworkInterfaceId,
    "network-interface-permission.network-interface-permission-id": (permission) =>
      permission.NetworkInterfacePermissionId,
    "network-interface-permission.permission": (permission) => permission.Permission,
  },
  indexes: { networkInterface: ({ networkInterfaceId }) => networkInterfaceId },
  parents: { "network-interface": "networkInterface" },
  partOf: () => true,
  transitions: {
    granted: (ctx, { id }) => networkInterfacePermissions.update(ctx, id, { state: "granted" }),
  },
  pages: [5, 255],
});

/**
 * An interface that the caller may use so: its own, or one that it has the permission for.
 *
 * @throws {ApiError} InvalidNetworkInterfaceID.NotFound, AuthFailure for one that Amazon manages
 */
export function getPermitted(
  ctx: Context,
  id: string,
  permission: Sdk.InterfacePermissionType,
): NetworkInterface {
  const granted = networkInterfacePermissions
    .by(ctx, "networkInterface", id)
    .some((row) => row.grantee === ctx.account && row.permission === permission && row.state === "granted");
  const row = granted ? networkInterfaces.table(ctx).get(id) : undefined;
  return row ?? getChangeable(ctx, id);
}

export const operations = {
  CreateNetworkInterfacePermission: ({ NetworkInterfaceId, AwsAccountId, AwsService, Permission }, ctx) => {
    const eni = getChangeable(ctx, NetworkInterfaceId);
    if (AwsService !== undefined) {
      throw new ApiError(
        "InvalidParameterValue",
        "Permissions for AWS services are currently not supported.",
      );
    }
    if (AwsAccountId === undefined) throw new ApiError("MissingParameter", "awsAccountId");
    if (!/^\d{12}$/.test(AwsAccountId)) {
      throw new ApiError(
        "InvalidParameterValue",
        `Value (${AwsAccountId}) for parameter awsAccountId is invalid.`,
      );
    }
    const known = networkInterfacePermissions
      .by(ctx, "networkInterface", eni.id)
      .find(({ grantee, permission }) => grantee === AwsAccountId && permission === Permission);
    if (known) return { InterfacePermission: networkInterfacePermissions.show(ctx, known) };
    const row = networkInterfacePermissions.create(ctx, {
      networkInterfaceId: eni.id,
      grantee: AwsAccountId,
      permission: Permission,
      state: "pending",
    });
    networkInterfacePermissions.soon(ctx, row.id, "granted", 1);
    return { InterfacePermission: networkInterfacePermissions.show(ctx, row) };
  },

  DeleteNetworkInterfacePermission: ({ NetworkInterfacePermissionId, Force }, ctx) => {
    const { id, grantee, ...row } = networkInterfacePermissions.get(ctx, NetworkInterfacePermissionId);
    const attachment = networkInterfaces.find(ctx, row.networkInterfaceId)?.attachment;
    if (!Force && row.permission === "INSTANCE-ATTACH" && attachment?.instanceOwnerId === grantee) {
      throw new ApiError(
        "OperationNotPermitted",
        `The network interface '${row.networkInterfaceId}' is attached to an instance of account ${grantee}.`,
      );
    }
    networkInterfacePermissions.delete(ctx, id);
    return { Return: true };
  },

  DescribeNetworkInterfacePermissions: networkInterfacePermissions.describe("NetworkInterfacePermissions"),
} satisfies Handlers;
