import type * as Sdk from "@aws-sdk/client-ec2";
import {
  addressAt,
  contains,
  formatAddress,
  formatPrefix,
  parseAddress,
  type Address,
} from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { readCidr, storedCidr } from "./cidrBlock.ts";
import { inState, SHOWN_DELETED_SECONDS, transitGateways, type TransitGateway } from "./transitGateway.ts";
import { freeGatewayAddress, gatewayAddresses, gatewayAddressUsers } from "./transitGatewayAddress.ts";
import { attachmentTo } from "./transitGatewayAttachment.ts";
import { heardRoute, siteTable } from "./customerSite.ts";
import { connectUsers } from "./transitGatewayConnect.ts";
import type { KnownRoute } from "./vpnRoutes.ts";

export interface TransitGatewayConnectPeer extends ResourceRow {
  /** Of the Connect attachment. */
  readonly attachmentId: string;
  readonly gatewayId: string;
  readonly state: Sdk.TransitGatewayConnectPeerState;
  /** The two ends of the tunnel. */
  readonly gatewayAddress: string;
  readonly peerAddress: string;
  /** What BGP speaks over within it: an IPv4 block, and perhaps an IPv6 one. */
  readonly insideCidrs: readonly string[];
  readonly gatewayAsn: number;
  readonly peerAsn: number;
  /** The customer's site behind the appliance, while that speaks BGP. */
  readonly site?: string | undefined;
}

/** Whether the appliance speaks BGP. */
const isUp = ({ state, site }: TransitGatewayConnectPeer): boolean =>
  state === "available" && site !== undefined;

/** In each block the first address is the appliance's, and the next two are the gateway's: there are two sessions. */
function viewSessions(row: TransitGatewayConnectPeer): Sdk.TransitGatewayAttachmentBgpConfiguration[] {
  const { gatewayAsn, peerAsn, insideCidrs } = row;
  return insideCidrs.flatMap((cidr) =>
    [2n, 3n].map((offset) => ({
      TransitGatewayAsn: gatewayAsn,
      PeerAsn: peerAsn,
      TransitGatewayAddress: formatAddress(addressAt(storedCidr(cidr), offset)),
      PeerAddress: formatAddress(addressAt(storedCidr(cidr), 1n)),
      BgpStatus: isUp(row) ? ("up" as const) : ("down" as const),
    })),
  );
}

/** A GRE tunnel between a transit gateway and an appliance. */
export const transitGatewayConnectPeers = defineResource({
  type: "transit-gateway-connect-peer",
  idPrefix: "tgw-connect-peer",
  notFound: "InvalidTransitGatewayConnectPeerID.NotFound",
  malformed: "InvalidTransitGatewayConnectPeerID.Malformed",
  ids: "TransitGatewayConnectPeerIds",
  view: (peer: TransitGatewayConnectPeer, { tags }): Sdk.TransitGatewayConnectPeer => ({
    TransitGatewayAttachmentId: peer.attachmentId,
    TransitGatewayConnectPeerId: peer.id,
    State: peer.state,
    CreationTime: new Date(peer.created),
    ConnectPeerConfiguration: {
      TransitGatewayAddress: peer.gatewayAddress,
      PeerAddress: peer.peerAddress,
      InsideCidrBlocks: [...peer.insideCidrs],
      Protocol: "gre",
      BgpConfigurations: viewSessions(peer),
    },
    Tags: tags,
  }),
  filters: {
    state: (peer) => peer.State,
    "transit-gateway-attachment-id": (peer) => peer.TransitGatewayAttachmentId,
    "transit-gateway-connect-peer-id": (peer) => peer.TransitGatewayConnectPeerId,
  },
  indexes: {
    attachment: ({ attachmentId, state }) => (state === "deleted" ? undefined : attachmentId),
    site: ({ site, state }) => (state === "deleted" ? undefined : site),
    gateway: ({ gatewayId, state }) => (state === "deleted" ? undefined : gatewayId),
  },
  transitions: {
    available: (ctx, { id, state }) => {
      if (state === "pending") transitGatewayConnectPeers.update(ctx, id, { state: "available" });
    },
    deleted: (ctx, { id }) => {
      transitGatewayConnectPeers.update(ctx, id, { state: "deleted" });
      transitGatewayConnectPeers.later(ctx, id, "forget", SHOWN_DELETED_SECONDS);
    },
    forget: (ctx, { id }) => transitGatewayConnectPeers.delete(ctx, id),
  },
});

/** What BGP tells over the peers of a Connect attachment, from the oldest to the newest: IPv6 only by MP-BGP. */
export const routesOfPeers = (rows: Pick<Context, "unit">, attachmentId: string): KnownRoute[] =>
  transitGatewayConnectPeers
    .table(rows)
    .by("attachment", attachmentId)
    .filter(isUp)
    .flatMap(({ id: connectionId, site = "", insideCidrs }) => {
      const told = siteTable(rows).get(site)?.advertised ?? [];
      const speaksIpv6 = insideCidrs.some((cidr) => cidr.includes(":"));
      return told
        .filter(({ prefix }) => speaksIpv6 || !prefix.includes(":"))
        .map((each) => ({
          ...heardRoute(each),
          connectionId,
          origin: "propagated-vpn" as const,
        }));
    });

