import type * as Iam from "@aws-sdk/client-iam";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { IamHandlers } from "../kit/handlers.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { bareUrl } from "./openIdKeys.ts";
import { breach, checkArn, checkLength, invalid, missing, pageOf } from "./request.ts";
import { mergeTags, type Tags } from "./tags.ts";

/** An identity provider whose web identities an account's roles may trust. Its id is its ARN. */
export interface OpenIdProvider extends Row {
  /** Without `https://`. */
  readonly url: string;
  /** Audiences that its tokens may be for. */
  readonly clientIds: readonly string[];
  readonly thumbprints: readonly string[];
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly tags: Tags;
}

const table: TableDefinition<OpenIdProvider> = {
  name: "iam-oidc-provider",
  indexes: { account: ({ account }) => account },
};

const WHAT = "OpenIDConnectProvider";
const MAX_URL = 255;
const MAX_CLIENT_ID = 255;
const MOST_CLIENT_IDS = 100;
const MOST_THUMBPRINTS = 5;
const THUMBPRINT = 40;
const MOST_PROVIDERS = 100;

const arnOf = (account: string, url: string): string => `arn:aws:iam::${account}:oidc-provider/${url}`;

/** @param issuer as in tokens */
export const findProvider = (ctx: Context, account: string, issuer: string): OpenIdProvider | undefined =>
  ctx.global.table(table).get(arnOf(account, bareUrl(issuer)));

const findByArn = (ctx: Context, arn: string): OpenIdProvider | undefined => {
  const row = ctx.global.table(table).get(checkArn("openIDConnectProviderArn", arn));
  return row?.account === ctx.account ? row : undefined;
};

/** @throws {ApiError} ValidationError, InvalidInput, NoSuchEntity */
function getProvider(ctx: Context, arn: string): OpenIdProvider {
  const row = findByArn(ctx, arn);
  if (!row) throw missing(`OpenIDConnect Provider not found for arn ${arn}`);
  return row;
}

const update = (ctx: Context, row: OpenIdProvider, fields: Partial<OpenIdProvider>): void =>
  ctx.global.table(table).replace({ ...row, ...fields });

