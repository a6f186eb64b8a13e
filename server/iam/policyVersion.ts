import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { IamHandlers } from "../kit/handlers.ts";
import {
  checkManaged,
  getOwnPolicy,
  getPolicy,
  policies,
  viewVersion,
  type PolicyVersion,
} from "./managedPolicy.ts";
import { invalid, missing, pageOf } from "./request.ts";

const MOST_VERSIONS = 5;

/** @throws {ApiError} NoSuchEntity */
function versionOf(
  { arn, versions }: { readonly arn: string; readonly versions: readonly PolicyVersion[] },
  id: string,
): PolicyVersion {
  if (!/^v[1-9]\d*(?:\.[\w-]*)?$/.test(id)) {
    throw invalid(
      "The specified value for versionId is invalid. It must be of the form v followed by a number.",
    );
  }
  const version = versions.find(({ number }) => `v${number}` === id);
  if (!version) throw missing(`Policy ${arn} version ${id} does not exist or is not attachable.`);
  return version;
}

/** One of the caller's own policies and one of its versions. */
function getOwnVersion(ctx: Context, arn: string, id: string) {
  const row = getOwnPolicy(ctx, arn);
  return { row, version: versionOf({ arn, versions: row.versions }, id) };
}

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html */
export const operations = {
  CreatePolicyVersion: ({ PolicyArn, PolicyDocument, SetAsDefault = false }, ctx) => {
    const row = getOwnPolicy(ctx, PolicyArn);
    checkManaged(PolicyDocument);
    if (row.versions.length >= MOST_VERSIONS) {
      throw new ApiError(
        "LimitExceeded",
        `A managed policy can have up to ${MOST_VERSIONS} versions. Before you create a new version, you must delete an existing version.`,
      );
    }
    const version = { number: row.lastVersion + 1, document: PolicyDocument, created: ctx.now };
    const { defaultVersion } = policies.update(ctx, row, {
      versions: [...row.versions, version],
      lastVersion: version.number,
      defaultVersion: SetAsDefault ? version.number : row.defaultVersion,
      updated: ctx.now,
    });
    const { Document: _document, ...view } = viewVersion(version, defaultVersion);
    return { PolicyVersion: view };
  },

  DeletePolicyVersion: ({ PolicyArn, VersionId }, ctx) => {
    const { row, version } = getOwnVersion(ctx, PolicyArn, VersionId);
    if (version.number === row.defaultVersion) {
      throw new ApiError("DeleteConflict", "Cannot delete the default version of a policy.");
    }
    policies.update(ctx, row, { versions: row.versions.filter((each) => each !== version) });
    return {};
  },

  GetPolicyVersion: ({ PolicyArn, VersionId }, ctx) => {
    const policy = getPolicy(ctx, PolicyArn);
    return { PolicyVersion: viewVersion(versionOf(policy, VersionId), policy.defaultVersion) };
  },

  ListPolicyVersions: ({ PolicyArn, ...page }, ctx) => {
    const { id, versions, defaultVersion } = getPolicy(ctx, PolicyArn);
    // The newest first.
    const key = ({ number }: PolicyVersion): string => String(1e9 - number);
    const { items, rest } = pageOf(ctx, versions, page, key, id);
    const views = items.map((version) => {
      const { Document: _document, ...view } = viewVersion(version, defaultVersion);
      return view;
    });
    return { Versions: views, ...rest };
  },

  SetDefaultPolicyVersion: ({ PolicyArn, VersionId }, ctx) => {
    const { row, version } = getOwnVersion(ctx, PolicyArn, VersionId);
    policies.update(ctx, row, { defaultVersion: version.number, updated: ctx.now });
    return {};
  },
} satisfies IamHandlers;
