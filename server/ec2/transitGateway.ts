import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";

/** What of a gateway is turned on and off. */
export interface TransitGatewaySwitches {
  readonly autoAccept: Sdk.AutoAcceptSharedAttachmentsValue;
  readonly defaultAssociation: Sdk.DefaultRouteTableAssociationValue;
  readonly defaultPropagation: Sdk.DefaultRouteTablePropagationValue;
  readonly vpnEcmp: Sdk.VpnEcmpSupportValue;
  readonly dns: Sdk.DnsSupportValue;
  readonly groupReferencing: Sdk.SecurityGroupReferencingSupportValue;
  readonly multicast: Sdk.MulticastSupportValue;
}

export interface TransitGateway extends ResourceRow, TransitGatewaySwitches {
  readonly state: Sdk.TransitGatewayState;
  readonly description: string;
  readonly asn: number;
  /** Blocks that Connect peers take the gateway's addresses from. */
  readonly cidrs: readonly string[];
  /** The table that new attachments are associated with, and the one that they propagate their routes to. */
  readonly associationTable: string | undefined;
  readonly propagationTable: string | undefined;
  /** Whether it encrypts what passes between VPCs. */
  readonly encryption: Sdk.EncryptionStateValue;
}

/** How long what was deleted is still shown, in seconds: EC2 does not say. */
export const SHOWN_DELETED_SECONDS = 3600;

/** Who lets others use a gateway adds itself here: what shares resources between accounts. */
export const sharings: ((ctx: Context, gateway: TransitGateway) => boolean)[] = [];

/** A router between VPCs and other networks of a region. */
export const transitGateways = defineResource({
  type: "transit-gateway",
  idPrefix: "tgw",
  notFound: "InvalidTransitGatewayID.NotFound",
  malformed: "InvalidTransitGatewayID.Malformed",
  ids: "TransitGatewayIds",
  view: (gateway: TransitGateway, { account, tags, ctx }): Sdk.TransitGateway => ({
    TransitGatewayId: gateway.id,
    TransitGatewayArn: `arn:aws:ec2:${ctx.region}:${account}:transit-gateway/${gateway.id}`,
    OwnerId: account,
    State: gateway.state,
    Description: gateway.description,
    CreationTime: new Date(gateway.created),
    Options: {
      AmazonSideAsn: gateway.asn,
      TransitGatewayCidrBlocks: [...gateway.cidrs],
      AutoAcceptSharedAttachments: gateway.autoAccept,
      DefaultRouteTableAssociation: gateway.defaultAssociation,
      AssociationDefaultRouteTableId: gateway.associationTable,
      DefaultRouteTablePropagation: gateway.defaultPropagation,
      PropagationDefaultRouteTableId: gateway.propagationTable,
      VpnEcmpSupport: gateway.vpnEcmp,
      DnsSupport: gateway.dns,
      SecurityGroupReferencingSupport: gateway.groupReferencing,
      MulticastSupport: gateway.multicast,
      EncryptionSupport: { EncryptionState: gateway.encryption },
    },
    Tags: tags,
  }),
  filters: {
    "options.amazon-side-asn": (gateway) => gateway.Options?.AmazonSideAsn,
    "options.association-default-route-table-id": (gateway) =>
      gateway.Options?.AssociationDefaultRouteTableId,
    "options.auto-accept-shared-attachments": (gateway) => gateway.Options?.AutoAcceptSharedAttachments,
    "options.default-route-table-association": (gateway) => gateway.Options?.DefaultRouteTableAssociation,
    "options.default-route-table-propagation": (gateway) => gateway.Options?.DefaultRouteTablePropagation,
    "options.dns-support": (gateway) => gateway.Options?.DnsSupport,
    "options.propagation-default-route-table-id": (gateway) =>
      gateway.Options?.PropagationDefaultRouteTableId,
    "options.vpn-ecmp-support": (gateway) => gateway.Options?.VpnEcmpSupport,
    "owner-id": (gateway) => gateway.OwnerId,
    state: (gateway) => gateway.State,
    "transit-gateway-id": (gateway) => gateway.TransitGatewayId,
  },
  shared: (gateway, ctx) => sharings.some((isShared) => isShared(ctx, gateway)),
  quotas: [
    {
      code: "L-A2478D36",
      name: "Transit gateways per account",
      usual: 5,
      error: () => new ApiError("TransitGatewayLimitExceeded"),
    },
  ],
  transitions: {
    available: (ctx, { id, state }) => {
      if (state === "pending" || state === "modifying")
        transitGateways.update(ctx, id, { state: "available" });
    },
    encrypted: (ctx, { id, encryption }) => {
      if (encryption === "enabling") transitGateways.update(ctx, id, { encryption: "enabled" });
      else if (encryption === "disabling") transitGateways.update(ctx, id, { encryption: "disabled" });
    },
    deleted: (ctx, { id }) => {
      transitGateways.deleteParts(ctx, id);
      transitGateways.update(ctx, id, {
        state: "deleted",
        associationTable: undefined,
        propagationTable: undefined,
      });
      transitGateways.later(ctx, id, "forget", SHOWN_DELETED_SECONDS);
    },
    forget: (ctx, { id }) => transitGateways.delete(ctx, id),
  },
});

/** @throws {ApiError} IncorrectState for one that is in no state to be worked with */
export function inState<R extends { readonly id: string; readonly state: string }>(
  row: R,
  ...states: readonly R["state"][]
): R {
  if (!states.includes(row.state)) throw new ApiError("IncorrectState", `${row.id} is in invalid state`);
  return row;
}

/**
 * A gateway that is there to be used, by whoever may.
 *
 * @throws {ApiError} InvalidTransitGatewayID.NotFound, IncorrectState
 */
export function usableGateway(ctx: Context, id: string): TransitGateway {
  const gateway = transitGateways.get(ctx, id);
  if (gateway.state === "deleted") throw new ApiError("InvalidTransitGatewayID.NotFound", id);
  return inState(gateway, "available", "modifying");
}

/** As `usableGateway`, for what only its owner may do. */
export function ownGateway(ctx: Context, id: string): TransitGateway {
  const gateway = usableGateway(ctx, id);
  if (gateway.account !== ctx.account) throw new ApiError("UnauthorizedOperation");
  return gateway;
}

/**
 * Makes sure that a gateway may get what does not go together with encryption.
 *
 * @param what as the error names it: "Connect attachments"
 * @throws {ApiError} UnsupportedOperation for one that encrypts, is going to, or has not stopped to yet
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-encryption-support.html
 */
export function checkUnencrypted(gateway: TransitGateway | undefined, what: string): void {
  if (!gateway || gateway.encryption === "disabled") return;
  throw new ApiError(
    "UnsupportedOperation",
    `${what} are not supported with the encryption support of ${gateway.id}.`,
  );
}

export const operations = {
  DescribeTransitGateways: transitGateways.describe("TransitGateways"),
} satisfies Handlers;
