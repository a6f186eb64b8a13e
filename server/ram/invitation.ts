import type * as Ram from "@aws-sdk/client-ram";
import { later, onDue } from "../kit/agenda.ts";
import type { Context } from "../kit/context.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { arnOf, idIn } from "./ramRequest.ts";
import { shareArn, shareTable, type Share } from "./share.ts";

/** Who is let into a share by an account of no organization of its own must want it. */
export interface Invitation extends Row {
  readonly shareId: string;
  /** An account's number. */
  readonly receiver: string;
  readonly status: "PENDING" | "ACCEPTED" | "REJECTED" | "EXPIRED";
  /** Milliseconds since the epoch. */
  readonly sent: number;
}

export const invitationTable: TableDefinition<Invitation> = {
  name: "ram-invitation",
  indexes: { receiver: ({ receiver }) => receiver, share: ({ shareId }) => shareId },
};

/** In seconds, how long an invitation stands open. */
const OPEN_SECONDS = 7 * 24 * 3600;

onDue("ram-invitation", (ctx, target) => {
  const invitation = ctx.unit.table(invitationTable).get(target);
  if (invitation?.status === "PENDING") decide(ctx, invitation, "EXPIRED");
});

export function decide(ctx: Context, invitation: Invitation, status: Invitation["status"]): Invitation {
  const row = { ...invitation, status };
  ctx.unit.table(invitationTable).replace(row);
  return row;
}

export function invite(ctx: Context, { id: shareId, account }: Share, receiver: string): void {
  const id = ctx.chance.uuid();
  const row = {
    id,
    seq: ctx.unit.nextSeq(),
    account,
    shareId,
    receiver,
    status: "PENDING",
    sent: ctx.now,
  } as const;
  ctx.unit.table(invitationTable).insert(row);
  later(ctx, "ram-invitation", id, "expire", OPEN_SECONDS);
}

/** Takes back what has not been answered. */
export function withdraw(ctx: Context, shareId: string, receiver: string): void {
  const table = ctx.unit.table(invitationTable);
  for (const each of table.by("share", shareId)) {
    if (each.receiver === receiver && each.status === "PENDING") table.remove(each.id);
  }
}

const invitationArn = (ctx: Context, { account, id }: Invitation): string =>
  arnOf(ctx, "resource-share-invitation", account, id);

/** What is asked for by its ARN, if it is there. @throws {ApiError} MalformedArnException */
export function findInvitation(ctx: Context, arn: string): Invitation | undefined {
  const id = idIn(ctx, "resource-share-invitation", arn) ?? "";
  const invitation = ctx.unit.table(invitationTable).get(id);
  return invitation && invitationArn(ctx, invitation) === arn ? invitation : undefined;
}

export function viewInvitation(ctx: Context, invitation: Invitation): Ram.ResourceShareInvitation {
  const share = ctx.unit.table(shareTable).get(invitation.shareId);
  return {
    resourceShareInvitationArn: invitationArn(ctx, invitation),
    resourceShareArn: share && shareArn(ctx, share),
    resourceShareName: share?.name,
    senderAccountId: invitation.account,
    receiverAccountId: invitation.receiver,
    invitationTimestamp: new Date(invitation.sent),
    status: invitation.status,
  };
}
