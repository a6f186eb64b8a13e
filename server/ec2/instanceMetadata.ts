import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { present } from "../kit/present.ts";
import { tagsOf } from "../kit/tags.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { instances, type MetadataOptions } from "./instance.ts";
import { viewMetadataOptions } from "./instanceView.ts";
import { checkShowable } from "./metadataTags.ts";

/** What an account wants of its new instances in a region, where their launch does not say. */
interface MetadataDefaults extends Row, Partial<Omit<MetadataOptions, "ipv6">> {
  /** Nothing may be launched that answers without a token. */
  readonly enforced?: Sdk.HttpTokensEnforcedState;
}

const defaults: TableDefinition<MetadataDefaults> = { name: "metadata-defaults" };

const defaultsOf = (ctx: Context): Partial<MetadataDefaults> =>
  ctx.unit.table(defaults).get(ctx.account) ?? {};

function checkHopLimit(limit: number | undefined): void {
  if (limit !== undefined && (limit < 1 || limit > 64)) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${limit}) for parameter httpPutResponseHopLimit is invalid. It must be between 1 and 64.`,
    );
  }
}

const asOptions = (asked: Sdk.InstanceMetadataOptionsRequest): Partial<MetadataOptions> =>
  present({
    tokens: asked.HttpTokens,
    hopLimit: asked.HttpPutResponseHopLimit,
    endpoint: asked.HttpEndpoint,
    ipv6: asked.HttpProtocolIpv6,
    tags: asked.InstanceMetadataTags,
  });

/**
 * The options of a new instance: what the launch says, else what the account wants, else what the image asks for.
 *
 * @param imdsV2 whether the image asks for IMDSv2
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html#instance-metadata-options-order-of-precedence
 */
export function readMetadataOptions(
  ctx: Context,
  asked: Sdk.InstanceMetadataOptionsRequest = {},
  imdsV2: boolean,
  tags: readonly Sdk.Tag[],
): MetadataOptions {
  checkHopLimit(asked.HttpPutResponseHopLimit);
  const account = defaultsOf(ctx);
  const options: MetadataOptions = {
    tokens: account.tokens ?? (imdsV2 ? "required" : "optional"),
    hopLimit: account.hopLimit ?? (imdsV2 ? 2 : 1),
    endpoint: account.endpoint ?? "enabled",
    ipv6: "disabled",
    tags: account.tags ?? "disabled",
    ...asOptions(asked),
  };
  if (account.enforced === "enabled" && options.tokens !== "required") {
    throw new ApiError(
      "UnsupportedOperation",
      "You can't launch instances with IMDSv1 because httpTokensEnforced is enabled for this account. Either launch the instance with httpTokens=required or contact your account owner to disable httpTokensEnforced using the ModifyInstanceMetadataDefaults API or the account settings in the EC2 console.",
    );
  }
  if (options.tags === "enabled") checkShowable(tags);
  return options;
}

/** How long EC2 takes to tell a running instance, in seconds. */
const APPLY_SECONDS = 3;

/** What a default can be set to: a value, or nothing. */
const preference = <T extends string>(asked: T | "no-preference"): T | undefined =>
  asked === "no-preference" ? undefined : asked;

function checkDefaultHopLimit(limit: number | undefined): void {
  if (limit !== -1) checkHopLimit(limit);
}

export const operations = {
  GetInstanceMetadataDefaults: (_, ctx) => {
    const { tokens, hopLimit, endpoint, tags, enforced } = defaultsOf(ctx);
    return {
      AccountLevel: {
        HttpTokens: tokens,
        HttpPutResponseHopLimit: hopLimit,
        HttpEndpoint: endpoint,
        InstanceMetadataTags: tags,
        HttpTokensEnforced: enforced,
        ManagedBy: "account",
      },
    };
  },

  ModifyInstanceMetadataDefaults: (asked, ctx) => {
    checkDefaultHopLimit(asked.HttpPutResponseHopLimit);
    const table = ctx.unit.table(defaults);
    const known = table.get(ctx.account);
    const changed = {
      ...(known ?? { id: ctx.account, seq: ctx.unit.nextSeq(), account: ctx.account }),
      ...(asked.HttpTokens && { tokens: preference(asked.HttpTokens) }),
      ...(asked.HttpPutResponseHopLimit !== undefined && {
        hopLimit: asked.HttpPutResponseHopLimit === -1 ? undefined : asked.HttpPutResponseHopLimit,
      }),
      ...(asked.HttpEndpoint && { endpoint: preference(asked.HttpEndpoint) }),
      ...(asked.InstanceMetadataTags && { tags: preference(asked.InstanceMetadataTags) }),
      ...(asked.HttpTokensEnforced && { enforced: preference(asked.HttpTokensEnforced) }),
    };
    if (known) table.replace(present(changed) as MetadataDefaults);
    else table.insert(present(changed) as MetadataDefaults);
    return { Return: true };
  },

  ModifyInstanceMetadataOptions: ({ InstanceId, ...asked }, ctx) => {
    const { id, state, metadata } = instances.get(ctx, InstanceId);
    checkHopLimit(asked.HttpPutResponseHopLimit);
    const options = asOptions(asked);
    if (Object.keys(options).length === 0) throw new ApiError("MissingParameter", "httpTokens");
    if (state !== "running" && state !== "stopped" && state !== "pending") {
      throw new ApiError(
        "IncorrectInstanceState",
        `The instance '${id}' is not in a state from which its metadata options can be modified.`,
      );
    }
    if (defaultsOf(ctx).enforced === "enabled" && options.tokens === "optional") {
      throw new ApiError(
        "UnsupportedOperation",
        "You can't set httpTokens to optional because httpTokensEnforced is enabled for this account.",
      );
    }
    if (options.tags === "enabled") checkShowable(tagsOf(ctx, id));
    const changed = instances.update(ctx, id, {
      metadata: { ...metadata, ...options },
      metadataApplied: false,
    });
    if (state === "running") instances.soon(ctx, id, "metadata", APPLY_SECONDS);
    return { InstanceId: id, InstanceMetadataOptions: viewMetadataOptions(changed) };
  },
} satisfies Handlers;