/** @throws {ApiError} ValidationError */
function readUrl(url: string): string {
  checkLength("url", url, 1, MAX_URL);
  const isHttps = /^https:\/\/[^/?#\s@:]+(?:\/[^?#\s]*)?$/.test(url) && URL.canParse(url);
  if (!isHttps) throw invalid("Invalid Open ID Connect Provider URL");
  return bareUrl(url);
}

/** @throws {ApiError} ValidationError, LimitExceeded */
function readClientIds(ids: readonly string[] = []): string[] {
  for (const id of ids) checkLength("clientID", id, 1, MAX_CLIENT_ID);
  const distinct = [...new Set(ids)];
  if (distinct.length > MOST_CLIENT_IDS) {
    throw new ApiError(
      "LimitExceeded",
      `Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: ${MOST_CLIENT_IDS}`,
    );
  }
  return distinct;
}

/** Of certificates that nobody is shown here; they are kept as they are given. */
function readThumbprints(thumbprints: readonly string[] = []): readonly string[] {
  for (const each of thumbprints) {
    checkLength("thumbprintList", each, THUMBPRINT, THUMBPRINT);
    if (/^[0-9a-f]*$/i.test(each)) continue;
    throw breach("thumbprintList", each, "Member must satisfy regular expression pattern: [0-9a-fA-F]*");
  }
  if (thumbprints.length > MOST_THUMBPRINTS) {
    throw new ApiError(
      "InvalidInput",
      `Thumbprint list must contain fewer than ${MOST_THUMBPRINTS} entries.`,
    );
  }
  return thumbprints;
}

const viewTags = (tags: Tags): Iam.Tag[] | undefined => (tags.length > 0 ? [...tags] : undefined);

export const operations = {
  AddClientIDToOpenIDConnectProvider: ({ OpenIDConnectProviderArn, ClientID }, ctx) => {
    const row = getProvider(ctx, OpenIDConnectProviderArn);
    update(ctx, row, { clientIds: readClientIds([...row.clientIds, ClientID]) });
    return {};
  },

  CreateOpenIDConnectProvider: ({ Url, ClientIDList, ThumbprintList, Tags }, ctx) => {
    const url = readUrl(Url);
    const rows = ctx.global.table(table);
    const id = arnOf(ctx.account, url);
    if (rows.get(id)) throw new ApiError("EntityAlreadyExists", `Provider with url ${Url} already exists.`);
    if (rows.count("account", ctx.account) >= MOST_PROVIDERS) {
      throw new ApiError(
        "LimitExceeded",
        `Cannot exceed quota for OpenIdConnectProvidersPerAccount: ${MOST_PROVIDERS}`,
      );
    }
    const tags = mergeTags([], Tags, WHAT);
    rows.insert({
      id,
      seq: ctx.global.nextSeq(),
      account: ctx.account,
      url,
      clientIds: readClientIds(ClientIDList),
      thumbprints: readThumbprints(ThumbprintList),
      created: ctx.now,
      tags,
    });
    return { OpenIDConnectProviderArn: id, Tags: viewTags(tags) };
  },

  /** "This operation is idempotent; it does not fail […] for a provider that does not exist." */
  DeleteOpenIDConnectProvider: ({ OpenIDConnectProviderArn }, ctx) => {
    const row = findByArn(ctx, OpenIDConnectProviderArn);
    if (row) ctx.global.table(table).remove(row.id);
    return {};
  },

  GetOpenIDConnectProvider: ({ OpenIDConnectProviderArn }, ctx) => {
    const { url, clientIds, thumbprints, created, tags } = getProvider(ctx, OpenIDConnectProviderArn);
    return {
      Url: url,
      ClientIDList: [...clientIds],
      ThumbprintList: [...thumbprints],
      CreateDate: new Date(created),
      Tags: viewTags(tags),
    };
  },

  ListOpenIDConnectProviderTags: ({ OpenIDConnectProviderArn, ...page }, ctx) => {
    const row = getProvider(ctx, OpenIDConnectProviderArn);
    const { items, rest } = pageOf(ctx, row.tags, page, ({ Key }) => Key, row.id);
    return { Tags: items, ...rest };
  },

  ListOpenIDConnectProviders: (_input, ctx) => ({
    OpenIDConnectProviderList: ctx.global
      .table(table)
      .by("account", ctx.account)
      .map(({ id }) => ({ Arn: id })),
  }),

  RemoveClientIDFromOpenIDConnectProvider: ({ OpenIDConnectProviderArn, ClientID }, ctx) => {
    const row = getProvider(ctx, OpenIDConnectProviderArn);
    update(ctx, row, { clientIds: row.clientIds.filter((id) => id !== ClientID) });
    return {};
  },

  TagOpenIDConnectProvider: ({ OpenIDConnectProviderArn, Tags }, ctx) => {
    const row = getProvider(ctx, OpenIDConnectProviderArn);
    update(ctx, row, { tags: mergeTags(row.tags, Tags, WHAT) });
    return {};
  },

  UntagOpenIDConnectProvider: ({ OpenIDConnectProviderArn, TagKeys }, ctx) => {
    const row = getProvider(ctx, OpenIDConnectProviderArn);
    const gone = new Set(TagKeys.map((key) => key.toLowerCase()));
    update(ctx, row, { tags: row.tags.filter(({ Key }) => !gone.has(Key.toLowerCase())) });
    return {};
  },

  UpdateOpenIDConnectProviderThumbprint: ({ OpenIDConnectProviderArn, ThumbprintList }, ctx) => {
    const row = getProvider(ctx, OpenIDConnectProviderArn);
    update(ctx, row, { thumbprints: readThumbprints(ThumbprintList) });
    return {};
  },
} satisfies IamHandlers;
