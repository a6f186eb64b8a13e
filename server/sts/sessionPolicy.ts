import type * as Sts from "@aws-sdk/client-sts";
import { deflateRawSync } from "node:zlib";
import type { SessionTerms } from "../auth/keys.ts";
import { ApiError } from "../errors.ts";
import { findPolicy } from "../iam/managedPolicy.ts";
import { checkIdentityPolicy } from "../iam/policy/document.ts";
import { breach, checkArn, checkLength, invalid } from "../iam/request.ts";
import type { Context } from "../kit/context.ts";
import { checkPattern } from "./request.ts";

/** Of the inline policy, in characters. */
const MOST_POLICY = 2048;
const MOST_ARNS = 10;

interface PolicyInput {
  readonly Policy?: string | undefined;
  readonly PolicyArns?: readonly Sts.PolicyDescriptorType[] | undefined;
}

/**
 * The policies that a session is to be limited by.
 *
 * @param account the session's, which the managed ones must be in
 * @throws {ApiError} ValidationError, MalformedPolicyDocument
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
 */
export function readPolicies(
  ctx: Context,
  { Policy: policy, PolicyArns: asked = [] }: PolicyInput,
  account: string,
): Pick<SessionTerms, "limited" | "policy" | "policyArns"> {
  if (policy !== undefined) {
    checkLength("policy", policy, 1, MOST_POLICY);
    checkPattern(
      "policy",
      policy,
      /^[\t\n\r\u0020-\u00FF]+$/,
      String.raw`[\u0009\u000A\u000D\u0020-\u00FF]+`,
    );
    checkIdentityPolicy(policy, false);
  }
  if (asked.length > MOST_ARNS) {
    throw breach("policyArns", "", `Member must have length less than or equal to ${MOST_ARNS}`);
  }
  const policyArns = asked.map(({ arn = "" }, i) => {
    checkArn(`policyArns.${i + 1}.member.arn`, arn);
    if (!findPolicy({ ...ctx, account }, arn)) {
      throw invalid(`Policy ${arn} does not exist or is not attachable.`);
    }
    return arn;
  });
  const limited = policy !== undefined || policyArns.length > 0;
  return { limited, policyArns, ...(policy !== undefined && { policy }) };
}

/** In bytes: what a token has room for. */
const PACKED_ROOM = 2048;

/**
 * How much of a token's room the policies and tags of a session take, in percent. AWS does not say how it packs them;
 * here, as RFC 1951 does.
 *
 * @throws {ApiError} PackedPolicyTooLarge
 */
export function packedSize({ policy, policyArns, tags, limited }: SessionTerms): number | undefined {
  if (!limited && tags.length === 0) return undefined;
  const content = JSON.stringify([policy ?? "", policyArns, tags.map(({ Key, Value }) => [Key, Value])]);
  const percent = Math.ceil((deflateRawSync(content).length / PACKED_ROOM) * 100);
  if (percent > 100) throw new ApiError("PackedPolicyTooLarge", percent);
  return percent;
}
