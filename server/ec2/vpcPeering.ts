import type * as Sdk from "@aws-sdk/client-ec2";
import { overlaps } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { checkQuota, declareQuota } from "../kit/quotas.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { storedCidr } from "./cidrBlock.ts";
import { blockGuards, vpcRemovals, vpcs, type Vpc } from "./vpc.ts";
import { checkEncryption, isStrict } from "./vpcEncryptionControl.ts";

/** One end of a connection. */
export interface Side {
  readonly account: string;
  readonly region: string;
  readonly vpcId: string;
  /** Whether the public names of this VPC's instances lead to private addresses for who asks from the other one. */
  readonly dnsResolution: boolean;
}

/** Between two regions there is one such row in each, and what changes the one changes the other. */
export interface VpcPeering extends ResourceRow {
  readonly requester: Side;
  readonly accepter: Side;
  readonly state: Sdk.VpcPeeringConnectionStateReasonCode;
  /** What comes of a request that is being made. */
  readonly possible: boolean;
  /** Until when it can be accepted, in milliseconds since the epoch; it does not matter any more once it was. */
  readonly expires: number | undefined;
  /** The account that rejected or deleted it. */
  readonly endedBy: string | undefined;
  /** The accounts that it is shown to in this region; the row is one's own of the first. */
  readonly seenBy: readonly string[];
}

const LIVE: ReadonlySet<string> = new Set([
  "initiating-request",
  "pending-acceptance",
  "provisioning",
  "active",
]);
/** Whether it is asked for or there. */
export const isLive = (state: Sdk.VpcPeeringConnectionStateReasonCode): boolean => LIVE.has(state);

export const ACCEPTED: ReadonlySet<string> = new Set(["provisioning", "active"]);

const endedBy = (what: string) => (row: VpcPeering) => `${what} by ${row.endedBy}`;

const messages: Readonly<Record<VpcPeering["state"], (row: VpcPeering) => string>> = {
  "initiating-request": ({ accepter }) => `Initiating Request to ${accepter.account}`,
  "pending-acceptance": ({ accepter }) => `Pending Acceptance by ${accepter.account}`,
  provisioning: () => "Provisioning",
  active: () => "Active",
  expired: () => "Expired",
  failed: () => "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
  rejected: endedBy("Rejected"),
  deleting: endedBy("Deleting"),
  deleted: endedBy("Deleted"),
};

/** The VPC at one end, whoever has it; undefined once it is gone. */
export const vpcAt = (ctx: Context, { region, vpcId, account }: Side): Vpc | undefined =>
  vpcs.find({ ...ctx, account, unit: region === ctx.region ? ctx.unit : ctx.unitOf(region) }, vpcId);

function viewBlocks(vpc: Vpc | undefined): Sdk.VpcPeeringConnectionVpcInfo {
  if (!vpc) return {};
  return {
    CidrBlock: vpc.ipv4[0]?.cidr,
    CidrBlockSet: vpc.ipv4.map(({ cidr }) => ({ CidrBlock: cidr })),
    ...(vpc.ipv6.length > 0 && { Ipv6CidrBlockSet: vpc.ipv6.map(({ cidr }) => ({ Ipv6CidrBlock: cidr })) }),
  };
}

export const viewOptions = ({ dnsResolution }: Side): Required<Sdk.PeeringConnectionOptions> => ({
  AllowDnsResolutionFromRemoteVpc: dnsResolution,
  AllowEgressFromLocalClassicLinkToRemoteVpc: false,
  AllowEgressFromLocalVpcToRemoteClassicLink: false,
});

/** @param blocks whether they are shown: the accepter's are nobody's business until it has accepted */
function viewSide(ctx: Context, { state }: VpcPeering, side: Side, blocks: boolean) {
  return {
    OwnerId: side.account,
    VpcId: side.vpcId,
    Region: side.region,
    ...(blocks && viewBlocks(vpcAt(ctx, side))),
    ...(state === "active" && { PeeringOptions: viewOptions(side) }),
  };
}

