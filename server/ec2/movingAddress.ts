import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { compileFilters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import { openPage } from "../kit/pages.ts";
import { readPublicIps } from "./address.ts";

// EC2-Classic is retired: every address is a VPC's, so none is ever on its way.
const filters = { "moving-status": () => undefined };

const describeMovingAddresses: NonNullable<Handlers["DescribeMovingAddresses"]> = (input, ctx) => {
  readPublicIps(ctx, input.PublicIps ?? []);
  compileFilters(filters, input.Filters);
  openPage(ctx, input);
  return { MovingAddressStatuses: [] };
};

function refuse(ctx: Context, publicIp: string): never {
  readPublicIps(ctx, [publicIp]);
  throw new ApiError(
    "UnsupportedOperation",
    `EC2-Classic is retired: the address ${publicIp} can be used in a VPC only.`,
  );
}

export const operations = {
  DescribeMovingAddresses: Object.assign(describeMovingAddresses, { filters: Object.keys(filters) }),
  MoveAddressToVpc: ({ PublicIp }, ctx) => refuse(ctx, PublicIp),
  RestoreAddressToClassic: ({ PublicIp }, ctx) => refuse(ctx, PublicIp),
} satisfies Handlers;
