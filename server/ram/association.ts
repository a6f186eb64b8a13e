import type * as Ram from "@aws-sdk/client-ram";
import { prefixListSharings } from "../ec2/prefixList.ts";
import { targetSharings } from "../ec2/trafficMirrorTarget.ts";
import { sharings } from "../ec2/transitGateway.ts";
import { domainSharings } from "../ec2/transitGatewayMulticastDomain.ts";
import { ApiError } from "../errors.ts";
import { later, onDue, soon } from "../kit/agenda.ts";
import type { Context } from "../kit/context.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { invite, withdraw } from "./invitation.ts";
import { invalid } from "./ramRequest.ts";
import { findShare, shareArn, shareTable, unknownShare, type Share } from "./share.ts";
import { owns, typeOf } from "./shareable.ts";

/** That a resource is in a share, or that somebody may use what is in it. */
export interface Association extends Row {
  readonly shareId: string;
  readonly type: "PRINCIPAL" | "RESOURCE";
  /** An account's number, or a resource's ARN. */
  readonly entity: string;
  /** A principal is being associated until it has accepted. */
  readonly status: "ASSOCIATING" | "ASSOCIATED" | "FAILED" | "DISASSOCIATING" | "DISASSOCIATED";
  readonly statusMessage: string | undefined;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly updated: number;
}

export const associationTable: TableDefinition<Association> = {
  name: "ram-association",
  indexes: {
    account: ({ account }) => account,
    share: ({ shareId }) => shareId,
    entity: ({ entity }) => entity,
  },
};

/** In seconds, about what RAM takes. */
const SECONDS = 5;
/** How long what is no more is still shown: two hours. */
export const SHOWN_SECONDS = 7200;

const idOf = (shareId: string, entity: string): string => `${shareId}/${entity}`;

export function setStatus(
  ctx: Context,
  association: Association,
  status: Association["status"],
  statusMessage?: string,
): Association {
  const row = { ...association, status, statusMessage, updated: ctx.now };
  ctx.unit.table(associationTable).replace(row);
  return row;
}

onDue("ram-association", (ctx, target, event) => {
  const table = ctx.unit.table(associationTable);
  const association = table.get(target);
  if (!association) return;
  const { account, entity, status, type } = association;
  if (event === "forget") {
    if (status === "DISASSOCIATED") table.remove(target);
  } else if (status === "DISASSOCIATING") {
    setStatus(ctx, association, "DISASSOCIATED");
    later(ctx, "ram-association", target, "forget", SHOWN_SECONDS);
  } else if (status === "ASSOCIATING" && type === "RESOURCE") {
    if (owns(ctx, account, entity)) setStatus(ctx, association, "ASSOCIATED");
    else {
      setStatus(ctx, association, "FAILED", "The specified resource could not be found in your AWS account");
    }
  }
});

export const findAssociation = (ctx: Context, shareId: string, entity: string): Association | undefined =>
  ctx.unit.table(associationTable).get(idOf(shareId, entity));

export const associationsOf = (ctx: Context, shareId: string): Association[] =>
  ctx.unit.table(associationTable).by("share", shareId);

/** The shares that others have let the caller into. */
export const sharesWithCaller = (ctx: Context): Share[] =>
  ctx.unit
    .table(associationTable)
    .by("entity", ctx.account)
    .filter(({ status }) => status === "ASSOCIATED")
    .flatMap(({ shareId }) => ctx.unit.table(shareTable).get(shareId) ?? []);

/**
 * The shares that a call asks about: the caller's own, or those that others have let it into.
 *
 * @throws {ApiError} MalformedArnException, UnknownResourceException for one that is not among them
 */
export function askedShares(
  ctx: Context,
  {
    resourceOwner,
    resourceShareArns: arns,
  }: Pick<Ram.GetResourceSharesRequest, "resourceOwner" | "resourceShareArns">,
): Share[] {
  const shares =
    resourceOwner === "SELF" ? ctx.unit.table(shareTable).by("account", ctx.account) : sharesWithCaller(ctx);
  if (!arns) return shares;
  const known = new Set(shares.map((share) => shareArn(ctx, share)));
  const missing = arns.find((arn) => !findShare(ctx, arn) || !known.has(arn));
  if (missing !== undefined) throw unknownShare(missing);
  const asked = new Set(arns);
  return shares.filter((share) => asked.has(shareArn(ctx, share)));
}

/** Whether the caller may use what another account has, because that shares it. */
const mayUse = (ctx: Context, arn: string): boolean =>
  ctx.unit
    .table(associationTable)
    .by("entity", arn)
    .some(
      ({ shareId, status }) =>
        status === "ASSOCIATED" && findAssociation(ctx, shareId, ctx.account)?.status === "ASSOCIATED",
    );

/** What EC2 asks of a resource of another account. */
const sharing =
  (noun: string) =>
  (ctx: Context, { account, id }: Row): boolean =>
    mayUse(ctx, `arn:aws:ec2:${ctx.region}:${account}:${noun}/${id}`);

prefixListSharings.push(sharing("prefix-list"));
sharings.push(sharing("transit-gateway"));
domainSharings.push(sharing("transit-gateway-multicast-domain"));
targetSharings.push(sharing("traffic-mirror-target"));

