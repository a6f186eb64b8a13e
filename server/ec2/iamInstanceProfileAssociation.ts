import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../kit/context.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";

/** An instance profile as an instance has it: it keeps the name, though IAM may have forgotten the profile. */
export interface ProfileReference {
  /** `AIPA…` */
  readonly profileId: string;
  readonly arn: string;
}

/** That an instance has an instance profile; `created` is since when. */
export interface IamInstanceProfileAssociation extends ResourceRow, ProfileReference {
  readonly instanceId: string;
  readonly state: Sdk.IamInstanceProfileAssociationState;
}

const viewProfile = ({ arn, profileId }: ProfileReference): Sdk.IamInstanceProfile => ({
  Arn: arn,
  Id: profileId,
});

export const iamInstanceProfileAssociations = defineResource({
  type: "iam-instance-profile-association",
  idPrefix: "iip-assoc",
  notFound: "InvalidAssociationID.NotFound",
  ids: "AssociationIds",
  view: (row: IamInstanceProfileAssociation): Sdk.IamInstanceProfileAssociation => ({
    AssociationId: row.id,
    InstanceId: row.instanceId,
    IamInstanceProfile: viewProfile(row),
    State: row.state,
    Timestamp: new Date(row.created),
  }),
  filters: {
    "instance-id": (association) => association.InstanceId,
    state: (association) => association.State,
  },
  filterIndexes: { "instance-id": "instance" },
  indexes: { instance: ({ instanceId }) => instanceId },
  parents: { instance: "instance" },
  partOf: () => true,
  pages: [5, 1000],
  transitions: {
    associated: (ctx, { id, state }) => {
      if (state === "associating") iamInstanceProfileAssociations.update(ctx, id, { state: "associated" });
    },
    disassociated: (ctx, { id }) => iamInstanceProfileAssociations.delete(ctx, id),
  },
});

/** The one by which an instance has its role, if it has one: what is being undone does not count. */
export const activeAssociation = (
  ctx: Context,
  instanceId: string,
): IamInstanceProfileAssociation | undefined =>
  iamInstanceProfileAssociations
    .by(ctx, "instance", instanceId)
    .find(({ state }) => state !== "disassociating");

/** As DescribeInstances shows it. */
export function viewProfileOf(ctx: Context, instanceId: string): Sdk.IamInstanceProfile | undefined {
  const association = activeAssociation(ctx, instanceId);
  return association && viewProfile(association);
}

/** About how long EC2 takes, in seconds. */
const ASSOCIATE_SECONDS = 5;
const DISASSOCIATE_SECONDS = 5;

export function associate(
  ctx: Context,
  instanceId: string,
  { profileId, arn }: ProfileReference,
): IamInstanceProfileAssociation {
  const row = iamInstanceProfileAssociations.create(ctx, {
    instanceId,
    profileId,
    arn,
    state: "associating",
  });
  iamInstanceProfileAssociations.soon(ctx, row.id, "associated", ASSOCIATE_SECONDS);
  return row;
}

export function disassociate(ctx: Context, id: string): IamInstanceProfileAssociation {
  iamInstanceProfileAssociations.soon(ctx, id, "disassociated", DISASSOCIATE_SECONDS);
  return iamInstanceProfileAssociations.update(ctx, id, { state: "disassociating" });
}

/** A terminated instance has no role, though it is still shown. */
export function dropAssociations(ctx: Context, instanceId: string): void {
  for (const { id } of iamInstanceProfileAssociations.by(ctx, "instance", instanceId)) {
    iamInstanceProfileAssociations.delete(ctx, id);
  }
}
