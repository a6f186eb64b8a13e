import type { SessionTerms } from "../auth/keys.ts";
import { ApiError } from "../errors.ts";
import { openIdKeysOf } from "../iam/openIdKeys.ts";
import { findProvider, type OpenIdProvider } from "../iam/openIdProvider.ts";
import type { KeyValue } from "../iam/policy/keys.ts";
import { checkLength } from "../iam/request.ts";
import { roles } from "../iam/role.ts";
import type { Context } from "../kit/context.ts";
import type { StsHandlers } from "../kit/handlers.ts";
import {
  actionsFor,
  checkSeconds,
  openRoleSession,
  secondsOf,
  tagRequestKeys,
  viewAssumed,
} from "./assumeRole.ts";
import { plainTerms } from "./credentials.ts";
import { isSignedBy, keyFor, readJwt, type Claims } from "./jwt.ts";
import { checkSessionName, readRoleArn } from "./request.ts";
import { packedSize, readPolicies } from "./sessionPolicy.ts";
import { chainTags } from "./sessionTags.ts";
import { findDistrust, foreign } from "./trust.ts";

const ACTION = "sts:AssumeRoleWithWebIdentity";
const MOST_TOKEN = 20_000;

const invalidToken = (message: string): ApiError => new ApiError("InvalidIdentityToken", message);

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === "string")
    ? value
    : [text(value) ?? []].flat();

/** @throws {ApiError} InvalidIdentityToken */
function required(claims: Claims, name: string): string {
  const value = texts(claims[name])[0];
  if (value === undefined) throw invalidToken(`Missing a required claim: ${name}`);
  return value;
}

/**
 * What the token of a web identity says, once it is certain that its provider signed it.
 *
 * @param account the one whose provider it must be of
 * @throws {ApiError} InvalidIdentityToken
 */
function verifiedClaims(
  ctx: Context,
  token: string,
  account: string,
): { claims: Claims; provider: OpenIdProvider } {
  const jwt = readJwt(token);
  if (!jwt) {
    throw invalidToken(
      "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
    );
  }
  const issuer = required(jwt.claims, "iss");
  const provider = findProvider(ctx, account, issuer);
  if (!provider || !issuer.startsWith("https://")) {
    throw invalidToken(`No OpenIDConnect provider found in your account for ${issuer}`);
  }
  const key = keyFor(jwt, openIdKeysOf(ctx.global, issuer));
  if (!key) {
    throw invalidToken(
      "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
    );
  }
  if (!isSignedBy(jwt, key)) throw invalidToken("Token signature invalid");
  return { claims: jwt.claims, provider };
}

/** @throws {ApiError} ExpiredTokenException, IDPRejectedClaim, InvalidIdentityToken */
function checkClaims(now: number, claims: Claims, { clientIds }: OpenIdProvider): void {
  const seconds = Math.floor(now / 1000);
  const { exp, nbf } = claims;
  if (typeof exp !== "number") throw invalidToken("Missing a required claim: exp");
  if (seconds >= exp) {
    throw new ApiError(
      "ExpiredTokenException",
      `Token expired: current date/time ${seconds} must be before the expiration date/time ${exp}`,
    );
  }
  if (nbf !== undefined && !(typeof nbf === "number" && nbf <= seconds)) {
    throw new ApiError("IDPRejectedClaim", "The token is not yet valid.");
  }
  required(claims, "sub");
  required(claims, "aud");
  if (!texts(claims["aud"]).some((audience) => clientIds.includes(audience))) {
    throw invalidToken("Incorrect token audience");
  }
}

/** Tags that a provider puts into its tokens. */
const TAGS = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY = "https://aws.amazon.com/source_identity";

