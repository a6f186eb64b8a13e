import type * as Sdk from "@aws-sdk/client-ec2";
import { nextQuery } from "../../network/igmp.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { inState, ownGateway, SHOWN_DELETED_SECONDS } from "./transitGateway.ts";

/** A subnet that takes part in a domain, by an attachment of its VPC. */
export interface MulticastAssociation {
  readonly subnetId: string;
  readonly attachmentId: string;
  /** Of the subnet. */
  readonly account: string;
  readonly state: "pendingAcceptance" | "associating" | "associated" | "disassociating";
}

/** What an interface is in one group. */
export interface MulticastRegistration {
  readonly address: string;
  readonly networkInterfaceId: string;
  readonly member: boolean;
  readonly source: boolean;
}

export interface TransitGatewayMulticastDomain extends ResourceRow {
  readonly gatewayId: string;
  readonly state: Sdk.TransitGatewayMulticastDomainState;
  /** Whether guests join and leave groups by themselves. */
  readonly igmp: Sdk.Igmpv2SupportValue;
  readonly staticSources: Sdk.StaticSourcesSupportValue;
  readonly autoAccept: Sdk.AutoAcceptSharedAssociationsValue;
  readonly associations: readonly MulticastAssociation[];
  readonly registrations: readonly MulticastRegistration[];
}

/** Who lets others use a domain adds itself here: what shares resources between accounts. */
export const domainSharings: ((ctx: Context, domain: TransitGatewayMulticastDomain) => boolean)[] = [];

/** Subnets among which a transit gateway routes multicast, and who sends and gets what there. */
export const transitGatewayMulticastDomains = defineResource({
  type: "transit-gateway-multicast-domain",
  idPrefix: "tgw-mcast-domain",
  notFound: "InvalidTransitGatewayMulticastDomainId.NotFound",
  malformed: "InvalidTransitGatewayMulticastDomainId.Malformed",
  ids: "TransitGatewayMulticastDomainIds",
  view: (
    domain: TransitGatewayMulticastDomain,
    { account, tags, ctx },
  ): Sdk.TransitGatewayMulticastDomain => ({
    TransitGatewayMulticastDomainId: domain.id,
    TransitGatewayMulticastDomainArn: `arn:aws:ec2:${ctx.region}:${account}:transit-gateway-multicast-domain/${domain.id}`,
    TransitGatewayId: domain.gatewayId,
    OwnerId: account,
    Options: {
      Igmpv2Support: domain.igmp,
      StaticSourcesSupport: domain.staticSources,
      AutoAcceptSharedAssociations: domain.autoAccept,
    },
    State: domain.state,
    CreationTime: new Date(domain.created),
    Tags: tags,
  }),
  filters: {
    state: (domain) => domain.State,
    "transit-gateway-id": (domain) => domain.TransitGatewayId,
    "transit-gateway-multicast-domain-id": (domain) => domain.TransitGatewayMulticastDomainId,
  },
  indexes: {
    gateway: ({ gatewayId, state }) => (state === "deleted" ? undefined : gatewayId),
    subnet: ({ associations }) => associations.map(({ subnetId }) => subnetId),
    attachment: ({ associations }) => associations.map(({ attachmentId }) => attachmentId),
  },
  parents: { "transit-gateway": "gateway", subnet: "subnet" },
  shared: (domain, ctx) => domainSharings.some((isShared) => isShared(ctx, domain)),
  transitions: {
    available: (ctx, { id, state }) => {
      if (state === "pending") transitGatewayMulticastDomains.update(ctx, id, { state: "available" });
    },
    query: (ctx, { id, state }) => {
      if (state === "deleted") return;
      ctx.world.network.queryGroups(id, ctx.now);
      awaitQuery(ctx, id);
    },
    associated: (ctx, { id, associations }) =>
      transitGatewayMulticastDomains.update(ctx, id, {
        associations: associations.map((each) =>
          each.state === "associating" ? { ...each, state: "associated" } : each,
        ),
      }),
    disassociated: (ctx, { id, associations }) =>
      transitGatewayMulticastDomains.update(ctx, id, {
        associations: associations.filter(({ state }) => state !== "disassociating"),
      }),
    deleted: (ctx, { id }) => {
      transitGatewayMulticastDomains.update(ctx, id, { state: "deleted", registrations: [] });
      transitGatewayMulticastDomains.later(ctx, id, "forget", SHOWN_DELETED_SECONDS);
    },
    forget: (ctx, { id }) => transitGatewayMulticastDomains.delete(ctx, id),
  },
});

/** Makes the appointment for the next query to the hosts in a domain. */
const awaitQuery = (ctx: Context, id: string): void =>
  transitGatewayMulticastDomains.later(ctx, id, "query", (nextQuery(ctx.now) - ctx.now) / 1000);

/**
 * A domain that is there to be used, by whoever may.
 *
 * @throws {ApiError} InvalidTransitGatewayMulticastDomainId.NotFound, IncorrectState
 */
export function usableDomain(ctx: Context, id: string): TransitGatewayMulticastDomain {
  const domain = transitGatewayMulticastDomains.get(ctx, id);
  if (domain.state === "deleted") {
    throw new ApiError("InvalidTransitGatewayMulticastDomainId.NotFound", id);
  }
  return inState(domain, "available");
}

export const operations = {
  CreateTransitGatewayMulticastDomain: ({ TransitGatewayId, Options = {}, TagSpecifications }, ctx) => {
    const gateway = ownGateway(ctx, TransitGatewayId);
    if (gateway.multicast === "disable") {
      throw new ApiError("InvalidParameterValue", `${gateway.id} does not have multicast support enabled.`);
    }
    if (Options.Igmpv2Support === "enable" && Options.StaticSourcesSupport === "enable") {
      throw new ApiError(
        "InvalidParameterCombination",
        "Igmpv2Support and StaticSourcesSupport cannot both be enabled.",
      );
    }
    const domain = transitGatewayMulticastDomains.create(
      ctx,
      {
        gatewayId: gateway.id,
        state: "pending",
        igmp: Options.Igmpv2Support ?? "disable",
        staticSources: Options.StaticSourcesSupport ?? "disable",
        autoAccept: Options.AutoAcceptSharedAssociations ?? "disable",
        associations: [],
        registrations: [],
      },
      TagSpecifications,
    );
    transitGatewayMulticastDomains.soon(ctx, domain.id, "available", 30);
    if (domain.igmp === "enable") awaitQuery(ctx, domain.id);
    return { TransitGatewayMulticastDomain: transitGatewayMulticastDomains.show(ctx, domain) };
  },

  DeleteTransitGatewayMulticastDomain: ({ TransitGatewayMulticastDomainId }, ctx) => {
    const { id, account, associations } = usableDomain(ctx, TransitGatewayMulticastDomainId);
    if (account !== ctx.account) throw new ApiError("UnauthorizedOperation");
    if (associations.length > 0) throw new ApiError("IncorrectState", `${id} has non-deleted associations.`);
    const domain = transitGatewayMulticastDomains.update(ctx, id, { state: "deleting" });
    transitGatewayMulticastDomains.soon(ctx, id, "deleted", 30);
    return { TransitGatewayMulticastDomain: transitGatewayMulticastDomains.show(ctx, domain) };
  },

  DescribeTransitGatewayMulticastDomains: transitGatewayMulticastDomains.describe(
    "TransitGatewayMulticastDomains",
  ),
} satisfies Handlers;
