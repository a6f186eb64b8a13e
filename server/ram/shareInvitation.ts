import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { RamHandlers } from "../kit/handlers.ts";
import { associationsOf, dissolve, findAssociation, setStatus, viewResource } from "./association.ts";
import { decide, findInvitation, invitationTable, viewInvitation, type Invitation } from "./invitation.ts";
import { pageOf } from "./ramRequest.ts";
import { findShare, shareTable, unknownShare } from "./share.ts";

/**
 * An invitation that the caller got.
 *
 * @throws {ApiError} MalformedArnException, ResourceShareInvitationArnNotFoundException
 */
function getInvitation(ctx: Context, arn: string): Invitation {
  const invitation = findInvitation(ctx, arn);
  if (invitation?.receiver === ctx.account) return invitation;
  throw new ApiError(
    "ResourceShareInvitationArnNotFoundException",
    `ResourceShareInvitation ${arn} could not be found.`,
  );
}

const answered = {
  ACCEPTED: "ResourceShareInvitationAlreadyAcceptedException",
  REJECTED: "ResourceShareInvitationAlreadyRejectedException",
  EXPIRED: "ResourceShareInvitationExpiredException",
} as const;

/** As `getInvitation`, one that is open. @throws {ApiError} what became of it */
function getOpen(ctx: Context, arn: string): Invitation {
  const invitation = getInvitation(ctx, arn);
  if (invitation.status === "PENDING") return invitation;
  throw new ApiError(answered[invitation.status], arn);
}

export const operations = {
  AcceptResourceShareInvitation: ({ resourceShareInvitationArn: arn, clientToken }, ctx) => {
    const invitation = getOpen(ctx, arn);
    const association = findAssociation(ctx, invitation.shareId, ctx.account);
    if (association) setStatus(ctx, association, "ASSOCIATED");
    const row = decide(ctx, invitation, "ACCEPTED");
    return { resourceShareInvitation: viewInvitation(ctx, row), clientToken };
  },

  GetResourceShareInvitations: ({ resourceShareInvitationArns, resourceShareArns, ...page }, ctx) => {
    const ids = resourceShareInvitationArns?.map((arn) => getInvitation(ctx, arn).id);
    const received = ctx.unit.table(invitationTable).by("receiver", ctx.account);
    const shares = resourceShareArns?.map((arn) => {
      const share = findShare(ctx, arn);
      if (!share || !received.some(({ shareId }) => shareId === share.id)) throw unknownShare(arn);
      return share.id;
    });
    const shown = received.filter(
      ({ id, shareId }) =>
        (ids === undefined || ids.includes(id)) && (shares === undefined || shares.includes(shareId)),
    );
    const { items, ...next } = pageOf(ctx, shown, page);
    return { resourceShareInvitations: items.map((each) => viewInvitation(ctx, each)), ...next };
  },

  ListPendingInvitationResources: (
    { resourceShareInvitationArn: arn, resourceRegionScope, ...page },
    ctx,
  ) => {
    const { shareId } = getOpen(ctx, arn);
    const share = ctx.unit.table(shareTable).get(shareId);
    const content = associationsOf(ctx, shareId).filter(
      ({ type, status }) =>
        type === "RESOURCE" && status === "ASSOCIATED" && resourceRegionScope !== "GLOBAL",
    );
    const { items, ...next } = pageOf(ctx, content, page);
    const resources = items.flatMap((each) => (share ? viewResource(ctx, share, each) : []));
    return { resources, ...next };
  },

  RejectResourceShareInvitation: ({ resourceShareInvitationArn: arn, clientToken }, ctx) => {
    const invitation = getOpen(ctx, arn);
    const row = decide(ctx, invitation, "REJECTED");
    const association = findAssociation(ctx, invitation.shareId, ctx.account);
    if (association) dissolve(ctx, association);
    return { resourceShareInvitation: viewInvitation(ctx, row), clientToken };
  },
} satisfies RamHandlers;
