import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { takePage } from "../kit/pages.ts";
import { instances } from "./instance.ts";
import { vpcs, type Vpc } from "./vpc.ts";

// EC2-Classic is retired: there is nothing that a VPC could be linked to, and none is enabled for it.
const refuse = (): never => {
  throw new ApiError("UnsupportedOperation", "EC2-Classic is retired: VPCs cannot be linked to it.");
};

const asked = (ctx: Context, ids: readonly string[] | undefined): Vpc[] =>
  ids?.length ? vpcs.getAll(ctx, ids).toSorted((a, b) => a.seq - b.seq) : vpcs.own(ctx);

/** Finds the instance and the VPC, between which there is no link. */
function refuseLink(
  ctx: Context,
  { InstanceId, VpcId }: { readonly InstanceId: string; readonly VpcId: string },
): never {
  instances.get(ctx, InstanceId);
  vpcs.get(ctx, VpcId);
  return refuse();
}

function find(ctx: Context, id: string | undefined): Vpc {
  if (id === undefined) throw new ApiError("MissingParameter", "vpcId");
  return vpcs.get(ctx, id);
}

function refuseFor(ctx: Context, id: string | undefined): never {
  find(ctx, id);
  return refuse();
}

/** What is to be disabled is. */
function disabled(ctx: Context, id: string | undefined): { Return: boolean } {
  find(ctx, id);
  return { Return: true };
}

export const operations = {
  AttachClassicLinkVpc: (input, ctx) => refuseLink(ctx, input),

  DescribeVpcClassicLink: describeList({
    output: "Vpcs",
    filters: { "is-classic-link-enabled": (vpc) => vpc.ClassicLinkEnabled },
    tagged: true,
    of: ({ VpcIds }: Sdk.DescribeVpcClassicLinkRequest, ctx): Sdk.VpcClassicLink[] =>
      asked(ctx, VpcIds).map((vpc) => {
        const { VpcId, Tags } = vpcs.show(ctx, vpc);
        return { VpcId, ClassicLinkEnabled: false, Tags };
      }),
  }),

  DescribeVpcClassicLinkDnsSupport: ({ VpcIds, ...page }, ctx) => {
    const { items, ...next } = takePage(
      ctx,
      asked(ctx, VpcIds),
      page,
      ({ id }) => ({ VpcId: id, ClassicLinkDnsSupported: false }),
      [5, 255],
    );
    return { Vpcs: items, ...next };
  },

  DetachClassicLinkVpc: (input, ctx) => refuseLink(ctx, input),
  DisableVpcClassicLink: ({ VpcId }, ctx) => disabled(ctx, VpcId),
  DisableVpcClassicLinkDnsSupport: ({ VpcId }, ctx) => disabled(ctx, VpcId),
  EnableVpcClassicLink: ({ VpcId }, ctx) => refuseFor(ctx, VpcId),
  EnableVpcClassicLinkDnsSupport: ({ VpcId }, ctx) => refuseFor(ctx, VpcId),
} satisfies Handlers;
