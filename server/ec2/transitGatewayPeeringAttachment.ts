import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { regions } from "./catalogue/regions.ts";
import { checkUnencrypted, inState, ownGateway, transitGateways } from "./transitGateway.ts";
import {
  attachmentTags,
  attachmentTo,
  describeAttachmentsTo,
  transitGatewayAttachments,
  type AttachedGateway,
  type AttachmentTo,
} from "./transitGatewayAttachment.ts";

type Peering = AttachmentTo<"peering">;

/** The gateways at both ends, the requester's first. */
function endsOf(
  ctx: Context,
  { gatewayId, account, to }: Peering,
): readonly [Sdk.PeeringTgwInfo, Sdk.PeeringTgwInfo] {
  const here = { TransitGatewayId: gatewayId, OwnerId: account, Region: ctx.region };
  const there = { TransitGatewayId: to.id, OwnerId: to.account, Region: to.region };
  return to.side === "requester" ? [here, there] : [there, here];
}

function view(ctx: Context, row: Peering): Sdk.TransitGatewayPeeringAttachment {
  const [RequesterTgwInfo, AccepterTgwInfo] = endsOf(ctx, row);
  const { side, attachmentId, dynamicRouting } = row.to;
  return {
    TransitGatewayAttachmentId: row.id,
    AccepterTransitGatewayAttachmentId: side === "accepter" ? row.id : attachmentId,
    RequesterTgwInfo,
    AccepterTgwInfo,
    Options: dynamicRouting && { DynamicRouting: dynamicRouting },
    Status: row.state === "failed" ? { Code: "failed", Message: FAILED } : undefined,
    State: row.state,
    CreationTime: new Date(row.created),
    Tags: attachmentTags(ctx, row),
  };
}

const FAILED = "Failed due to an invalid transit gateway ID or account ID";

const answer = (ctx: Context, id: string) => ({
  TransitGatewayPeeringAttachment: view(ctx, attachmentTo(ctx, id, "peering")),
});

/** Where an end of a peering is at home. */
const at = (ctx: Context, region: string, account: string): Context => ({
  ...(region === ctx.region ? ctx : ctx.elsewhere(region)),
  account,
});

/** Brings both ends into a state from which an event leads on. */
function moveBoth(
  ctx: Context,
  { id, to }: Peering,
  state: Sdk.TransitGatewayAttachmentState,
  event: string,
  seconds: number,
): void {
  const there = at(ctx, to.region, to.account);
  for (const [where, end] of [[ctx, id] as const, [there, to.attachmentId] as const]) {
    const row = transitGatewayAttachments.table(where).get(end);
    if (!row || row.state === "deleted") continue;
    transitGatewayAttachments.update(where, end, { state });
    transitGatewayAttachments.soon(where, end, event, seconds);
  }
}

/**
 * A request that waits for the caller to decide. In one region the ends have two ids, and only the accepter's will do.
 *
 * @throws {ApiError} InvalidParameterValue for the requester's end
 */
function waiting(ctx: Context, id: string, verb: "accept" | "reject"): Peering {
  const row = attachmentTo(ctx, id, "peering");
  if (row.to.side === "requester") {
    throw new ApiError("InvalidParameterValue", `Cannot ${verb} ${id} as the source of the peering request.`);
  }
  return inState(row, "pendingAcceptance");
}

/** @throws {ApiError} InvalidParameterValue for a region that there is not, or what is no account */
function readPeer(region: string, account: string): void {
  if (!regions.has(region)) {
    throw new ApiError("InvalidParameterValue", `Value (${region}) for parameter peerRegion is invalid.`);
  }
  if (!/^\d{12}$/.test(account)) {
    throw new ApiError("InvalidParameterValue", `Value (${account}) for parameter peerAccountId is invalid.`);
  }
}

