import { refusalsOf } from "../auth/refusals.ts";
import type { Cloud } from "../cloud.ts";
import { DEFAULT_POLICY } from "../ec2/vpcEndpointPolicy.ts";
import { getEndpointNamed, readEndpointName } from "../ec2/vpcEndpointPassage.ts";
import { ApiError } from "../errors.ts";
import type { Passage } from "../kit/origin.ts";

/** What a call is for, as its signature has it. */
interface Scope {
  readonly service: string;
  readonly region: string;
  /** Of a call that nobody has to sign the region is any. */
  readonly signed: boolean;
}

/**
 * The VPC endpoint that a call comes by.
 *
 * @param host a name of the endpoint
 * @throws {ApiError} InvalidVpcEndpointId.Malformed, InvalidVpcEndpointId.NotFound, IncorrectState; what the endpoint's
 *   service says of a signature for another service or another region
 */
export function passageBy(
  host: string,
  { service, region: scope, signed }: Scope,
  { cloud, regions }: { readonly cloud: Cloud; readonly regions: ReadonlySet<string> },
): Passage {
  const name = readEndpointName(host);
  const { region = scope } = name;
  if (!regions.has(region)) throw new ApiError("InvalidVpcEndpointId.NotFound", name.id);
  const unit = cloud.unit(region);
  cloud.pipeline.settle(unit, region);
  const {
    id,
    account,
    vpcId,
    policy = DEFAULT_POLICY,
    serviceName,
  } = getEndpointNamed({ unit, region }, name);
  const own = serviceName.slice(serviceName.lastIndexOf(".") + 1);
  const refuse = refusalsOf(own);
  if (signed && region !== scope) {
    throw refuse("misscoped", `Credential should be scoped to a valid region, not '${scope}'.`);
  }
  if (service !== own) throw refuse("misscoped", `Credential should be scoped to correct service: '${own}'.`);
  return { id, account, region, vpcId, policy };
}
