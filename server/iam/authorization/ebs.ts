import type { Context } from "../../kit/context.ts";
import { tagsOf } from "../../kit/tags.ts";
import type { ActionTable } from "../actionTable.ts";
import type { Tags } from "../tags.ts";
import { fillArn, requestTag, tagNamed, type Demand } from "./demand.ts";

interface Input {
  readonly SnapshotId?: string;
  readonly FirstSnapshotId?: string;
  readonly SecondSnapshotId?: string;
  readonly ParentSnapshotId?: string;
  readonly Description?: string;
  readonly VolumeSize?: number;
  readonly Tags?: Tags;
}

const SNAPSHOT = "arn:${Partition}:ec2:${Region}::snapshot/${SnapshotId}";

/**
 * What a call of the EBS direct APIs must be allowed.
 *
 * @see https://docs.aws.amazon.com/ebs/latest/userguide/ebsapi-permissions.html
 */
export function demandsOfEbs(ctx: Context, table: ActionTable, given: object): Demand[] {
  const input = given as Input;
  const arnOf = (id: string): string => fillArn(SNAPSHOT, ctx, ctx.account, id);
  const { SnapshotId, FirstSnapshotId, SecondSnapshotId, ParentSnapshotId } = input;
  const ids = [SnapshotId, FirstSnapshotId, SecondSnapshotId].filter((id) => id !== undefined);
  const asked: Readonly<Record<string, string | undefined>> = {
    "ebs:description": input.Description,
    "ebs:parentsnapshot": ParentSnapshotId && arnOf(ParentSnapshotId),
    "ebs:volumesize": input.VolumeSize === undefined ? undefined : String(input.VolumeSize),
  };
  // To begin a snapshot is an action on one that has no id yet, and on what it is to be based on.
  const demands = (ids.length > 0 ? ids : ["*", ParentSnapshotId ?? []].flat()).map((id) => ({
    action: `ebs:${ctx.operation}`,
    resource: arnOf(id),
    keys: {
      get: (name: string) => {
        if (name.startsWith("aws:resourcetag/")) return tagNamed(tagsOf(ctx, id), name);
        return Object.hasOwn(asked, name) ? asked[name] : requestTag(name, input.Tags ?? []);
      },
    },
    known: (table.get(ctx.operation)?.keys ?? []).filter((key) => !key.includes("$")),
  }));
  // To tag it on creation is EC2's action.
  const [first] = demands;
  return first && input.Tags?.length ? [...demands, { ...first, action: "ec2:CreateTags" }] : demands;
}