export const operations = {
  AcceptTransitGatewayPeeringAttachment: ({ TransitGatewayAttachmentId }, ctx) => {
    const row = waiting(ctx, TransitGatewayAttachmentId, "accept");
    checkUnencrypted(transitGateways.table(ctx).get(row.gatewayId), "Peering attachments");
    moveBoth(ctx, row, "pending", "available", 60);
    return answer(ctx, row.id);
  },

  CreateTransitGatewayPeeringAttachment: (
    { TransitGatewayId, PeerTransitGatewayId, PeerAccountId, PeerRegion, Options, TagSpecifications },
    ctx,
  ) => {
    const gateway = ownGateway(ctx, TransitGatewayId);
    checkUnencrypted(gateway, "Peering attachments");
    transitGateways.checkForm(PeerTransitGatewayId);
    readPeer(PeerRegion, PeerAccountId);
    if (PeerTransitGatewayId === gateway.id) {
      throw new ApiError("InvalidParameterValue", `${gateway.id} cannot be peered with itself.`);
    }
    // "Peering attachments support static routing only", save those that Cloud WAN has, within a region.
    if (Options?.DynamicRouting === "enable" && PeerRegion !== ctx.region) {
      throw new ApiError(
        "UnsupportedOperation",
        "Dynamic routing over peering attachments between regions is not supported.",
      );
    }
    const there = at(ctx, PeerRegion, PeerAccountId);
    const peer = transitGateways.table(there).get(PeerTransitGatewayId);
    const possible = peer?.account === PeerAccountId && peer.state === "available";
    const id = transitGatewayAttachments.newId(ctx);
    const peerId = PeerRegion === ctx.region ? transitGatewayAttachments.newId(ctx) : id;
    const asked = { association: undefined, propagations: [] };
    const to: AttachedGateway = {
      type: "peering",
      id: PeerTransitGatewayId,
      account: PeerAccountId,
      region: PeerRegion,
      attachmentId: peerId,
      side: "requester",
      dynamicRouting: Options?.DynamicRouting,
    };
    transitGatewayAttachments.create(
      ctx,
      { ...asked, gatewayId: gateway.id, state: "initiatingRequest", to },
      TagSpecifications,
      id,
    );
    transitGatewayAttachments.soon(ctx, id, possible ? "requested" : "failed", 10);
    if (possible) {
      const back: AttachedGateway = {
        ...to,
        id: gateway.id,
        account: ctx.account,
        region: ctx.region,
        attachmentId: id,
        side: "accepter",
      };
      transitGatewayAttachments.create(
        there,
        { ...asked, gatewayId: peer.id, state: "pendingAcceptance", to: back },
        undefined,
        peerId,
      );
    }
    return answer(ctx, id);
  },

  DeleteTransitGatewayPeeringAttachment: ({ TransitGatewayAttachmentId }, ctx) => {
    const row = attachmentTo(ctx, TransitGatewayAttachmentId, "peering");
    inState(row, "available", "pendingAcceptance", "rejected", "failed");
    moveBoth(ctx, row, "deleting", "deleted", 60);
    return answer(ctx, row.id);
  },

  DescribeTransitGatewayPeeringAttachments: describeAttachmentsTo(
    "peering",
    "TransitGatewayPeeringAttachments",
    view,
    {
      "local-owner-id": (_peering, { account }) => account,
      "remote-owner-id": (_peering, { to }) => to.account,
      state: (peering) => peering.State,
      "transit-gateway-attachment-id": (peering) => peering.TransitGatewayAttachmentId,
      "transit-gateway-id": (peering) => [
        peering.RequesterTgwInfo?.TransitGatewayId,
        peering.AccepterTgwInfo?.TransitGatewayId,
      ],
    },
  ),

  RejectTransitGatewayPeeringAttachment: ({ TransitGatewayAttachmentId }, ctx) => {
    const row = waiting(ctx, TransitGatewayAttachmentId, "reject");
    moveBoth(ctx, row, "rejecting", "rejected", 10);
    return answer(ctx, row.id);
  },
} satisfies Handlers;