connectUsers.push((ctx, attachmentId) =>
  transitGatewayConnectPeers.by(ctx, "attachment", attachmentId).map(({ id }) => id),
);

gatewayAddressUsers.push((ctx, gatewayId) =>
  transitGatewayConnectPeers.by(ctx, "gateway", gatewayId).map(({ gatewayAddress }) => gatewayAddress),
);

const invalid = (value: string, parameter: string): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${value}) for parameter ${parameter} is invalid.`);

function readAddress(text: string, parameter: string): Address {
  const address = parseAddress(text);
  if (!address) throw invalid(text, parameter);
  return address;
}

/**
 * The gateway's end of a tunnel: of its blocks, of the same version as the appliance's, and no other tunnel's.
 *
 * @throws {ApiError} InvalidParameterValue
 */
function chooseAddress(
  ctx: Context,
  gateway: TransitGateway,
  asked: string | undefined,
  peer: Address,
): string {
  if (asked === undefined) return freeGatewayAddress(ctx, gateway, peer.version, "Connect peer");
  const address = readAddress(asked, "transitGatewayAddress");
  const text = formatAddress(address);
  const isOwn =
    address.version === peer.version && gateway.cidrs.some((cidr) => contains(storedCidr(cidr), address));
  if (!isOwn || gatewayAddresses(ctx, gateway.id).has(text)) throw invalid(asked, "transitGatewayAddress");
  return text;
}

const LINK_LOCAL = storedCidr("169.254.0.0/16");
const UNIQUE_LOCAL = storedCidr("fd00::/8");
/** Taken by AWS. @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-connect.html#tgw-connect-peer */
const RESERVED = new Set([...[0, 1, 2, 3, 4, 5].map((i) => `169.254.${i}.0/29`), "169.254.169.248/29"]);

/**
 * The blocks within a tunnel: a /29 of link-local IPv4, and perhaps a /125 of unique local IPv6; each is one tunnel's of
 * the gateway alone.
 *
 * @throws {ApiError} InvalidParameterValue
 */
function readInside(ctx: Context, gatewayId: string, texts: readonly string[]): string[] {
  const peers = transitGatewayConnectPeers.by(ctx, "gateway", gatewayId);
  const taken = new Set(peers.flatMap((row) => row.insideCidrs));
  const cidrs = texts.map((text) => {
    const block = readCidr(text, "insideCidrBlocks");
    const cidr = formatPrefix(block);
    const fits =
      block.version === 4
        ? block.length === 29 && contains(LINK_LOCAL, block) && !RESERVED.has(cidr)
        : block.length === 125 && contains(UNIQUE_LOCAL, block);
    if (!fits || taken.has(cidr)) throw invalid(text, "insideCidrBlocks");
    return cidr;
  });
  const versions = cidrs.map((cidr) => storedCidr(cidr).version);
  if (!versions.includes(4) || new Set(versions).size < versions.length) {
    throw invalid(texts.join(","), "insideCidrBlocks");
  }
  return cidrs;
}

function readAsn(asn: number): number {
  if (Number.isInteger(asn) && asn >= 1 && asn <= 4_294_967_294) return asn;
  throw invalid(String(asn), "peerAsn");
}

export const operations = {
  CreateTransitGatewayConnectPeer: (
    { TransitGatewayAttachmentId, TransitGatewayAddress, PeerAddress, BgpOptions, InsideCidrBlocks, ...rest },
    ctx,
  ) => {
    const attachment = inState(attachmentTo(ctx, TransitGatewayAttachmentId, "connect"), "available");
    const gateway = transitGateways.get(ctx, attachment.gatewayId);
    const peerAddress = readAddress(PeerAddress, "peerAddress");
    const peer = transitGatewayConnectPeers.create(
      ctx,
      {
        attachmentId: attachment.id,
        gatewayId: gateway.id,
        state: "pending",
        gatewayAddress: chooseAddress(ctx, gateway, TransitGatewayAddress, peerAddress),
        peerAddress: formatAddress(peerAddress),
        insideCidrs: readInside(ctx, gateway.id, InsideCidrBlocks),
        gatewayAsn: gateway.asn,
        peerAsn: readAsn(BgpOptions?.PeerAsn ?? gateway.asn),
      },
      rest.TagSpecifications,
    );
    transitGatewayConnectPeers.soon(ctx, peer.id, "available", 30);
    return { TransitGatewayConnectPeer: transitGatewayConnectPeers.show(ctx, peer) };
  },

  DeleteTransitGatewayConnectPeer: ({ TransitGatewayConnectPeerId }, ctx) => {
    const row = transitGatewayConnectPeers.get(ctx, TransitGatewayConnectPeerId);
    if (row.state === "deleted") throw new ApiError("InvalidTransitGatewayConnectPeerID.NotFound", row.id);
    inState(row, "available");
    const peer = transitGatewayConnectPeers.update(ctx, row.id, { state: "deleting", site: undefined });
    transitGatewayConnectPeers.soon(ctx, row.id, "deleted", 30);
    return { TransitGatewayConnectPeer: transitGatewayConnectPeers.show(ctx, peer) };
  },

  DescribeTransitGatewayConnectPeers: transitGatewayConnectPeers.describe("TransitGatewayConnectPeers"),
} satisfies Handlers;
