import type * as Sts from "@aws-sdk/client-sts";
import { rootArn, type KeyRow, type SessionTerms } from "../auth/keys.ts";
import { ApiError } from "../errors.ts";
import { standingOf } from "../iam/applicable.ts";
import type { KeyValue } from "../iam/policy/keys.ts";
import { checkBounds, checkLength, invalid } from "../iam/request.ts";
import { roles, USUAL_SESSION, type RoleRow } from "../iam/role.ts";
import type { Context } from "../kit/context.ts";
import type { StsHandlers } from "../kit/handlers.ts";
import { callingSession, openSession, plainTerms, viewCredentials } from "./credentials.ts";
import { refuseMfa } from "./mfa.ts";
import { checkPattern, checkSessionName, readRoleArn } from "./request.ts";
import { packedSize, readPolicies } from "./sessionPolicy.ts";
import { chainTags } from "./sessionTags.ts";
import { absentRole, checkTrust, refusal, type RequestKeys } from "./trust.ts";

const LEAST_SECONDS = 900;
const MOST_SECONDS = 43_200;
/** In seconds: of a session that was opened from another one. */
const MOST_CHAINED = 3600;

/**
 * How long a session of a role lasts, in seconds.
 *
 * @param chained whether it is opened from another session
 * @throws {ApiError} ValidationError
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
export function secondsOf(role: RoleRow, asked: number | undefined, chained: boolean): number {
  const seconds = asked ?? USUAL_SESSION;
  if (chained && seconds > MOST_CHAINED) {
    throw invalid(
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    );
  }
  if (seconds > role.maxSession) {
    throw invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  }
  return seconds;
}

/** @throws {ApiError} ValidationError */
export function checkSeconds(seconds: number | undefined, most = MOST_SECONDS): void {
  if (seconds !== undefined) checkBounds("durationSeconds", seconds, LEAST_SECONDS, most);
}

/** Opens a session of a role that may be assumed. */
export const openRoleSession = (
  ctx: Context,
  role: RoleRow,
  name: string,
  seconds: number,
  terms: SessionTerms,
): KeyRow =>
  openSession(
    ctx,
    {
      account: role.account,
      // The path of a role is not in the ARNs of its sessions.
      arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${name}`,
      userId: `${role.id}:${name}`,
    },
    seconds,
    terms,
  );

export const viewAssumed = (
  row: KeyRow,
): Pick<Sts.AssumeRoleResponse, "Credentials" | "AssumedRoleUser"> => ({
  Credentials: viewCredentials(row),
  AssumedRoleUser: { AssumedRoleId: row.userId, Arn: row.arn },
});

/** What the request to tag a session has, by condition keys in lower case. */
export const tagRequestKeys = (
  tags: SessionTerms["tags"],
  transitive: readonly string[] = [],
): (readonly [string, KeyValue])[] => [
  ...tags.map(({ Key, Value }) => [`aws:requesttag/${Key.toLowerCase()}`, Value] as const),
  ...(tags.length > 0 ? [["aws:tagkeys", tags.map(({ Key }) => Key)] as const] : []),
  ...(transitive.length > 0 ? [["sts:transitivetagkeys", transitive] as const] : []),
];

/** What must be allowed for a session with these terms. */
export const actionsFor = (action: string, { tags, sourceIdentity }: SessionTerms): string[] => [
  action,
  ...(tags.length > 0 ? ["sts:TagSession"] : []),
  ...(sourceIdentity === undefined ? [] : ["sts:SetSourceIdentity"]),
];

/** @throws {ApiError} ValidationError */
function checkInput(input: Sts.AssumeRoleRequest): string {
  const { ExternalId, SourceIdentity } = input;
  checkSeconds(input.DurationSeconds);
  if (ExternalId !== undefined) {
    checkLength("externalId", ExternalId, 2, 1224);
    checkPattern("externalId", ExternalId, /^[\w+=,.@:/-]*$/, String.raw`[\w+=,.@:\/-]*`);
  }
  if (SourceIdentity !== undefined) checkSessionName("sourceIdentity", SourceIdentity);
  if (input.ProvidedContexts?.length) {
    throw invalid("ProvidedContexts are not supported: there is no IAM Identity Center.");
  }
  return checkSessionName("roleSessionName", input.RoleSessionName ?? "");
}

/**
 * Who set a source identity has it in all sessions that follow.
 *
 * @throws {ApiError} AccessDenied
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
 */
function sourceIdentityOf(
  ctx: Context,
  asked: string | undefined,
  calling: SessionTerms | undefined,
  arn: string,
) {
  const set = calling?.sourceIdentity;
  if (set !== undefined && asked !== undefined && asked !== set) {
    throw new ApiError("AccessDenied", refusal(standingOf(ctx, ctx.caller), "sts:SetSourceIdentity", arn));
  }
  return set ?? asked;
}

export const partly = {
  AssumeRole: "MFA devices, contexts of IAM Identity Center",
};

export const operations = {
  AssumeRole: (input, ctx) => {
    const name = checkInput(input);
    const { RoleArn: arn, ExternalId, DurationSeconds } = input;
    const { account } = readRoleArn(arn);
    if (ctx.caller.arn === rootArn(ctx.account)) {
      throw new ApiError("AccessDenied", "Roles may not be assumed by root accounts.");
    }
    refuseMfa(input);
    const calling = callingSession(ctx);
    if (calling?.from === "GetFederationToken") {
      throw new ApiError("AccessDenied", "Cannot call AssumeRole with federated user credentials");
    }
    const sourceIdentity = sourceIdentityOf(ctx, input.SourceIdentity, calling, arn);
    const asker = standingOf(ctx, ctx.caller);
    const role = roles.findByArn(ctx, arn);
    const chained = calling !== undefined && calling.from !== "instance";
    const terms: SessionTerms = {
      ...plainTerms,
      from: "AssumeRole",
      depth: chained ? calling.depth + 1 : 0,
      ...(sourceIdentity !== undefined && { sourceIdentity }),
      ...chainTags(input.Tags, input.TransitiveTagKeys, calling),
    };
    const keys: RequestKeys = new Map<string, KeyValue>([
      ["sts:rolesessionname", name],
      ...(ExternalId === undefined ? [] : [["sts:externalid", ExternalId] as const]),
      ...(sourceIdentity === undefined ? [] : [["sts:sourceidentity", sourceIdentity] as const]),
      ...tagRequestKeys(terms.tags, terms.transitive),
    ]);
    checkTrust(ctx, asker, role ?? absentRole(arn, account), actionsFor("sts:AssumeRole", terms), keys);
    if (!role) throw new TypeError("a role that is not there was trusted");
    // Only who may assume the role learns how long its sessions may be, and which policies there are.
    const seconds = secondsOf(role, DurationSeconds, chained);
    const limited: SessionTerms = { ...terms, ...readPolicies(ctx, input, account) };
    const PackedPolicySize = packedSize(limited);
    const row = openRoleSession(ctx, role, name, seconds, limited);
    return { ...viewAssumed(row), PackedPolicySize, SourceIdentity: sourceIdentity };
  },
} satisfies StsHandlers;
