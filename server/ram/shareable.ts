import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { resources } from "../kit/resource.ts";

/**
 * The types of resources that accounts can share here, by what they are called in ARNs.
 *
 * @see https://docs.aws.amazon.com/ram/latest/userguide/shareable.html
 */
const types: ReadonlyMap<string, string> = new Map([
  ["prefix-list", "ec2:PrefixList"],
  ["traffic-mirror-target", "ec2:TrafficMirrorTarget"],
  ["transit-gateway", "ec2:TransitGateway"],
  ["transit-gateway-multicast-domain", "ec2:TransitGatewayMulticastDomain"],
]);

/** `ec2:PrefixList`, … */
export const shareableTypes: readonly string[] = [...types.values()];

const ARN = /^arn:aws:([a-z0-9-]+):([a-z0-9-]*):(\d{12}):([a-z0-9-]+)\/([^/]+)$/;

/**
 * The type of a resource, by its ARN.
 *
 * @throws {ApiError} MalformedArnException also for one of a type that cannot be shared
 */
export function typeOf(arn: string): string {
  const [, service, , , noun = ""] = ARN.exec(arn) ?? [];
  if (service === undefined) {
    throw new ApiError(
      "MalformedArnException",
      `The specified resource ARN ${arn.slice(0, 256)} is not valid. Verify the ARN and try again.`,
    );
  }
  const type = service === "ec2" ? types.get(noun) : undefined;
  if (type === undefined) {
    throw new ApiError("MalformedArnException", "You cannot share the selected resource type.");
  }
  return type;
}

/** Whether an account has the resource in the region. */
export function owns(ctx: Context, account: string, arn: string): boolean {
  const [, , region, owner, noun = "", id = ""] = ARN.exec(arn) ?? [];
  if (region !== ctx.region || owner !== account) return false;
  return resources.get(noun)?.table(ctx).get(id)?.account === account;
}
