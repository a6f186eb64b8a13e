import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import {
  atBothEnds,
  viewOptions,
  vpcAt,
  vpcPeerings,
  type End,
  type Side,
  type VpcPeering,
} from "./vpcPeering.ts";
import { givesNames } from "./vpc.ts";

/** @throws {ApiError} OperationNotPermitted, UnsupportedOperation: EC2-Classic is no more */
function readOptions(
  ctx: Context,
  row: VpcPeering,
  which: End,
  asked: Sdk.PeeringConnectionOptionsRequest | undefined,
): Side {
  const side = row[which];
  if (!asked) return side;
  if (side.account !== ctx.account || side.region !== ctx.region) {
    throw new ApiError(
      "OperationNotPermitted",
      `User ${ctx.account} cannot modify ${which} peering options of ${row.id} in region ${ctx.region}`,
    );
  }
  if (asked.AllowEgressFromLocalClassicLinkToRemoteVpc || asked.AllowEgressFromLocalVpcToRemoteClassicLink) {
    throw new ApiError("UnsupportedOperation", "ClassicLink is not supported: EC2-Classic has been retired.");
  }
  const vpc = vpcAt(ctx, side);
  // "Both VPCs must be enabled for DNS hostnames and DNS resolution."
  if (asked.AllowDnsResolutionFromRemoteVpc && !(vpc && givesNames(vpc))) {
    throw new ApiError(
      "OperationNotPermitted",
      `DNS resolution and DNS hostnames must be enabled for VPC ${side.vpcId}`,
    );
  }
  return { ...side, dnsResolution: asked.AllowDnsResolutionFromRemoteVpc ?? side.dnsResolution };
}

export const operations = {
  ModifyVpcPeeringConnectionOptions: (input, ctx) => {
    const row = vpcPeerings.get(ctx, input.VpcPeeringConnectionId);
    const { RequesterPeeringConnectionOptions: asks, AccepterPeeringConnectionOptions: asked } = input;
    if (!asks && !asked) {
      throw new ApiError(
        "MissingParameter",
        "requesterPeeringConnectionOptions or accepterPeeringConnectionOptions",
      );
    }
    if (row.state !== "active") {
      throw new ApiError(
        "OperationNotPermitted",
        `Peering ${row.id} is not active. Peering options can be added only to active peerings.`,
      );
    }
    const requester = readOptions(ctx, row, "requester", asks);
    const accepter = readOptions(ctx, row, "accepter", asked);
    atBothEnds(ctx, row, (there) => void vpcPeerings.update(there, row.id, { requester, accepter }));
    return {
      RequesterPeeringConnectionOptions: asks && viewOptions(requester),
      AccepterPeeringConnectionOptions: asked && viewOptions(accepter),
    };
  },
} satisfies Handlers;
