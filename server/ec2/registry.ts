import type { Context } from "../kit/context.ts";
import type { Handler } from "../kit/handlers.ts";
import * as dhcpOptions from "./dhcpOptions.ts";
import * as internetGateway from "./internetGateway.ts";
import * as subnet from "./subnet.ts";
import * as vpc from "./vpc.ts";

/** Each file of operations, once. Furnishings of a VPC are made in this order. */
const modules = [dhcpOptions, internetGateway, subnet, vpc];

/** EC2's operations that are built, by name. */
export const ec2Handlers: ReadonlyMap<string, Handler> = new Map(
  modules.flatMap(({ operations }) => Object.entries(operations) as [string, Handler][]),
);

/** What an account finds in a region that it has not used before. */
export function settleIn(ctx: Context): void {
  if (ctx.operation === "") return;
}
