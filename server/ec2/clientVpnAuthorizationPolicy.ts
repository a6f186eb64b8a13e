import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { compileCedar, type CedarRecord } from "./cedar.ts";
import { CedarError } from "./cedarTokens.ts";
import {
  settle,
  usableEndpoint,
  type ClientAuthorizationPolicy,
  type ClientVpnEndpoint,
} from "./clientVpnEndpoint.ts";

/** Characters; EC2 does not say. */
const LONGEST = 10_000;

/** @throws {ApiError} InvalidParameterValue for what is no policy in Cedar, or says more than can be asked here */
function readDocument(text: string): string {
  if (text.length > LONGEST) throw new ApiError("InvalidParameterValue", "The policy document is too long.");
  try {
    compileCedar(text);
  } catch (error) {
    if (!(error instanceof CedarError)) throw error;
    throw new ApiError("InvalidParameterValue", `The policy document is not valid: ${error.message}.`);
  }
  return text;
}

/** The policy that is asked: none that is on its way out. */
export const policyOf = ({ policy }: ClientVpnEndpoint): ClientAuthorizationPolicy | undefined =>
  policy?.state === "deleting" ? undefined : policy;

/**
 * Whether the policy lets a connection be, of which `context` is all that is known; without a policy, it does.
 *
 * @see https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/device-posture-policies-cedar.html
 */
export function isPermitted(endpoint: ClientVpnEndpoint, context: CedarRecord): boolean {
  const policy = policyOf(endpoint);
  return !policy || policy.shadow || compileCedar(policy.document)(context);
}

const notFound = (id: string): ApiError =>
  new ApiError("InvalidClientVpnEndpointAuthorizationPolicyNotFound", id);

export const operations = {
  DeleteClientVpnEndpointAuthorizationPolicy: ({ ClientVpnEndpointId }, ctx) => {
    const endpoint = usableEndpoint(ctx, ClientVpnEndpointId);
    const { id } = endpoint;
    const policy = policyOf(endpoint);
    if (!policy) throw notFound(id);
    settle(ctx, id, 30, { policy: { ...policy, state: "deleting" } });
    return { Status: "deleting" as const };
  },

  GetClientVpnEndpointAuthorizationPolicy: ({ ClientVpnEndpointId }, ctx) => {
    const { id, policy } = usableEndpoint(ctx, ClientVpnEndpointId);
    if (!policy) throw notFound(id);
    return {
      ClientVpnEndpointId: id,
      PolicyDocument: policy.document,
      Description: policy.description,
      ShadowMode: policy.shadow ? ("enabled" as const) : ("disabled" as const),
      Status: policy.state,
    };
  },

  ModifyClientVpnEndpointAuthorizationPolicy: (
    { ClientVpnEndpointId, PolicyDocument, Description, ShadowMode },
    ctx,
  ) => {
    const endpoint = usableEndpoint(ctx, ClientVpnEndpointId);
    const policy = policyOf(endpoint);
    const document = PolicyDocument === undefined ? policy?.document : readDocument(PolicyDocument);
    if (document === undefined) throw new ApiError("MissingParameter", "policyDocument");
    const state = policy ? ("updating" as const) : ("creating" as const);
    const shadow = ShadowMode === undefined ? (policy?.shadow ?? false) : ShadowMode === "enabled";
    const description = Description ?? policy?.description;
    settle(ctx, endpoint.id, 30, { policy: { document, description, shadow, state } });
    return { Status: state };
  },
} satisfies Handlers;

export const partly = {
  ModifyClientVpnEndpointAuthorizationPolicy:
    "Cedar's entities and extension types; policies are asked when a client connects, and not again during its session; what they would have said in shadow mode is not logged",
};
