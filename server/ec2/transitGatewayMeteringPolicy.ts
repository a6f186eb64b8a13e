import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { inState, ownGateway, SHOWN_DELETED_SECONDS } from "./transitGateway.ts";
import { attachmentAt } from "./transitGatewayAttachment.ts";

/** Who pays for some of the packets of a gateway. */
export interface MeteringEntry {
  readonly number: number;
  readonly payer: Sdk.TransitGatewayMeteringPayerType;
  /** What is not there matches all. */
  readonly rule: Sdk.TransitGatewayMeteringPolicyRule;
  /** Milliseconds since the epoch. */
  readonly updated: number;
}

export interface TransitGatewayMeteringPolicy extends ResourceRow {
  readonly gatewayId: string;
  readonly state: Sdk.TransitGatewayMeteringPolicyState;
  readonly middleboxIds: readonly string[];
  /** When it was last changed: milliseconds since the epoch. */
  readonly updated: number;
  /** In the order in which they count. */
  readonly entries: readonly MeteringEntry[];
}

const HOUR = 3_600_000;

/** When a change counts for billing, which takes two billing hours: at the beginning of one. */
export const effectiveAt = (changed: number): Date => new Date((Math.floor(changed / HOUR) + 2) * HOUR);

/** Who is charged for which packets of a transit gateway: where no entry says otherwise, who sends them. */
export const transitGatewayMeteringPolicies = defineResource({
  type: "transit-gateway-metering-policy",
  idPrefix: "tgw-mp",
  notFound: "InvalidTransitGatewayMeteringPolicyId.NotFound",
  malformed: "InvalidTransitGatewayMeteringPolicyId.Malformed",
  ids: "TransitGatewayMeteringPolicyIds",
  view: (policy: TransitGatewayMeteringPolicy, { tags }): Sdk.TransitGatewayMeteringPolicy => ({
    TransitGatewayMeteringPolicyId: policy.id,
    TransitGatewayId: policy.gatewayId,
    MiddleboxAttachmentIds: [...policy.middleboxIds],
    State: policy.state,
    UpdateEffectiveAt: effectiveAt(policy.updated),
    Tags: tags,
  }),
  filters: {},
  indexes: { gateway: ({ gatewayId }) => gatewayId },
  parents: { "transit-gateway": "gateway" },
  partOf: () => true,
  transitions: {
    available: (ctx, { id, state }) => {
      if (state === "pending") transitGatewayMeteringPolicies.update(ctx, id, { state: "available" });
    },
    deleted: (ctx, { id }) => {
      transitGatewayMeteringPolicies.update(ctx, id, { state: "deleted", entries: [] });
      transitGatewayMeteringPolicies.later(ctx, id, "forget", SHOWN_DELETED_SECONDS);
    },
    forget: (ctx, { id }) => transitGatewayMeteringPolicies.delete(ctx, id),
  },
});

/**
 * A policy that is there, whatever its state.
 *
 * @throws {ApiError} InvalidTransitGatewayMeteringPolicyId.NotFound
 */
export function presentMeteringPolicy(ctx: Context, id: string): TransitGatewayMeteringPolicy {
  const policy = transitGatewayMeteringPolicies.get(ctx, id);
  if (policy.state === "deleted") throw new ApiError("InvalidTransitGatewayMeteringPolicyId.NotFound", id);
  return policy;
}

/** As `presentMeteringPolicy`, for one that can be worked with. @throws {ApiError} IncorrectState */
export const usableMeteringPolicy = (ctx: Context, id: string): TransitGatewayMeteringPolicy =>
  inState(presentMeteringPolicy(ctx, id), "available");

const MOST_MIDDLEBOXES = 10;

/**
 * Attachments behind which packets are looked at and sent on, those that a policy has and more.
 *
 * @throws {ApiError} InvalidParameterValue for one that cannot be such, or one too many
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/metering-policy-middlebox.html
 */
function withMiddleboxes(
  ctx: Context,
  gatewayId: string,
  has: readonly string[],
  added: readonly string[],
): string[] {
  for (const id of added) {
    const { to } = attachmentAt(ctx, gatewayId, id);
    if (to.type === "peering" || to.type === "connect") {
      throw new ApiError(
        "InvalidParameterValue",
        `${id} of type ${to.type} cannot be a middlebox attachment.`,
      );
    }
  }
  const ids = [...new Set([...has, ...added])];
  if (ids.length > MOST_MIDDLEBOXES) {
    throw new ApiError(
      "InvalidParameterValue",
      `A metering policy can have at most ${MOST_MIDDLEBOXES} middlebox attachments.`,
    );
  }
  return ids;
}

const answer = (ctx: Context, policy: TransitGatewayMeteringPolicy) => ({
  TransitGatewayMeteringPolicy: transitGatewayMeteringPolicies.show(ctx, policy),
});

export const operations = {
  CreateTransitGatewayMeteringPolicy: (
    { TransitGatewayId, MiddleboxAttachmentIds = [], TagSpecifications },
    ctx,
  ) => {
    const { id: gatewayId } = ownGateway(ctx, TransitGatewayId);
    const policy = transitGatewayMeteringPolicies.create(
      ctx,
      {
        gatewayId,
        state: "pending",
        middleboxIds: withMiddleboxes(ctx, gatewayId, [], MiddleboxAttachmentIds),
        updated: ctx.now,
        entries: [],
      },
      TagSpecifications,
    );
    transitGatewayMeteringPolicies.soon(ctx, policy.id, "available", 30);
    return answer(ctx, policy);
  },

  DeleteTransitGatewayMeteringPolicy: ({ TransitGatewayMeteringPolicyId }, ctx) => {
    const { id } = usableMeteringPolicy(ctx, TransitGatewayMeteringPolicyId);
    transitGatewayMeteringPolicies.soon(ctx, id, "deleted", 30);
    return answer(
      ctx,
      transitGatewayMeteringPolicies.update(ctx, id, { state: "deleting", updated: ctx.now }),
    );
  },

  DescribeTransitGatewayMeteringPolicies: transitGatewayMeteringPolicies.describe(
    "TransitGatewayMeteringPolicies",
  ),

  ModifyTransitGatewayMeteringPolicy: (
    { TransitGatewayMeteringPolicyId, AddMiddleboxAttachmentIds = [], RemoveMiddleboxAttachmentIds = [] },
    ctx,
  ) => {
    const { id, gatewayId, middleboxIds } = usableMeteringPolicy(ctx, TransitGatewayMeteringPolicyId);
    const missing = RemoveMiddleboxAttachmentIds.find((each) => !middleboxIds.includes(each));
    if (missing !== undefined) {
      throw new ApiError("InvalidParameterValue", `${missing} is no middlebox attachment of ${id}.`);
    }
    const kept = middleboxIds.filter((each) => !RemoveMiddleboxAttachmentIds.includes(each));
    return answer(
      ctx,
      transitGatewayMeteringPolicies.update(ctx, id, {
        middleboxIds: withMiddleboxes(ctx, gatewayId, kept, AddMiddleboxAttachmentIds),
        updated: ctx.now,
      }),
    );
  },
} satisfies Handlers;
