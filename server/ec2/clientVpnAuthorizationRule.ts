import type * as Sdk from "@aws-sdk/client-ec2";
import { formatPrefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { checkQuota, declareQuota } from "../kit/quotas.ts";
import { readCidr } from "./cidrBlock.ts";
import {
  clientVpnEndpoints,
  settle,
  usableEndpoint,
  type ClientVpnAuthorizationRule,
} from "./clientVpnEndpoint.ts";
import { invalid } from "./clientVpnSettings.ts";

const view = (endpointId: string, rule: ClientVpnAuthorizationRule): Sdk.AuthorizationRule => ({
  ClientVpnEndpointId: endpointId,
  Description: rule.description ?? "",
  GroupId: rule.groupId ?? "",
  AccessAll: rule.groupId === undefined,
  DestinationCidr: rule.destination,
  Status: { Code: rule.state },
});

/** "The maximum length of a group ID is 255 characters." */
const LONGEST_GROUP_ID = 255;

const quota = declareQuota({
  code: "L-9A1BC94B",
  name: "Authorization rules per Client VPN endpoint",
  usual: 200,
  error: () => new ApiError("ClientVpnAuthorizationRuleLimitExceeded"),
});

/**
 * Whom a rule is for: one group, or everybody.
 *
 * @param allName how the call says that it means everybody
 * @returns undefined for everybody
 */
function readGroup(
  groupId: string | undefined,
  all: boolean | undefined,
  allName: string,
): string | undefined {
  if (groupId === undefined) {
    if (all) return undefined;
    throw new ApiError("MissingParameter", "accessGroupId");
  }
  if (all) {
    throw new ApiError(
      "InvalidParameterCombination",
      `The parameter AccessGroupId cannot be used with the parameter ${allName}`,
    );
  }
  if (groupId.length === 0 || groupId.length > LONGEST_GROUP_ID) throw invalid(groupId, "accessGroupId");
  return groupId;
}

const isFor =
  (destination: string, groupId: string | undefined) =>
  (rule: ClientVpnAuthorizationRule): boolean =>
    rule.destination === destination && rule.groupId === groupId;

export const operations = {
  AuthorizeClientVpnIngress: (
    { ClientVpnEndpointId, TargetNetworkCidr, AccessGroupId, AuthorizeAllGroups, Description },
    ctx,
  ) => {
    const { id, rules } = usableEndpoint(ctx, ClientVpnEndpointId);
    const destination = formatPrefix(readCidr(TargetNetworkCidr, "targetNetworkCidr", 4));
    const groupId = readGroup(AccessGroupId, AuthorizeAllGroups, "AuthorizeAllGroups");
    if (rules.some(isFor(destination, groupId))) {
      throw new ApiError("InvalidClientVpnDuplicateAuthorizationRule", destination);
    }
    checkQuota(ctx, quota, () => rules.length + 1, "");
    const rule = { destination, groupId, description: Description, state: "authorizing" as const };
    settle(ctx, id, 30, { rules: [...rules, rule] });
    return { Status: { Code: rule.state } };
  },

  DescribeClientVpnAuthorizationRules: describeList({
    output: "AuthorizationRules",
    filters: {
      description: (rule: Sdk.AuthorizationRule) => rule.Description,
      "destination-cidr": (rule) => rule.DestinationCidr,
      "group-id": (rule) => rule.GroupId,
    },
    of: ({ ClientVpnEndpointId: asked = "" }: Sdk.DescribeClientVpnAuthorizationRulesRequest, ctx) => {
      const { id, rules } = clientVpnEndpoints.get(ctx, asked);
      return rules.map((rule) => view(id, rule));
    },
  }),

  RevokeClientVpnIngress: (
    { ClientVpnEndpointId, TargetNetworkCidr, AccessGroupId, RevokeAllGroups },
    ctx,
  ) => {
    const { id, rules } = usableEndpoint(ctx, ClientVpnEndpointId);
    const destination = formatPrefix(readCidr(TargetNetworkCidr, "targetNetworkCidr", 4));
    const isIt = isFor(destination, readGroup(AccessGroupId, RevokeAllGroups, "RevokeAllGroups"));
    if (!rules.some(isIt)) {
      throw new ApiError("InvalidClientVpnEndpointAuthorizationRuleNotFound", destination, id);
    }
    settle(ctx, id, 30, {
      rules: rules.map((rule) => (isIt(rule) ? { ...rule, state: "revoking" as const } : rule)),
    });
    return { Status: { Code: "revoking" as const } };
  },
} satisfies Handlers;