export const tooMany = (_limit: number, vpcId: string): ApiError =>
  new ApiError("ActiveVpcPeeringConnectionPerVpcLimitExceeded", vpcId);

const activeQuota = declareQuota({
  code: "L-7E9ECCDB",
  name: "Active VPC peering connections per VPC",
  usual: 50,
  error: tooMany,
});
/** What keeps its VPC from being deleted: a connection, and a request of somebody else's. */
function keeps({ state, requester, accepter }: VpcPeering): string[] {
  if (ACCEPTED.has(state)) return [requester.vpcId, accepter.vpcId];
  return LIVE.has(state) && requester.account !== accepter.account ? [accepter.vpcId] : [];
}

const DAYS = 24 * 3600;
export const REQUEST_SECONDS = 7 * DAYS;
const LONG = 2 * DAYS;
const SHORT = 2 * 3600;

/** A door between two VPCs, of one account or two, in one region or two. It leads to nothing beyond them. */
export const vpcPeerings = defineResource({
  type: "vpc-peering-connection",
  idPrefix: "pcx",
  notFound: "InvalidVpcPeeringConnectionID.NotFound",
  malformed: "InvalidVpcPeeringConnectionId.Malformed",
  ids: "VpcPeeringConnectionIds",
  view: (row: VpcPeering, { ctx, tags }): Sdk.VpcPeeringConnection => ({
    VpcPeeringConnectionId: row.id,
    RequesterVpcInfo: viewSide(ctx, row, row.requester, LIVE.has(row.state)),
    AccepterVpcInfo: viewSide(ctx, row, row.accepter, row.state === "active"),
    Status: { Code: row.state, Message: messages[row.state](row) },
    ExpirationTime: row.expires === undefined ? undefined : new Date(row.expires),
    Tags: tags,
  }),
  filters: {
    "accepter-vpc-info.cidr-block": ({ AccepterVpcInfo: info }) =>
      info?.CidrBlockSet?.map(({ CidrBlock }) => CidrBlock),
    "accepter-vpc-info.owner-id": (peering) => peering.AccepterVpcInfo?.OwnerId,
    "accepter-vpc-info.vpc-id": (peering) => peering.AccepterVpcInfo?.VpcId,
    "expiration-time": (peering) => peering.ExpirationTime,
    "requester-vpc-info.cidr-block": ({ RequesterVpcInfo: info }) =>
      info?.CidrBlockSet?.map(({ CidrBlock }) => CidrBlock),
    "requester-vpc-info.owner-id": (peering) => peering.RequesterVpcInfo?.OwnerId,
    "requester-vpc-info.vpc-id": (peering) => peering.RequesterVpcInfo?.VpcId,
    "status-code": (peering) => peering.Status?.Code,
    "status-message": (peering) => peering.Status?.Message,
    "vpc-peering-connection-id": (peering) => peering.VpcPeeringConnectionId,
  },
  indexes: {
    /** What has not ended, by both VPCs. */
    live: ({ state, requester, accepter }) =>
      LIVE.has(state) ? [...new Set([requester.vpcId, accepter.vpcId])] : undefined,
    vpc: keeps,
  },
  parents: { vpc: "vpc" },
  shared: ({ seenBy }, { account }) => seenBy.includes(account),
  transitions: {
    requested: (ctx, { id, state, possible }) => {
      if (state !== "initiating-request") return;
      if (possible) vpcPeerings.update(ctx, id, { state: "pending-acceptance" });
      else fail(ctx, id);
    },
    expire: (ctx, { id, state }) => {
      if (state !== "initiating-request" && state !== "pending-acceptance") return;
      vpcPeerings.update(ctx, id, { state: "expired" });
      for (const side of ["requester", "accepter"] as const) hideLater(ctx, id, side, LONG);
    },
    active: (ctx, { id, state }) => {
      if (state === "provisioning") vpcPeerings.update(ctx, id, { state: "active" });
    },
    deleted: (ctx, { id }) => vpcPeerings.update(ctx, id, { state: "deleted" }),
    "hide-requester": (ctx, row) => hide(ctx, row, row.requester),
    "hide-accepter": (ctx, row) => hide(ctx, row, row.accepter),
  },
});

