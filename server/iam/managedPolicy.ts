import type * as Iam from "@aws-sdk/client-iam";
import { createHash } from "node:crypto";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { IamHandlers } from "../kit/handlers.ts";
import { awsPolicies } from "./awsPolicies.ts";
import { Entities } from "./entity.ts";
import { checkIdentityPolicy } from "./policy/document.ts";
import { checkArn, checkDocument, checkLength, encodeDocument, missing, sizeOf } from "./request.ts";
import { mergeTags, tagging, type TaggedRow, type Tags } from "./tags.ts";

export interface PolicyVersion {
  /** 2 of `v2` */
  readonly number: number;
  readonly document: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
}

export interface PolicyRow extends TaggedRow {
  readonly description: string | undefined;
  /** In order of creation. */
  readonly versions: readonly PolicyVersion[];
  readonly defaultVersion: number;
  /** Numbers are never used again. */
  readonly lastVersion: number;
  /** When it last got another default version, or a new one: milliseconds since the epoch. */
  readonly updated: number;
}

/** One of the account's own, or one of AWS's. */
export interface ManagedPolicy extends Omit<PolicyRow, "seq" | "account" | "lastVersion"> {
  readonly arn: string;
  /** Absent for AWS's, which nobody can change. */
  readonly row?: PolicyRow;
}

export const policies = new Entities<PolicyRow>({
  type: "policy",
  idPrefix: "ANPA",
  member: "policyName",
  longest: 128,
  missing: (name) => `Policy ${name} was not found.`,
  taken: (name) => `A policy called ${name} already exists. Duplicate names are not allowed.`,
});

const tags = tagging(policies, "Policy");

/** In characters that are no white space. */
const MOST = 6144;
const MAX_DESCRIPTION = 1000;

/** When AWS made most of its policies. */
const AWS_CREATED = Date.parse("2015-02-06T18:40:00Z");
const NO_TAGS: Tags = [];

const ofAws: ReadonlyMap<string, ManagedPolicy> = new Map(
  Array.from(awsPolicies, ([arn, { name, path, description, document }]) => [
    arn,
    {
      id: `ANPAI${createHash("sha256").update(arn).digest("hex").slice(0, 16).toUpperCase()}`,
      name,
      path,
      description,
      arn,
      created: AWS_CREATED,
      updated: AWS_CREATED,
      versions: [{ number: 1, document, created: AWS_CREATED }],
      defaultVersion: 1,
      tags: NO_TAGS,
    },
  ]),
);

const ofRow = (row: PolicyRow): ManagedPolicy => ({ ...row, arn: policies.arnOf(row), row });

/** The caller's, or AWS's, if there is one of that ARN. */
export function findPolicy(ctx: Context, arn: string): ManagedPolicy | undefined {
  const known = ofAws.get(arn);
  if (known) return known;
  const row = policies.findByArn(ctx, arn);
  return row?.account === ctx.account ? ofRow(row) : undefined;
}

/** @throws {ApiError} ValidationError, InvalidInput, NoSuchEntity */
export function getPolicy(ctx: Context, arn: string): ManagedPolicy {
  const policy = findPolicy(ctx, checkArn("policyArn", arn));
  if (!policy) throw missing(`Policy ${arn} was not found.`);
  return policy;
}

/** One that the caller may change. @throws {ApiError} ValidationError, InvalidInput, NoSuchEntity, AccessDenied */
export function getOwnPolicy(ctx: Context, arn: string): PolicyRow {
  const { row } = getPolicy(ctx, arn);
  if (row) return row;
  throw new ApiError(
    "AccessDenied",
    `User: ${ctx.caller.arn} is not authorized to perform: iam:${ctx.operation} on resource: policy ${arn}`,
  );
}

export const allPolicies = (ctx: Context): ManagedPolicy[] => [
  ...ofAws.values(),
  ...policies.own(ctx).map(ofRow),
];

/** What the policy says now. */
export const documentOf = ({ versions, defaultVersion }: ManagedPolicy | PolicyRow): string =>
  versions.find(({ number }) => number === defaultVersion)?.document ?? "";

export const viewVersion = (
  { number, document, created }: PolicyVersion,
  defaultVersion: number,
): Iam.PolicyVersion => ({
  Document: encodeDocument(document),
  VersionId: `v${number}`,
  IsDefaultVersion: number === defaultVersion,
  CreateDate: new Date(created),
});

/** @param use how many it is attached to, and how many it limits */
export const viewPolicy = (
  policy: ManagedPolicy,
  use: { readonly attached: number; readonly boundaries: number },
): Iam.Policy => ({
  PolicyName: policy.name,
  PolicyId: policy.id,
  Arn: policy.arn,
  Path: policy.path,
  DefaultVersionId: `v${policy.defaultVersion}`,
  AttachmentCount: use.attached,
  PermissionsBoundaryUsageCount: use.boundaries,
  IsAttachable: true,
  CreateDate: new Date(policy.created),
  UpdateDate: new Date(policy.updated),
});

/** @throws {ApiError} ValidationError, MalformedPolicyDocument, LimitExceeded */
export function checkManaged(document: string): void {
  checkDocument("policyDocument", document);
  checkIdentityPolicy(document, true);
  if (sizeOf(document) > MOST) {
    throw new ApiError("LimitExceeded", `Cannot exceed quota for PolicySize: ${MOST}`);
  }
}

export const operations = {
  CreatePolicy: ({ PolicyName, Path = "/", PolicyDocument, Description, Tags }, ctx) => {
    checkManaged(PolicyDocument);
    checkLength("description", Description ?? "", 0, MAX_DESCRIPTION);
    const row = policies.create(ctx, {
      name: PolicyName,
      path: Path,
      description: Description,
      versions: [{ number: 1, document: PolicyDocument, created: ctx.now }],
      defaultVersion: 1,
      lastVersion: 1,
      updated: ctx.now,
      tags: mergeTags([], Tags, "Policy"),
    });
    const view = viewPolicy(ofRow(row), { attached: 0, boundaries: 0 });
    return { Policy: row.tags.length > 0 ? { ...view, Tags: [...row.tags] } : view };
  },

  ListPolicyTags: ({ PolicyArn, ...page }, ctx) => {
    const policy = getPolicy(ctx, PolicyArn);
    return policy.row ? tags.list(ctx, policy.row, page) : { Tags: [], IsTruncated: false };
  },

  TagPolicy: ({ PolicyArn, Tags }, ctx) => {
    tags.put(ctx, getOwnPolicy(ctx, PolicyArn), Tags);
    return {};
  },

  UntagPolicy: ({ PolicyArn, TagKeys }, ctx) => {
    tags.remove(ctx, getOwnPolicy(ctx, PolicyArn), TagKeys);
    return {};
  },
} satisfies IamHandlers;
