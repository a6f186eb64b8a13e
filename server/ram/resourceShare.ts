import type { TagFilter, TagResourceRequest } from "@aws-sdk/client-ram";
import { ApiError } from "../errors.ts";
import { later, onDue } from "../kit/agenda.ts";
import type { Context } from "../kit/context.ts";
import type { RamHandlers } from "../kit/handlers.ts";
import { checkTags } from "../kit/tags.ts";
import {
  askedShares,
  associate,
  associationsOf,
  associationTable,
  checkEntities,
  dissolve,
  SHOWN_SECONDS,
} from "./association.ts";
import { invitationTable } from "./invitation.ts";
import { checkPermissions, permissionsOf } from "./permission.ts";
import { invalid, pageOf } from "./ramRequest.ts";
import { getOwnShare, shareTable, updateShare, viewShare, type Share } from "./share.ts";

onDue("ram-share", (ctx, target) => {
  for (const table of [ctx.unit.table(associationTable), ctx.unit.table(invitationTable)]) {
    for (const { id } of table.by("share", target)) table.remove(id);
  }
  ctx.unit.table(shareTable).remove(target);
});

const MAX_NAME = 256;

/** @throws {ApiError} InvalidParameterException */
function checkName(name: string): string {
  if (name.trim() !== "" && name.length <= MAX_NAME) return name;
  throw invalid(`The name of a resource share must have from 1 to ${MAX_NAME} characters.`);
}

const MAX_TAGS = 50;

type GivenTags = readonly { readonly key?: string | undefined; readonly value?: string | undefined }[];

/** @throws {ApiError} InvalidParameterException, TagLimitExceededException */
function merge(before: Share["tags"], given: GivenTags, shareId: string): Share["tags"] {
  const added = checkTags(given.map(({ key = "", value = "" }) => ({ Key: key, Value: value })));
  const tags = new Map(before.map(({ key, value }) => [key, value]));
  for (const { Key = "", Value = "" } of added) tags.set(Key, Value);
  if (tags.size > MAX_TAGS) throw new ApiError("TagLimitExceeded", shareId);
  return Array.from(tags, ([key, value]) => ({ key, value }));
}

const matches = ({ tags }: Share, { tagKey, tagValues = [] }: TagFilter): boolean =>
  tags.some(({ key, value }) => key === tagKey && (tagValues.length === 0 || tagValues.includes(value)));

/** @throws {ApiError} InvalidParameterException */
function getTagged(
  ctx: Context,
  { resourceShareArn, resourceArn }: Readonly<Pick<TagResourceRequest, "resourceArn" | "resourceShareArn">>,
): Share {
  if (resourceShareArn === undefined || resourceArn !== undefined) {
    throw invalid("Specify the ARN of a resource share: there are no permissions of one's own.");
  }
  return getOwnShare(ctx, resourceShareArn);
}

export const operations = {
  CreateResourceShare: (input, ctx) => {
    const { clientToken, permissionArns = [], allowExternalPrincipals: takesStrangers = true } = input;
    if (input.resourceShareConfiguration !== undefined) {
      throw invalid("There is no organization that an account could leave.");
    }
    checkEntities({ account: ctx.account, takesStrangers }, input);
    const id = ctx.chance.uuid();
    const share: Share = {
      id,
      seq: ctx.unit.nextSeq(),
      account: ctx.account,
      name: checkName(input.name),
      takesStrangers,
      status: "ACTIVE",
      permissions: checkPermissions(permissionArns),
      tags: merge([], input.tags ?? [], id),
      created: ctx.now,
      updated: ctx.now,
    };
    ctx.unit.table(shareTable).insert(share);
    associate(ctx, share, input);
    return { resourceShare: viewShare(ctx, share), clientToken };
  },

  DeleteResourceShare: ({ resourceShareArn, clientToken }, ctx) => {
    const share = getOwnShare(ctx, resourceShareArn);
    for (const each of associationsOf(ctx, share.id))
      if (each.status !== "DISASSOCIATED") dissolve(ctx, each);
    updateShare(ctx, share, { status: "DELETED" });
    later(ctx, "ram-share", share.id, "forget", SHOWN_SECONDS);
    return { returnValue: true, clientToken };
  },

  GetResourceShares: ({ resourceOwner, resourceShareArns, ...asked }, ctx) => {
    const { resourceShareStatus: status, name, tagFilters = [], permissionArn, permissionVersion } = asked;
    const shown = askedShares(ctx, { resourceOwner, resourceShareArns }).filter(
      (share) =>
        (status === undefined || share.status === status) &&
        (name === undefined || share.name === name) &&
        (tagFilters.length === 0 ||
          (share.account === ctx.account && tagFilters.every((filter) => matches(share, filter)))) &&
        (permissionArn === undefined ||
          permissionsOf(ctx, share).some((each) => each.arn === permissionArn)) &&
        (permissionVersion === undefined || permissionVersion === 1),
    );
    const { items, ...next } = pageOf(ctx, shown, asked);
    return { resourceShares: items.map((share) => viewShare(ctx, share)), ...next };
  },

  TagResource: ({ tags, ...named }, ctx) => {
    const share = getTagged(ctx, named);
    updateShare(ctx, share, { tags: merge(share.tags, tags, share.id) });
    return {};
  },

  UntagResource: ({ tagKeys, ...named }, ctx) => {
    const share = getTagged(ctx, named);
    updateShare(ctx, share, { tags: share.tags.filter(({ key }) => !tagKeys.includes(key)) });
    return {};
  },

  UpdateResourceShare: ({ resourceShareArn, name, allowExternalPrincipals, clientToken }, ctx) => {
    const share = getOwnShare(ctx, resourceShareArn);
    const row = updateShare(ctx, share, {
      name: name === undefined ? share.name : checkName(name),
      takesStrangers: allowExternalPrincipals ?? share.takesStrangers,
    });
    return { resourceShare: viewShare(ctx, row), clientToken };
  },
} satisfies RamHandlers;

export const partly = {
  CreateResourceShare:
    "subnets and other resources than prefix lists, Traffic Mirror targets, transit gateways and their multicast domains; organizations",
};