export type End = "requester" | "accepter";

const hideLater = (ctx: Context, id: string, end: End, seconds: number): void =>
  vpcPeerings.later(ctx, id, `hide-${end}`, seconds);

/** Takes what has ended out of one account's sight; the row goes with the last. */
function hide(ctx: Context, { id, seenBy }: VpcPeering, { account }: Side): void {
  const left = seenBy.filter((other) => other !== account);
  const [owner] = left;
  if (owner === undefined) vpcPeerings.delete(ctx, id);
  else vpcPeerings.table(ctx).replace({ ...mustGet(ctx, id), account: owner, seenBy: left });
}

function mustGet(ctx: Context, id: string): VpcPeering {
  const row = vpcPeerings.table(ctx).get(id);
  if (!row) throw new TypeError(`no ${id}`);
  return row;
}

/** A request that cannot be: "this request remains visible to the requester for 2 hours". */
function fail(ctx: Context, id: string): void {
  vpcPeerings.update(ctx, id, { state: "failed", expires: undefined });
  hideLater(ctx, id, "requester", SHORT);
  hideLater(ctx, id, "accepter", SHORT);
}

/** Does the same to the connection at both ends; in one region that is one row. */
export function atBothEnds(
  ctx: Context,
  { id, requester, accepter }: VpcPeering,
  act: (there: Context) => void,
): void {
  for (const region of new Set([requester.region, accepter.region])) {
    const there = region === ctx.region ? ctx : ctx.elsewhere(region);
    // One end may have been emptied by the operator.
    if (vpcPeerings.table(there).get(id)) act(there);
  }
}

/**
 * The end that comes to a connection by somebody's will. It stays visible for a while, to the other account longer.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle
 */
function end(ctx: Context, row: VpcPeering, state: "rejected" | "deleting"): void {
  const { id, requester, accepter } = row;
  const shownFor = (account: string): number =>
    account === ctx.account || requester.account === accepter.account ? SHORT : LONG;
  atBothEnds(ctx, row, (there) => {
    vpcPeerings.update(there, id, { state, expires: undefined, endedBy: ctx.account });
    if (state === "deleting") vpcPeerings.soon(there, id, "deleted", 2);
    hideLater(there, id, "requester", shownFor(requester.account));
    hideLater(there, id, "accepter", shownFor(accepter.account));
  });
}

export const blocksOf = ({ ipv4, ipv6 }: Vpc): string[] => [...ipv4, ...ipv6].map(({ cidr }) => cidr);

export const overlap = (some: readonly string[], others: readonly string[]): boolean =>
  some.some((one) => others.some((other) => overlaps(storedCidr(one), storedCidr(other))));

/** The connection between two VPCs that was accepted, if there is one. */
export const acceptedBetween = (ctx: Context, vpcId: string, other: string): VpcPeering | undefined =>
  vpcPeerings
    .by(ctx, "live", vpcId)
    .find(
      ({ state, requester, accepter }) =>
        ACCEPTED.has(state) && vpcId !== other && [requester.vpcId, accepter.vpcId].includes(other),
    );

/** Whether packets of a VPC go over the connection now. */
export function carriesFrom(ctx: Context, id: string, vpcId: string): boolean {
  const row = vpcPeerings.table(ctx).get(id);
  return row?.state === "active" && [row.requester.vpcId, row.accepter.vpcId].includes(vpcId);
}

// "You can add CIDR blocks to a VPC provided they do not overlap with a CIDR block of the peer VPC"; who has asked for a
// connection cannot until there is an answer; who is asked can, but the request fails if the block overlaps.
blockGuards.push((ctx, vpc, block) => {
  for (const row of vpcPeerings.by(ctx, "live", vpc.id)) {
    const { state, requester, accepter } = row;
    const asks = requester.vpcId === vpc.id;
    if (asks && !ACCEPTED.has(state)) {
      throw new ApiError(
        "OperationNotPermitted",
        `The VPC ${vpc.id} has requested the VPC peering connection ${row.id}, which is not accepted yet.`,
      );
    }
    const peer = vpcAt(ctx, asks ? accepter : requester);
    if (!peer || !overlap([block], blocksOf(peer))) continue;
    if (ACCEPTED.has(state)) {
      throw new ApiError(
        "InvalidVpc.Range",
        block,
        `The CIDR '${block}' overlaps with a CIDR block of the VPC ${peer.id}, which ${vpc.id} is peered with.`,
      );
    }
    atBothEnds(ctx, row, (there) => fail(there, row.id));
  }
});

