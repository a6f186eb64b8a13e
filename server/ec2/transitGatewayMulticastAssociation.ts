import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { subnets } from "./subnet.ts";
import { inState } from "./transitGateway.ts";
import { attachmentTo, transitGatewayAttachments } from "./transitGatewayAttachment.ts";
import {
  transitGatewayMulticastDomains,
  usableDomain,
  type MulticastAssociation,
  type TransitGatewayMulticastDomain,
} from "./transitGatewayMulticastDomain.ts";
import { attachmentUsers } from "./transitGatewayVpcAttachment.ts";

attachmentUsers.push(
  (ctx, attachmentId) => transitGatewayMulticastDomains.count(ctx, "attachment", attachmentId) > 0,
);

const vpcOf = (ctx: Context, attachmentId: string): string | undefined =>
  transitGatewayAttachments.table(ctx).get(attachmentId)?.to.id;

function answer(
  ctx: Context,
  domainId: string,
  attachmentId: string,
  changed: readonly (Omit<MulticastAssociation, "state"> & { readonly state: SubnetState })[],
): { readonly Associations: Sdk.TransitGatewayMulticastDomainAssociations } {
  return {
    Associations: {
      TransitGatewayMulticastDomainId: domainId,
      TransitGatewayAttachmentId: attachmentId,
      ResourceId: vpcOf(ctx, attachmentId),
      ResourceType: "vpc",
      ResourceOwnerId: changed[0]?.account,
      Subnets: changed.map(({ subnetId, state }) => ({ SubnetId: subnetId, State: state })),
    },
  };
}

type SubnetState = NonNullable<Sdk.SubnetAssociation["State"]>;

/** The associations of a domain that a call names, all in one state. */
function named(
  { id, associations }: TransitGatewayMulticastDomain,
  attachmentId: string,
  subnetIds: readonly string[],
  state: MulticastAssociation["state"],
): MulticastAssociation[] {
  return [...new Set(subnetIds)].map((subnetId) => {
    const known = associations.find(
      (each) => each.subnetId === subnetId && each.attachmentId === attachmentId,
    );
    if (!known) throw new ApiError("InvalidTransitGatewayMulticastDomainAssociation.NotFound", id, subnetId);
    if (known.state !== state) throw new ApiError("IncorrectState", `${subnetId} is in invalid state`);
    return known;
  });
}

const without = (
  { associations }: TransitGatewayMulticastDomain,
  gone: readonly MulticastAssociation[],
): MulticastAssociation[] => associations.filter((each) => !gone.includes(each));

interface Decision {
  readonly TransitGatewayMulticastDomainId?: string | undefined;
  readonly TransitGatewayAttachmentId?: string | undefined;
  readonly SubnetIds?: readonly string[] | undefined;
}

/** What waits for the caller, the domain's owner, to decide: the subnets named, or all of the attachment. */
function waiting(ctx: Context, asked: Decision) {
  const { TransitGatewayMulticastDomainId, TransitGatewayAttachmentId: attachmentId, SubnetIds } = asked;
  if (TransitGatewayMulticastDomainId === undefined) {
    throw new ApiError("MissingParameter", "transitGatewayMulticastDomainId");
  }
  if (attachmentId === undefined) throw new ApiError("MissingParameter", "transitGatewayAttachmentId");
  const domain = usableDomain(ctx, TransitGatewayMulticastDomainId);
  if (domain.account !== ctx.account) throw new ApiError("UnauthorizedOperation");
  const all = domain.associations.filter(
    (each) => each.attachmentId === attachmentId && each.state === "pendingAcceptance",
  );
  const ids = SubnetIds ?? all.map(({ subnetId }) => subnetId);
  return { domain, attachmentId, pending: named(domain, attachmentId, ids, "pendingAcceptance") };
}