/** @throws {ApiError} InvalidIdentityToken for tags in another form */
function tagsOf(claims: Claims): Pick<SessionTerms, "tags" | "transitive"> {
  const claim = claims[TAGS] ?? {};
  const { principal_tags: tags = {}, transitive_tag_keys: transitive = [] } = claim as Claims;
  if (typeof claim !== "object" || typeof tags !== "object" || tags === null || !Array.isArray(transitive)) {
    throw invalidToken(`The claim ${TAGS} is not valid.`);
  }
  const asked = Object.entries(tags).map(([Key, value]) => ({ Key, Value: required({ [Key]: value }, Key) }));
  return chainTags(asked, texts(transitive));
}

/**
 * What policies can ask of a web identity, by condition keys in lower case. Where there is an authorized party, it is
 * what `aud` means, and the audience is `oaud`.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
 */
function identityKeys(claims: Claims, provider: OpenIdProvider): Record<string, string | readonly string[]> {
  const issuer = provider.url.toLowerCase();
  const audiences = texts(claims["aud"]);
  const audience = audiences.length === 1 ? (audiences[0] ?? "") : audiences;
  const party = text(claims["azp"]);
  const methods = texts(claims["amr"]);
  return {
    "aws:federatedprovider": provider.id,
    [`${issuer}:aud`]: party ?? audience,
    ...(party !== undefined && { [`${issuer}:oaud`]: audience }),
    [`${issuer}:sub`]: required(claims, "sub"),
    ...(methods.length > 0 && { [`${issuer}:amr`]: methods }),
  };
}

export const partly = {
  AssumeRoleWithWebIdentity: "OAuth 2.0 access tokens (ProviderId), algorithms other than RS256 and ES256",
};

export const operations = {
  /** Nobody signs it: the token says who asks. */
  AssumeRoleWithWebIdentity: (input, ctx) => {
    const name = checkSessionName("roleSessionName", input.RoleSessionName);
    const { RoleArn, WebIdentityToken: token, ProviderId } = input;
    const { account } = readRoleArn(RoleArn);
    checkLength("webIdentityToken", token, 4, MOST_TOKEN);
    checkSeconds(input.DurationSeconds);
    if (ProviderId !== undefined) {
      throw new ApiError("IDPCommunicationError", `The identity provider ${ProviderId} cannot be reached.`);
    }
    const { claims, provider } = verifiedClaims(ctx, token, account);
    checkClaims(ctx.now, claims, provider);
    const source = text(claims[SOURCE_IDENTITY]);
    if (source !== undefined) checkSessionName("sourceIdentity", source);
    const terms: SessionTerms = {
      ...plainTerms,
      from: "AssumeRoleWithWebIdentity",
      ...tagsOf(claims),
      ...(source !== undefined && { sourceIdentity: source }),
      keys: identityKeys(claims, provider),
    };
    const role = roles.findByArn(ctx, RoleArn);
    const keys = new Map<string, KeyValue>([
      ...Object.entries(terms.keys),
      ["sts:rolesessionname", name],
      ...(source === undefined ? [] : [["sts:sourceidentity", source] as const]),
      ...tagRequestKeys(terms.tags, terms.transitive),
    ]);
    const asker = foreign("federated", provider.id);
    for (const action of actionsFor(ACTION, terms)) {
      if (role && findDistrust(ctx, asker, role, action, keys) === undefined) continue;
      throw new ApiError("AccessDenied", `Not authorized to perform ${action}`);
    }
    if (!role) throw new TypeError("a role that is not there was trusted");
    const seconds = secondsOf(role, input.DurationSeconds, false);
    const limited: SessionTerms = { ...terms, ...readPolicies(ctx, input, account) };
    const PackedPolicySize = packedSize(limited);
    const row = openRoleSession({ ...ctx, account }, role, name, seconds, limited);
    return {
      ...viewAssumed(row),
      SubjectFromWebIdentityToken: required(claims, "sub"),
      Audience: required(claims, "aud"),
      Provider: provider.id,
      PackedPolicySize,
      SourceIdentity: source,
    };
  },
} satisfies StsHandlers;
