import type * as Ram from "@aws-sdk/client-ram";
import type { Context } from "../kit/context.ts";
import type { RamHandlers } from "../kit/handlers.ts";
import {
  askedShares,
  associate,
  associationsOf,
  associationTable,
  disassociate,
  isLive,
  sharesWithCaller,
  viewAssociation,
  viewResource,
  type Association,
} from "./association.ts";
import { readType } from "./permission.ts";
import { invalid, pageOf } from "./ramRequest.ts";
import { findShare, getOwnShare, shareArn, unknownShare, type Share } from "./share.ts";
import { typeOf } from "./shareable.ts";

/** @throws {ApiError} InvalidParameterException */
function checkSomething({
  resourceArns = [],
  principals = [],
  sources = [],
}: Pick<Ram.AssociateResourceShareRequest, "resourceArns" | "principals" | "sources">): void {
  if (resourceArns.length + principals.length + sources.length > 0) return;
  throw invalid("Specify at least one resource ARN or principal.");
}

/** The share that the caller leaves, where it does so itself: nobody else can be put out of another account's share. */
function leaving(
  ctx: Context,
  arn: string,
  { principals = [], resourceArns = [] }: Ram.DisassociateResourceShareRequest,
) {
  const isSelf = resourceArns.length === 0 && principals.length === 1 && principals[0] === ctx.account;
  const share = isSelf ? findShare(ctx, arn) : undefined;
  return share && sharesWithCaller(ctx).some(({ id }) => id === share.id) ? share : undefined;
}

interface Content {
  readonly share: Share;
  readonly content: readonly Association[];
}

/** What the shares that are asked about have in them. */
const contentOf = (ctx: Context, asked: Parameters<typeof askedShares>[1]): Content[] =>
  askedShares(ctx, asked).map((share) => ({ share, content: associationsOf(ctx, share.id).filter(isLive) }));

const has = (content: readonly Association[], entity: string): boolean =>
  content.some((each) => each.entity === entity);

const hasType = (content: readonly Association[], type: string): boolean =>
  content.some((each) => each.type === "RESOURCE" && typeOf(each.entity) === type);

export const operations = {
  AssociateResourceShare: ({ resourceShareArn, clientToken, ...asked }, ctx) => {
    checkSomething(asked);
    const made = associate(ctx, getOwnShare(ctx, resourceShareArn), asked);
    return { resourceShareAssociations: made.map((each) => viewAssociation(ctx, each)), clientToken };
  },

  DisassociateResourceShare: (input, ctx) => {
    const { resourceShareArn: arn, clientToken, ...asked } = input;
    checkSomething(asked);
    const share = leaving(ctx, arn, input) ?? getOwnShare(ctx, arn);
    const dissolved = disassociate(ctx, share, asked);
    return { resourceShareAssociations: dissolved.map((each) => viewAssociation(ctx, each)), clientToken };
  },

  GetResourceShareAssociations: (input, ctx) => {
    const { associationType: type, resourceArn, principal, associationStatus: status } = input;
    if (resourceArn !== undefined && type === "PRINCIPAL") {
      throw invalid("You cannot specify a resource ARN when the association type is PRINCIPAL.");
    }
    if (principal !== undefined && type === "RESOURCE") {
      throw invalid("You cannot specify a principal when the association type is RESOURCE.");
    }
    const entity = resourceArn ?? principal;
    const ids = input.resourceShareArns?.map((arn) => {
      const share = findShare(ctx, arn);
      if (share?.account !== ctx.account) throw unknownShare(arn);
      return share.id;
    });
    const shown = ctx.unit
      .table(associationTable)
      .by("account", ctx.account)
      .filter(
        (each) =>
          each.type === type &&
          (entity === undefined || each.entity === entity) &&
          (status === undefined || each.status === status) &&
          (ids === undefined || ids.includes(each.shareId)),
      );
    const { items, ...next } = pageOf(ctx, shown, input);
    return { resourceShareAssociations: items.map((each) => viewAssociation(ctx, each)), ...next };
  },

  ListPrincipals: (input, ctx) => {
    const { resourceOwner, resourceArn, principals: wanted } = input;
    const type = readType(input.resourceType);
    const all = contentOf(ctx, input)
      .filter(({ content }) => resourceArn === undefined || has(content, resourceArn))
      .filter(({ content }) => type === undefined || hasType(content, type))
      .flatMap(({ share, content }) =>
        content
          .filter((each) => each.type === "PRINCIPAL")
          // Who is let in learns who shares, and not who else is let in.
          .filter(({ entity }) => resourceOwner === "SELF" || entity === ctx.account)
          .map(({ entity, created, updated }) => ({
            id: resourceOwner === "SELF" ? entity : share.account,
            resourceShareArn: shareArn(ctx, share),
            creationTime: new Date(created),
            lastUpdatedTime: new Date(updated),
            external: true,
          })),
      );
    const shown = all.filter(({ id }) => wanted === undefined || wanted.includes(id));
    const { items, ...next } = pageOf(ctx, shown, input);
    return { principals: items, ...next };
  },

  ListResources: (input, ctx) => {
    const { resourceOwner, principal, resourceArns: wanted, resourceRegionScope: scope = "ALL" } = input;
    const type = readType(input.resourceType);
    const all = contentOf(ctx, input)
      .filter(
        ({ share, content }) =>
          principal === undefined ||
          (resourceOwner === "SELF" ? has(content, principal) : share.account === principal),
      )
      .flatMap(({ share, content }) =>
        content
          .filter((each) => each.type === "RESOURCE" && scope !== "GLOBAL")
          .map((each) => viewResource(ctx, share, each)),
      );
    const shown = all.filter(
      (each) =>
        (wanted === undefined || wanted.includes(each.arn ?? "")) &&
        (type === undefined || each.type === type),
    );
    const { items, ...next } = pageOf(ctx, shown, input);
    return { resources: items, ...next };
  },
} satisfies RamHandlers;