export const operations = {
  AcceptTransitGatewayMulticastDomainAssociations: (asked, ctx) => {
    const { domain, attachmentId, pending } = waiting(ctx, asked);
    const accepted = pending.map((each) => ({ ...each, state: "associating" as const }));
    transitGatewayMulticastDomains.update(ctx, domain.id, {
      associations: [...without(domain, pending), ...accepted],
    });
    transitGatewayMulticastDomains.soon(ctx, domain.id, "associated", 10);
    return answer(ctx, domain.id, attachmentId, accepted);
  },

  AssociateTransitGatewayMulticastDomain: (
    { TransitGatewayMulticastDomainId, TransitGatewayAttachmentId, SubnetIds },
    ctx,
  ) => {
    const domain = usableDomain(ctx, TransitGatewayMulticastDomainId);
    const attachment = inState(attachmentTo(ctx, TransitGatewayAttachmentId, "vpc"), "available");
    if (attachment.gatewayId !== domain.gatewayId) {
      throw new ApiError("InvalidTransitGatewayAttachmentID.NotFound", attachment.id);
    }
    const rows = subnets.getAll(ctx, SubnetIds);
    for (const { id, vpcId } of rows) {
      if (vpcId !== attachment.to.id) {
        throw new ApiError(
          "InvalidParameterValue",
          `The subnet ID '${id}' does not belong to ${attachment.to.id}.`,
        );
      }
      const [other] = transitGatewayMulticastDomains.by(ctx, "subnet", id);
      if (other) {
        throw new ApiError(
          "Resource.AlreadyAssociated",
          `Subnet ${id} is already associated with Transit Gateway Multicast Domain ${other.id}.`,
        );
      }
    }
    const isOwn = domain.account === ctx.account || domain.autoAccept === "enable";
    const added = rows.map(({ id: subnetId, account }) => ({
      subnetId,
      attachmentId: attachment.id,
      account,
      state: isOwn ? ("associating" as const) : ("pendingAcceptance" as const),
    }));
    transitGatewayMulticastDomains.update(ctx, domain.id, {
      associations: [...domain.associations, ...added],
    });
    if (isOwn) transitGatewayMulticastDomains.soon(ctx, domain.id, "associated", 10);
    return answer(ctx, domain.id, attachment.id, added);
  },

  DisassociateTransitGatewayMulticastDomain: (
    { TransitGatewayMulticastDomainId, TransitGatewayAttachmentId, SubnetIds },
    ctx,
  ) => {
    const domain = usableDomain(ctx, TransitGatewayMulticastDomainId);
    const leaving = named(domain, TransitGatewayAttachmentId, SubnetIds, "associated");
    const gone = leaving.map((each) => ({ ...each, state: "disassociating" as const }));
    transitGatewayMulticastDomains.update(ctx, domain.id, {
      associations: [...without(domain, leaving), ...gone],
    });
    transitGatewayMulticastDomains.soon(ctx, domain.id, "disassociated", 10);
    return answer(ctx, domain.id, TransitGatewayAttachmentId, gone);
  },

  GetTransitGatewayMulticastDomainAssociations: describeList({
    output: "MulticastDomainAssociations",
    filters: {
      "resource-id": (association: Sdk.TransitGatewayMulticastDomainAssociation) => association.ResourceId,
      "resource-type": (association) => association.ResourceType,
      state: (association) => association.Subnet?.State,
      "subnet-id": (association) => association.Subnet?.SubnetId,
      "transit-gateway-attachment-id": (association) => association.TransitGatewayAttachmentId,
    },
    of: (
      { TransitGatewayMulticastDomainId: id = "" }: Sdk.GetTransitGatewayMulticastDomainAssociationsRequest,
      ctx,
    ) =>
      transitGatewayMulticastDomains
        .get(ctx, id)
        .associations.map(({ attachmentId, account, subnetId, state }) => ({
          TransitGatewayAttachmentId: attachmentId,
          ResourceId: vpcOf(ctx, attachmentId),
          ResourceType: "vpc" as const,
          ResourceOwnerId: account,
          Subnet: { SubnetId: subnetId, State: state },
        })),
  }),

  RejectTransitGatewayMulticastDomainAssociations: (asked, ctx) => {
    const { domain, attachmentId, pending } = waiting(ctx, asked);
    transitGatewayMulticastDomains.update(ctx, domain.id, { associations: without(domain, pending) });
    return answer(
      ctx,
      domain.id,
      attachmentId,
      pending.map((each) => ({ ...each, state: "rejected" })),
    );
  },
} satisfies Handlers;
