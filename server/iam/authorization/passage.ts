import type { Origin } from "../../kit/origin.ts";
import type { Source } from "../applicable.ts";
import type { Policies } from "../policy/evaluate.ts";
import { policyOf } from "../policy/policy.ts";

/**
 * The policies that apply to a call, with that of the VPC endpoint that it came by, if it did.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
 */
export function through(origin: Origin | undefined, policies: Policies): Policies {
  if (!origin?.passage) return policies;
  const { id: name, policy: document } = origin.passage;
  const endpoint: Source = { name, document, policy: policyOf(document) };
  return { ...policies, endpoint };
}
