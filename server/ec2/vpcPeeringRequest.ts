import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { checkQuota, declareQuota } from "../kit/quotas.ts";
import { regions } from "./catalogue/regions.ts";
import { vpcs, type Vpc } from "./vpc.ts";
import {
  ACCEPTED,
  blocksOf,
  overlap,
  REQUEST_SECONDS,
  vpcAt,
  vpcPeerings,
  type Side,
  type VpcPeering,
} from "./vpcPeering.ts";

const outstandingQuota = declareQuota({
  code: "L-DC9F7029",
  name: "Outstanding VPC peering connection requests",
  usual: 25,
  error: (_limit, vpcId) => new ApiError("OutstandingVpcPeeringConnectionLimitExceeded", vpcId),
});

const invalid = (value: string, parameter: string): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${value}) for parameter ${parameter} is invalid.`);

function readPeer(ctx: Context, input: Sdk.CreateVpcPeeringConnectionRequest): Side {
  const { PeerVpcId: vpcId, PeerOwnerId: account = ctx.account, PeerRegion: region = ctx.region } = input;
  if (vpcId === undefined) throw new ApiError("MissingParameter", "peerVpcId");
  vpcs.checkForm(vpcId);
  if (!/^\d{12}$/.test(account)) throw invalid(account, "peerOwnerId");
  if (!regions.has(region)) throw invalid(region, "peerRegion");
  // Of its own VPCs in this region an account knows at once; others are asked for where they would be.
  if (account === ctx.account && region === ctx.region) vpcs.get(ctx, vpcId);
  return { account, region, vpcId, dnsResolution: false };
}

/** Asks for a connection: in another region, too, there is a row of it then, if it can be at all. */
function request(
  ctx: Context,
  vpc: Vpc,
  accepter: Side,
  tags: readonly Sdk.TagSpecification[] | undefined,
): VpcPeering {
  const requester: Side = { account: ctx.account, region: ctx.region, vpcId: vpc.id, dnsResolution: false };
  const peer = vpcAt(ctx, accepter);
  const possible = peer !== undefined && !overlap(blocksOf(vpc), blocksOf(peer));
  checkQuota(
    ctx,
    outstandingQuota,
    () =>
      vpcPeerings
        .by(ctx, "live", vpc.id)
        .filter(({ state, ...row }) => !ACCEPTED.has(state) && row.requester.vpcId === vpc.id).length + 1,
    vpc.id,
  );
  const near = possible && accepter.region === ctx.region ? [ctx.account, accepter.account] : [ctx.account];
  const fields = {
    requester,
    accepter,
    possible,
    state: "initiating-request",
    expires: ctx.now + REQUEST_SECONDS * 1000,
    endedBy: undefined,
  } as const;
  const row = vpcPeerings.create(ctx, { ...fields, seenBy: [...new Set(near)] }, tags);
  const homes = [ctx];
  if (possible && accepter.region !== ctx.region) {
    const there = { ...ctx.elsewhere(accepter.region), account: accepter.account, quotas: undefined };
    vpcPeerings.create(there, { ...fields, seenBy: [accepter.account] }, undefined, row.id);
    homes.push(there);
  }
  for (const home of homes) {
    vpcPeerings.soon(home, row.id, "requested", 1);
    vpcPeerings.later(home, row.id, "expire", REQUEST_SECONDS);
  }
  return row;
}

export const operations = {
  CreateVpcPeeringConnection: (input, ctx) => {
    const vpc = vpcs.get(ctx, input.VpcId);
    const accepter = readPeer(ctx, input);
    // Who asks again is answered with what was asked before.
    const known = vpcPeerings
      .by(ctx, "live", vpc.id)
      .find((row) => row.requester.vpcId === vpc.id && row.accepter.vpcId === accepter.vpcId && row.possible);
    const row = known ?? request(ctx, vpc, accepter, input.TagSpecifications);
    return { VpcPeeringConnection: vpcPeerings.show(ctx, row) };
  },
} satisfies Handlers;
