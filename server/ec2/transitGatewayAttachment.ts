import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { compileFilters, type Filters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import type { DescribeList } from "../kit/list.ts";
import { takePage } from "../kit/pages.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { tagsOf } from "../kit/tags.ts";
import { inState, SHOWN_DELETED_SECONDS, transitGateways, type TransitGateway } from "./transitGateway.ts";
import { unplug } from "./transitGatewayInterface.ts";

/** A VPC, by a subnet in each of some zones. */
export interface AttachedVpc {
  readonly type: "vpc";
  /** `vpc-…` */
  readonly id: string;
  readonly account: string;
  readonly subnetIds: readonly string[];
  readonly dns: Sdk.DnsSupportValue;
  readonly groupReferencing: Sdk.SecurityGroupReferencingSupportValue;
  readonly ipv6: Sdk.Ipv6SupportValue;
  readonly applianceMode: Sdk.ApplianceModeSupportValue;
}

/** Another transit gateway, which has a row of its own for its end, in its own region. */
export interface AttachedGateway {
  readonly type: "peering";
  /** `tgw-…` */
  readonly id: string;
  readonly account: string;
  readonly region: string;
  /** Of the other end: the same id, if it is in another region. */
  readonly attachmentId: string;
  readonly side: "requester" | "accepter";
  readonly dynamicRouting: Sdk.DynamicRoutingValue | undefined;
}

/** GRE tunnels to appliances, by way of another attachment. */
export interface AttachedTunnels {
  readonly type: "connect";
  /** Of the attachment that carries them: `tgw-attach-…` */
  readonly id: string;
  readonly account: string;
  readonly protocol: Sdk.ProtocolValue;
}

/** A VPN connection. */
export interface AttachedVpn {
  readonly type: "vpn";
  /** `vpn-…` */
  readonly id: string;
  readonly account: string;
}

/** A VPN concentrator, which has many VPN connections. */
export interface AttachedConcentrator {
  readonly type: "vpn-concentrator";
  /** `vcn-…` */
  readonly id: string;
  readonly account: string;
}

/** A Direct Connect gateway, which has a customer's dedicated line. */
export interface AttachedLine {
  readonly type: "direct-connect-gateway";
  /** A UUID, as Direct Connect has it. */
  readonly id: string;
  readonly account: string;
}

/** A Client VPN endpoint, with all its clients. */
export interface AttachedClients {
  readonly type: "client-vpn";
  /** `cvpn-endpoint-…` */
  readonly id: string;
  readonly account: string;
}

/** What a gateway can be attached to. */
export type Attached =
  | AttachedVpc
  | AttachedGateway
  | AttachedTunnels
  | AttachedVpn
  | AttachedConcentrator
  | AttachedLine
  | AttachedClients;

type Of<Type extends Attached["type"]> = Extract<Attached, { readonly type: Type }>;

/** Two IPv4 blocks whose addresses stand for each other. */
export interface NatRule {
  readonly number: number;
  /** As the network behind the attachment has them, and as all others see them. */
  readonly inside: string;
  readonly outside: string;
}

/** How addresses behind an attachment are translated. */
export interface NatConfiguration {
  readonly state: Sdk.TransitGatewayAttachmentNatGatewaySupportState;
  /** Whether the rules have only just been written. */
  readonly pending: boolean;
  /** In the order in which they count. */
  readonly rules: readonly NatRule[];
  /** Whether tables learn the translated blocks, where that can be chosen. */
  readonly systemRoutes?: Sdk.TransitGatewayAttachmentNatSystemRouteSupportValue;
}

export interface TransitGatewayAttachment extends ResourceRow {
  readonly gatewayId: string;
  readonly state: Sdk.TransitGatewayAttachmentState;
  readonly to: Attached;
  /** The table that packets go on by which come in by the attachment: a route table, or a policy table. */
  readonly association:
    | { readonly tableId: string; readonly state: "associating" | "associated" | "disassociating" }
    | undefined;
  /** The tables that learn from it what it leads to. */
  readonly propagations: readonly string[];
  /** Absent where nothing was ever said of it. */
  readonly nat?: NatConfiguration;
}

/** An attachment to one kind of thing. */
export type AttachmentTo<Type extends Attached["type"]> = TransitGatewayAttachment & {
  readonly to: Of<Type>;
};

const isGone = ({ state }: TransitGatewayAttachment): boolean =>
  state === "deleted" || state === "rejected" || state === "failed";

export const isPolicyTableId = (id: string): boolean => id.startsWith("tgw-ptb-");

/** Whether packets pass. */
export const isLive = ({ state }: TransitGatewayAttachment): boolean =>
  state === "available" || state === "modifying";

/** The rules by which addresses are translated now. */
export const translations = ({ nat }: TransitGatewayAttachment): readonly NatRule[] =>
  nat?.state === "enabled" ? nat.rules : [];

/** What a transit gateway is connected with. */
export const transitGatewayAttachments = defineResource({
  type: "transit-gateway-attachment",
  idPrefix: "tgw-attach",
  notFound: "InvalidTransitGatewayAttachmentID.NotFound",
  malformed: "InvalidTransitGatewayAttachmentID.Malformed",
  ids: "TransitGatewayAttachmentIds",
  view: (row: TransitGatewayAttachment, { tags, ctx }): Sdk.TransitGatewayAttachment => ({
    TransitGatewayAttachmentId: row.id,
    TransitGatewayId: row.gatewayId,
    TransitGatewayOwnerId: transitGateways.table(ctx).get(row.gatewayId)?.account,
    ResourceType: row.to.type,
    ResourceId: row.to.id,
    ResourceOwnerId: row.to.account,
    State: row.state,
    // Policy tables have no place in what EC2 shows here.
    Association:
      row.association && !isPolicyTableId(row.association.tableId)
        ? { TransitGatewayRouteTableId: row.association.tableId, State: row.association.state }
        : undefined,
    CreationTime: new Date(row.created),
    Tags: tags,
  }),
  filters: {
    "association.state": (attachment) => attachment.Association?.State,
    "association.transit-gateway-route-table-id": (attachment) =>
      attachment.Association?.TransitGatewayRouteTableId,
    "resource-id": (attachment) => attachment.ResourceId,
    "resource-owner-id": (attachment) => attachment.ResourceOwnerId,
    "resource-type": (attachment) => attachment.ResourceType,
    state: (attachment) => attachment.State,
    "transit-gateway-attachment-id": (attachment) => attachment.TransitGatewayAttachmentId,
    "transit-gateway-id": (attachment) => attachment.TransitGatewayId,
    "transit-gateway-owner-id": (attachment) => attachment.TransitGatewayOwnerId,
  },
  indexes: {
    gateway: (row) => (isGone(row) ? undefined : row.gatewayId),
    resource: (row) => (isGone(row) ? undefined : row.to.id),
    association: ({ association }) => association?.tableId,
    propagation: ({ propagations }) => propagations,
  },
  parents: {
    "transit-gateway": "gateway",
    vpc: "resource",
    "transit-gateway-route-table": "association",
    "transit-gateway-policy-table": "association",
  },
  shared: (row, ctx) => transitGateways.table(ctx).get(row.gatewayId)?.account === ctx.account,
  transitions: {
    available: (ctx, row) => {
      if (row.state === "pending") join(ctx, row);
      else if (row.state === "modifying")
        transitGatewayAttachments.update(ctx, row.id, { state: "available" });
    },
    associated: (ctx, { id, association }) => {
      if (association?.state !== "associating") return;
      transitGatewayAttachments.update(ctx, id, { association: { ...association, state: "associated" } });
    },
    disassociated: (ctx, { id, association }) => {
      if (association?.state === "disassociating") {
        transitGatewayAttachments.update(ctx, id, { association: undefined });
      }
    },
    deleted: (ctx, { id }) => {
      unplug(ctx, id);
      transitGatewayAttachments.deleteParts(ctx, id);
      transitGatewayAttachments.update(ctx, id, {
        state: "deleted",
        association: undefined,
        propagations: [],
      });
      transitGatewayAttachments.later(ctx, id, "forget", SHOWN_DELETED_SECONDS);
    },
    requested: (ctx, { id, state }) => {
      if (state === "initiatingRequest") {
        transitGatewayAttachments.update(ctx, id, { state: "pendingAcceptance" });
      }
    },
    failed: (ctx, { id }) => {
      transitGatewayAttachments.update(ctx, id, { state: "failed" });
      transitGatewayAttachments.later(ctx, id, "forget", SHOWN_DELETED_SECONDS);
    },
    rejected: (ctx, { id }) => {
      transitGatewayAttachments.update(ctx, id, { state: "rejected" });
      transitGatewayAttachments.later(ctx, id, "forget", SHOWN_DELETED_SECONDS);
    },
    translated: (ctx, { id, nat }) => {
      if (!nat) return;
      const state = nat.state === "enabled" || nat.state === "enabling" ? "enabled" : "disabled";
      transitGatewayAttachments.update(ctx, id, { nat: { ...nat, state, pending: false } });
    },
    forget: (ctx, { id }) => transitGatewayAttachments.delete(ctx, id),
  },
});

/** The first thing that happens to an attachment that works: it gets the gateway's default tables. */
function join(ctx: Context, { id, gatewayId, to }: TransitGatewayAttachment): void {
  const gateway = transitGateways.table(ctx).get(gatewayId);
  const { associationTable, propagationTable } = defaultsFor(gateway, to);
  transitGatewayAttachments.update(ctx, id, {
    state: "available",
    association: associationTable ? { tableId: associationTable, state: "associated" } : undefined,
    propagations: propagationTable ? [propagationTable] : [],
  });
}

/** Peerings have static routes alone, and do not propagate. */
function defaultsFor(
  gateway: TransitGateway | undefined,
  to: Attached,
): Pick<TransitGateway, "associationTable" | "propagationTable"> {
  const associates = gateway?.defaultAssociation === "enable";
  const propagates = gateway?.defaultPropagation === "enable" && to.type !== "peering";
  return {
    associationTable: associates ? gateway.associationTable : undefined,
    propagationTable: propagates ? gateway.propagationTable : undefined,
  };
}

const isTo = <Type extends Attached["type"]>(
  row: TransitGatewayAttachment,
  type: Type,
): row is AttachmentTo<Type> => row.to.type === type;

/**
 * An attachment of one kind that there is.
 *
 * @throws {ApiError} InvalidTransitGatewayAttachmentID.NotFound
 */
export function attachmentTo<Type extends Attached["type"]>(
  ctx: Context,
  id: string,
  type: Type,
): AttachmentTo<Type> {
  const row = transitGatewayAttachments.get(ctx, id);
  if (!isTo(row, type) || row.state === "deleted") {
    throw new ApiError("InvalidTransitGatewayAttachmentID.NotFound", id);
  }
  return row;
}

/** An attachment of whatever kind, in a state in which packets pass. */
export function liveAttachment(ctx: Context, id: string): TransitGatewayAttachment {
  const row = transitGatewayAttachments.get(ctx, id);
  if (row.state === "deleted") throw new ApiError("InvalidTransitGatewayAttachmentID.NotFound", id);
  return inState(row, "available", "modifying");
}

/** As `liveAttachment`, of the gateway that a table belongs to. */
export function attachmentAt(ctx: Context, gatewayId: string, id: string): TransitGatewayAttachment {
  const row = liveAttachment(ctx, id);
  if (row.gatewayId !== gatewayId) throw new ApiError("InvalidTransitGatewayAttachmentID.NotFound", id);
  return row;
}

/** Begins to take an attachment away. */
export function detach(ctx: Context, id: string): TransitGatewayAttachment {
  transitGatewayAttachments.soon(ctx, id, "deleted", 60);
  return transitGatewayAttachments.update(ctx, id, { state: "deleting" });
}

/** Whether a gateway takes packets from a VPC. */
export const isAttached = (ctx: Context, gatewayId: string, vpcId: string): boolean =>
  transitGatewayAttachments
    .by(ctx, "resource", vpcId)
    .some((row) => row.gatewayId === gatewayId && isLive(row));

/** The VPC attachments over which rules of security groups may name groups of other VPCs. */
const referencing = (ctx: Context, vpcId: string): TransitGatewayAttachment[] =>
  transitGatewayAttachments
    .by(ctx, "resource", vpcId)
    .filter((row) => isLive(row) && row.to.type === "vpc" && row.to.groupReferencing === "enable");

/**
 * The gateway over which inbound rules in one VPC may name groups of another: it and both attachments must allow it.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html#vpc-attachment-security
 */
export function referencingGateway(ctx: Context, vpcId: string, otherVpcId: string): string | undefined {
  const others = new Set(referencing(ctx, otherVpcId).map(({ gatewayId }) => gatewayId));
  return referencing(ctx, vpcId).find(
    ({ gatewayId }) =>
      others.has(gatewayId) && transitGateways.table(ctx).get(gatewayId)?.groupReferencing === "enable",
  )?.gatewayId;
}

export interface AttachmentsRequest {
  readonly TransitGatewayAttachmentIds?: string[] | undefined;
  readonly Filters?: Sdk.Filter[] | undefined;
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

/** The rows that a call asks about, oldest first. */
function asked<Type extends Attached["type"]>(
  ctx: Context,
  ids: readonly string[] | undefined,
  type: Type,
): AttachmentTo<Type>[] {
  if (!ids?.length) return transitGatewayAttachments.visible(ctx).filter((row) => isTo(row, type));
  return transitGatewayAttachments.getAll(ctx, ids).map((row) => {
    if (isTo(row, type)) return row;
    throw new ApiError("InvalidTransitGatewayAttachmentID.NotFound", row.id);
  });
}

/** The Describe operation of attachments of one kind. */
export function describeAttachmentsTo<
  Type extends Attached["type"],
  View extends object,
  Output extends string,
>(
  type: Type,
  output: Output,
  show: (ctx: Context, row: AttachmentTo<Type>) => View,
  filters: Filters<View, AttachmentTo<Type>>,
): DescribeList<AttachmentsRequest, View, Output> {
  const handler = (input: AttachmentsRequest, ctx: Context): object => {
    const keep = compileFilters(filters, input.Filters);
    const rows = asked(ctx, input.TransitGatewayAttachmentIds, type);
    const { items, ...page } = takePage(ctx, rows, input, (row) => {
      const shown = show(ctx, row);
      return !keep || keep(shown, row) ? shown : undefined;
    });
    return { [output]: items, ...page };
  };
  return Object.assign(handler as DescribeList<AttachmentsRequest, View, Output>, {
    filters: Object.keys(filters),
  });
}

/** The caller's tags on an attachment, for a view. */
export const attachmentTags = (ctx: Context, { id }: TransitGatewayAttachment): Sdk.Tag[] => [
  ...tagsOf(ctx, id),
];

export const operations = {
  DescribeTransitGatewayAttachments: transitGatewayAttachments.describe("TransitGatewayAttachments"),
} satisfies Handlers;
