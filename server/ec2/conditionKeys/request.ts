import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../../kit/context.ts";
import { arnOf, type Found } from "./typeKeys.ts";

/** What calls say that these keys are about, whatever resource the call is about. */
type Asked = Pick<Sdk.CreateNetworkInterfacePermissionRequest, "AwsAccountId" | "AwsService" | "Permission"> &
  Pick<Sdk.LockSnapshotRequest, "CoolOffPeriod" | "LockDuration"> &
  Pick<
    Sdk.ModifySnapshotAttributeRequest,
    "CreateVolumePermission" | "GroupNames" | "OperationType" | "UserIds"
  > &
  Pick<Sdk.CreateSnapshotRequest, "Location"> &
  Partial<
    Pick<
      Sdk.MoveCapacityReservationInstancesRequest,
      "DestinationCapacityReservationId" | "SourceCapacityReservationId"
    >
  > & { readonly [M in "Ipv4IpamPoolId" | "Ipv6IpamPoolId" | "KmsKeyId" | "OutpostArn"]?: string };

/** The groups or accounts that a snapshot is shared with, or no longer. */
function shared(input: Asked, operation: "Add" | "Remove", what: "Group" | "UserId"): Found {
  const { CreateVolumePermission, OperationType, GroupNames = [], UserIds = [] } = input;
  const inPlain = OperationType === operation.toLowerCase() ? (what === "Group" ? GroupNames : UserIds) : [];
  const listed = (CreateVolumePermission?.[operation] ?? []).flatMap((each) => each[what] ?? []);
  const all = [...inPlain, ...listed];
  return all.length > 0 ? all : undefined;
}

const reservationArn = (ctx: Context, id: string | undefined): string | undefined =>
  id && arnOf(ctx, ctx.account, "capacity-reservation", id);

/** Keys that the call alone has a value for. There are no launch templates, so nothing of a launch is from one. */
export const requestKeys: Readonly<Record<string, (input: Asked, ctx: Context) => Found>> = {
  "ec2:Add/group": (input) => shared(input, "Add", "Group"),
  "ec2:Add/userId": (input) => shared(input, "Add", "UserId"),
  "ec2:AuthorizedService": ({ AwsService }) => AwsService,
  "ec2:AuthorizedUser": ({ AwsAccountId }) => AwsAccountId && `arn:aws:iam::${AwsAccountId}:root`,
  "ec2:DestinationCapacityReservationId": ({ DestinationCapacityReservationId: id }, ctx) =>
    reservationArn(ctx, id),
  "ec2:Ipv4IpamPoolId": ({ Ipv4IpamPoolId }) => Ipv4IpamPoolId,
  "ec2:Ipv6IpamPoolId": ({ Ipv6IpamPoolId }) => Ipv6IpamPoolId,
  "ec2:IsLaunchTemplateResource": () => false,
  "ec2:KmsKeyId": ({ KmsKeyId }) => KmsKeyId,
  "ec2:Location": ({ Location }) => Location,
  "ec2:OutpostArn": ({ OutpostArn }) => OutpostArn,
  "ec2:Permission": ({ Permission }) => Permission,
  "ec2:Remove/group": (input) => shared(input, "Remove", "Group"),
  "ec2:Remove/userId": (input) => shared(input, "Remove", "UserId"),
  "ec2:SnapshotCoolOffPeriod": ({ CoolOffPeriod }) => CoolOffPeriod,
  "ec2:SnapshotLockDuration": ({ LockDuration }) => LockDuration,
  "ec2:SourceCapacityReservationId": ({ SourceCapacityReservationId: id }, ctx) => reservationArn(ctx, id),
};