// "If you delete your VPC before the other party has accepted the request, the VPC peering connection is also deleted."
vpcRemovals.push((ctx, vpcId) => {
  for (const row of vpcPeerings.by(ctx, "live", vpcId)) end(ctx, row, "deleting");
});

/** @throws {ApiError} OperationNotPermitted unless the caller is the one who is asked, in the region where it is asked */
function checkAsked(ctx: Context, { id, accepter }: VpcPeering, act: "accept" | "reject"): void {
  if (accepter.account !== ctx.account) {
    throw new ApiError("OperationNotPermitted", `User ${ctx.account} cannot ${act} peering ${id}`);
  }
  if (accepter.region === ctx.region) return;
  throw new ApiError(
    "OperationNotPermitted",
    `Incorrect region ( ${ctx.region} ) specified for this request. VPC peering connection ${id} must be ${act}ed in region ${accepter.region}`,
  );
}

/** @throws {ApiError} InvalidStateTransition */
function checkState({ id, state }: VpcPeering, allowed: readonly string[], to: string): void {
  if (!allowed.includes(state)) throw new ApiError("InvalidStateTransition", id, state, to);
}

export const operations = {
  AcceptVpcPeeringConnection: ({ VpcPeeringConnectionId }, ctx) => {
    const row = vpcPeerings.get(ctx, VpcPeeringConnectionId);
    const { id, requester, accepter } = row;
    checkAsked(ctx, row, "accept");
    checkState(row, ["pending-acceptance"], "provisioning");
    // A request the other way round is another request.
    if (acceptedBetween(ctx, requester.vpcId, accepter.vpcId)) {
      throw new ApiError("VpcPeeringConnectionAlreadyExists", id);
    }
    const encrypted =
      requester.region === accepter.region && isStrict(ctx, requester.vpcId) && isStrict(ctx, accepter.vpcId);
    atBothEnds(ctx, row, (there) => {
      vpcPeerings.update(there, id, { state: "provisioning", expires: undefined });
      vpcPeerings.soon(there, id, "active", 2);
      for (const { vpcId, region } of [requester, accepter]) {
        const active = () =>
          vpcPeerings.by(there, "live", vpcId).filter(({ state }) => ACCEPTED.has(state)).length;
        if (region !== there.region) continue;
        checkQuota(there, activeQuota, active, vpcId);
        if (!encrypted) checkEncryption(there, vpcId, "A peering connection to such a VPC", "VpcPeering");
      }
    });
    return { VpcPeeringConnection: vpcPeerings.show(ctx, mustGet(ctx, id)) };
  },

  DeleteVpcPeeringConnection: ({ VpcPeeringConnectionId }, ctx) => {
    const row = vpcPeerings.get(ctx, VpcPeeringConnectionId);
    const { id, state, requester } = row;
    checkState(row, [...LIVE], "deleting");
    if (!ACCEPTED.has(state) && requester.account !== ctx.account) {
      throw new ApiError("OperationNotPermitted", `User ${ctx.account} cannot delete peering ${id}`);
    }
    end(ctx, row, "deleting");
    return { Return: true };
  },

  DescribeVpcPeeringConnections: vpcPeerings.describe("VpcPeeringConnections"),

  RejectVpcPeeringConnection: ({ VpcPeeringConnectionId }, ctx) => {
    const row = vpcPeerings.get(ctx, VpcPeeringConnectionId);
    checkAsked(ctx, row, "reject");
    checkState(row, ["pending-acceptance"], "rejected");
    end(ctx, row, "rejected");
    return { Return: true };
  },
} satisfies Handlers;