/** @throws {ApiError} InvalidParameterException, UnknownResourceException, OperationNotPermittedException */
function checkPrincipal(
  { account, takesStrangers }: Pick<Share, "account" | "takesStrangers">,
  principal: string,
) {
  const [, organization] = /^arn:aws:organizations::\d{12}:(?:organization|ou)\/(\S+)$/.exec(principal) ?? [];
  if (organization !== undefined) {
    throw new ApiError("UnknownResourceException", `Organization ${organization} could not be found.`);
  }
  if (/^arn:aws:iam::\d{12}:(?:role|user)\//.test(principal)) {
    throw new ApiError(
      "OperationNotPermittedException",
      `The resource types that can be shared here cannot be shared with IAM roles and users: ${principal}`,
    );
  }
  if (!/^\d{12}$/.test(principal)) {
    throw invalid(`Principal ID ${principal.slice(0, 256)} is malformed. Verify the ID and try again.`);
  }
  if (principal === account) throw invalid(`Principal ID ${principal} is the owner of the resource share.`);
  if (takesStrangers) return;
  throw new ApiError(
    "OperationNotPermittedException",
    "The resource you are attempting to share can only be shared within your AWS Organization. This error may also occur if you have not enabled sharing with your AWS organization, or that onboarding process is still in progress.",
  );
}

interface Entities {
  readonly resourceArns?: readonly string[] | undefined;
  readonly principals?: readonly string[] | undefined;
  readonly sources?: readonly string[] | undefined;
}

/** @throws {ApiError} as `typeOf`, InvalidParameterException, UnknownResourceException, OperationNotPermittedException */
export function checkEntities(
  share: Pick<Share, "account" | "takesStrangers">,
  { resourceArns = [], principals = [], sources = [] }: Entities,
): void {
  if (sources.length > 0) throw invalid("Sources are for service principals, which nothing is shared with.");
  for (const arn of resourceArns) typeOf(arn);
  for (const principal of principals) checkPrincipal(share, principal);
}

/** Whether it has begun, and not ended. */
export const isLive = ({ status }: Association): boolean =>
  status === "ASSOCIATING" || status === "ASSOCIATED";

/** Puts what is not there yet into a share. */
export function associate(
  ctx: Context,
  share: Share,
  { resourceArns = [], principals = [], sources }: Entities,
): Association[] {
  checkEntities(share, { resourceArns, principals, sources });
  const table = ctx.unit.table(associationTable);
  const add = (type: Association["type"], entity: string): Association => {
    const id = idOf(share.id, entity);
    const known = table.get(id);
    if (known && isLive(known)) return known;
    if (known) table.remove(id);
    const row: Association = {
      id,
      seq: ctx.unit.nextSeq(),
      account: share.account,
      shareId: share.id,
      type,
      entity,
      status: "ASSOCIATING",
      statusMessage: undefined,
      created: ctx.now,
      updated: ctx.now,
    };
    table.insert(row);
    if (type === "PRINCIPAL") invite(ctx, share, entity);
    else soon(ctx, "ram-association", id, "settle", SECONDS);
    return row;
  };
  return [
    ...[...new Set(resourceArns)].map((arn) => add("RESOURCE", arn)),
    ...[...new Set(principals)].map((principal) => add("PRINCIPAL", principal)),
  ];
}

/** Takes something out of a share: from now on it gives no right any more. */
export function dissolve(ctx: Context, association: Association): Association {
  if (association.type === "PRINCIPAL") withdraw(ctx, association.shareId, association.entity);
  soon(ctx, "ram-association", association.id, "settle", SECONDS);
  return setStatus(ctx, association, "DISASSOCIATING");
}

/** @throws {ApiError} UnknownResourceException for what is not in the share */
export function disassociate(
  ctx: Context,
  share: Share,
  { resourceArns = [], principals = [], sources = [] }: Entities,
): Association[] {
  return [...new Set([...resourceArns, ...principals, ...sources])].map((entity) => {
    const association = findAssociation(ctx, share.id, entity);
    if (association && (isLive(association) || association.status === "FAILED"))
      return dissolve(ctx, association);
    throw new ApiError(
      "UnknownResourceException",
      `${entity.slice(0, 256)} is not associated with the resource share ${shareArn(ctx, share)}.`,
    );
  });
}

/** There are no organizations: whoever is let in is from outside. */
export function viewAssociation(ctx: Context, association: Association): Ram.ResourceShareAssociation {
  const share = ctx.unit.table(shareTable).get(association.shareId);
  return {
    resourceShareArn: share && shareArn(ctx, share),
    resourceShareName: share?.name,
    associatedEntity: association.entity,
    associationType: association.type,
    status: association.status,
    statusMessage: association.statusMessage,
    creationTime: new Date(association.created),
    lastUpdatedTime: new Date(association.updated),
    external: association.type === "PRINCIPAL",
  };
}

/** A resource as those see it who may use it, or are to. */
export const viewResource = (
  ctx: Context,
  share: Share,
  { entity, status, created, updated }: Association,
): Ram.Resource => ({
  arn: entity,
  type: typeOf(entity),
  resourceShareArn: shareArn(ctx, share),
  status: status === "ASSOCIATED" ? "AVAILABLE" : "PENDING",
  creationTime: new Date(created),
  lastUpdatedTime: new Date(updated),
  resourceRegionScope: "REGIONAL",
});
