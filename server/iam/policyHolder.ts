import type * as Iam from "@aws-sdk/client-iam";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { checkQuota, declareQuota, type Quota } from "../kit/quotas.ts";
import type { Entities, EntityRow } from "./entity.ts";
import { findPolicy, getPolicy } from "./managedPolicy.ts";
import { checkIdentityPolicy } from "./policy/document.ts";
import {
  checkArn,
  checkDocument,
  checkName,
  checkPathPrefix,
  encodeDocument,
  missing,
  pageOf,
  sizeOf,
  type PageRequest,
} from "./request.ts";

export interface InlinePolicy {
  readonly name: string;
  readonly document: string;
}

/** What policies can be put in and attached to: a user, a group, a role. */
export interface PolicyHolder extends EntityRow {
  readonly inline: readonly InlinePolicy[];
  /** ARNs of managed policies. */
  readonly attached: readonly string[];
  /** The ARN of the managed policy that limits it; groups have none. */
  readonly boundary?: string | undefined;
}

export const noPolicies = { inline: [], attached: [] } as const;

/** What finds holders by the managed policies they have: an AWS managed one is counted for each account. */
export const holderIndexes = {
  attached: ({ account, attached }: PolicyHolder) => attached.map((arn) => `${account}/${arn}`),
  boundary: ({ account, boundary }: PolicyHolder) => boundary && `${account}/${boundary}`,
};

export type HolderIndex = keyof typeof holderIndexes;

interface HolderKind<R extends PolicyHolder> {
  readonly entities: Entities<R, HolderIndex>;
  /** `user` */
  readonly noun: string;
  /** Of all its inline policies together, in characters that are no white space. */
  readonly mostInline: number;
  /** Service Quotas' code and name of how many managed policies it can have. */
  readonly quota: readonly [code: string, name: string];
}

const MAX_POLICY_NAME = 128;

/** What calls about the policies of a user, a group or a role do. */
export function policyHolding<R extends PolicyHolder>({ entities, noun, mostInline, quota }: HolderKind<R>) {
  const kind = entities as unknown as Entities<PolicyHolder, HolderIndex>;
  const Noun = noun.slice(0, 1).toUpperCase() + noun.slice(1);
  const attachable: Quota = declareQuota({
    code: quota[0],
    name: quota[1],
    usual: 10,
    error: (limit) => new ApiError("LimitExceeded", `Cannot exceed quota for PoliciesPer${Noun}: ${limit}`),
  });
  const inlineOf = (row: R, name: string): InlinePolicy => {
    const found = row.inline.find((each) => each.name === name);
    if (!found) throw missing(`The ${noun} policy with name ${name} cannot be found.`);
    return found;
  };
  return {
    /** @throws {ApiError} ValidationError, MalformedPolicyDocument, LimitExceeded */
    putInline: (ctx: Context, row: R, name: string, document: string): void => {
      checkName("policyName", name, MAX_POLICY_NAME);
      checkDocument("policyDocument", document);
      checkIdentityPolicy(document, false);
      const others = row.inline.filter((each) => each.name !== name);
      const size = [...others, { document }].reduce((sum, each) => sum + sizeOf(each.document), 0);
      if (size > mostInline) {
        throw new ApiError(
          "LimitExceeded",
          `Maximum policy size of ${mostInline} bytes exceeded for ${noun} ${row.name}`,
        );
      }
      kind.update(ctx, row, { inline: [...others, { name, document }] });
    },

    /** @throws {ApiError} NoSuchEntity */
    getInline: (row: R, name: string) => ({
      PolicyName: name,
      PolicyDocument: encodeDocument(inlineOf(row, name).document),
    }),

    /** @throws {ApiError} NoSuchEntity */
    deleteInline: (ctx: Context, row: R, name: string): void => {
      const gone = inlineOf(row, name);
      kind.update(ctx, row, { inline: row.inline.filter((each) => each !== gone) });
    },

    listInline: (ctx: Context, row: R, request: PageRequest) => {
      const { items, rest } = pageOf(ctx, row.inline, request, ({ name }) => name, row.id);
      return { PolicyNames: items.map(({ name }) => name), ...rest };
    },

    /** @throws {ApiError} NoSuchEntity, LimitExceeded */
    attach: (ctx: Context, row: R, arn: string): void => {
      if (!findPolicy(ctx, checkArn("policyArn", arn))) {
        throw missing(`Policy ${arn} does not exist or is not attachable.`);
      }
      if (row.attached.includes(arn)) return;
      checkQuota(ctx, attachable, () => row.attached.length + 1, row.name);
      kind.update(ctx, row, { attached: [...row.attached, arn] });
    },

    /** @throws {ApiError} NoSuchEntity */
    detach: (ctx: Context, row: R, arn: string): void => {
      if (!row.attached.includes(checkArn("policyArn", arn))) throw missing(`Policy ${arn} was not found.`);
      kind.update(ctx, row, { attached: row.attached.filter((each) => each !== arn) });
    },

    listAttached: (
      ctx: Context,
      row: R,
      request: PageRequest & { readonly PathPrefix?: string | undefined },
    ) => {
      const prefix = checkPathPrefix(request.PathPrefix);
      const policies = row.attached
        .map((arn) => getPolicy(ctx, arn))
        .filter(({ path }) => path.startsWith(prefix));
      const { items, rest } = pageOf(ctx, policies, request, ({ arn }) => arn, row.id + prefix);
      return {
        AttachedPolicies: items.map(({ name, arn }) => ({ PolicyName: name, PolicyArn: arn })),
        ...rest,
      };
    },

    /** @throws {ApiError} NoSuchEntity */
    putBoundary: (ctx: Context, row: R, arn: string): void => {
      kind.update(ctx, row, { boundary: checkBoundary(ctx, arn) });
    },

    /** @throws {ApiError} NoSuchEntity */
    deleteBoundary: (ctx: Context, row: R): void => {
      if (row.boundary === undefined) {
        throw missing(`No permissions boundary found for ${noun} ${row.name}.`);
      }
      kind.update(ctx, row, { boundary: undefined });
    },

    /** @throws {ApiError} DeleteConflict */
    checkEmpty: (row: R): void => {
      if (row.inline.length > 0) {
        throw new ApiError("DeleteConflict", "Cannot delete entity, must delete policies first.");
      }
      if (row.attached.length > 0) {
        throw new ApiError("DeleteConflict", "Cannot delete entity, must detach all policies first.");
      }
    },
  };
}

/** @throws {ApiError} ValidationError, InvalidInput, NoSuchEntity */
export function checkBoundary(ctx: Context, arn: string): string {
  if (!findPolicy(ctx, checkArn("permissionsBoundary", arn))) {
    throw missing(`Scope ARN: ${arn} does not exist or is not attachable.`);
  }
  return arn;
}

export const viewBoundary = (arn: string | undefined): Iam.AttachedPermissionsBoundary | undefined =>
  arn === undefined
    ? undefined
    : { PermissionsBoundaryType: "PermissionsBoundaryPolicy", PermissionsBoundaryArn: arn };
