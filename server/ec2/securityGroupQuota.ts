import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { checkQuota } from "../kit/quotas.ts";
import { groupQuota } from "./createNetworkInterface.ts";
import { securityGroups } from "./securityGroup.ts";

export const operations = {
  /** The rules of the groups need no counting: each group is within its quota, and there are not too many of them. */
  ValidateSecurityGroupQuotasForInterface: ({ SecurityGroupIds: ids }, ctx) => {
    if (ids.length === 0) throw new ApiError("MissingParameter", "securityGroupId");
    if (new Set(ids).size < ids.length) {
      throw new ApiError("InvalidParameterValue", "The same security group must not be specified twice.");
    }
    securityGroups.getAll(ctx, ids);
    checkQuota(ctx, groupQuota, () => ids.length, "");
    return { Valid: true };
  },
} satisfies Handlers;
