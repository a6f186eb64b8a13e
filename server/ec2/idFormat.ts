import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { numbered } from "../kit/list.ts";
import { takePage } from "../kit/pages.ts";

/**
 * The types whose ids were 8 digits once and are 17 since a day that is long past: the first four since the end of 2016,
 * the others since the middle of 2018. What is asked about them is always answered alike, for every region and user.
 */
const FIRST = ["instance", "reservation", "snapshot", "volume"];
const LATER = [
  "bundle",
  "conversion-task",
  "customer-gateway",
  "dhcp-options",
  "elastic-ip-allocation",
  "elastic-ip-association",
  "export-task",
  "flow-log",
  "image",
  "import-task",
  "internet-gateway",
  "network-acl",
  "network-acl-association",
  "network-interface",
  "network-interface-attachment",
  "prefix-list",
  "route-table",
  "route-table-association",
  "security-group",
  "subnet",
  "subnet-cidr-block-association",
  "vpc",
  "vpc-cidr-block-association",
  "vpc-endpoint",
  "vpc-peering-connection",
  "vpn-connection",
  "vpn-gateway",
];

const status =
  (deadline: string) =>
  (Resource: string): Sdk.IdFormat => ({
    Resource,
    UseLongIds: true,
    Deadline: new Date(deadline),
  });

const statuses: readonly Sdk.IdFormat[] = [
  ...FIRST.map(status("2016-12-15T00:00:00Z")),
  ...LATER.map(status("2018-07-01T00:00:00Z")),
].toSorted((a, b) => ((a.Resource ?? "") < (b.Resource ?? "") ? -1 : 1));

const invalid = (value: string, parameter: string): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${value}) for parameter ${parameter} is invalid.`);

function statusesOf(resource: string | undefined): Sdk.IdFormat[] {
  const asked = statuses.filter((each) => resource === undefined || each.Resource === resource);
  if (asked.length === 0) throw invalid(resource ?? "", "resource");
  return asked;
}

/** @throws {ApiError} InvalidParameterValue unless it is the root, a user or a role of the caller's account */
function checkPrincipal({ account }: Context, arn: string): void {
  const [, owner] = /^arn:aws:iam::(\d{12}):(?:root|(?:user|role)\/.+)$/.exec(arn) ?? [];
  if (owner !== account) throw invalid(arn, "principalArn");
}

/** Long ids can be asked for, and are there; there is no way back to short ones. */
function checkChange(resource: string, useLongIds: boolean): void {
  if (resource !== "all-current" && !LATER.includes(resource)) throw invalid(resource, "resource");
  if (!useLongIds) {
    throw new ApiError(
      "UnsupportedOperation",
      "The opt-in period for longer IDs has ended: all resources are created with longer IDs.",
    );
  }
}

export const operations = {
  DescribeAggregateIdFormat: () => ({ UseLongIdsAggregated: true, Statuses: [...statuses] }),

  DescribeIdentityIdFormat: ({ PrincipalArn, Resource }, ctx) => {
    checkPrincipal(ctx, PrincipalArn);
    return { Statuses: statusesOf(Resource) };
  },

  DescribeIdFormat: ({ Resource }) => ({ Statuses: statusesOf(Resource) }),

  DescribePrincipalIdFormat: ({ Resources, ...page }, ctx) => {
    const asked = Resources?.length ? Resources.flatMap(statusesOf) : [...statuses];
    // Nobody but the root can have another preference, since there is nothing left to prefer.
    const root = { Arn: `arn:aws:iam::${ctx.account}:root`, Statuses: asked };
    const { items, ...next } = takePage(ctx, numbered([root]), page, ({ view }) => view, [1, 1000]);
    return { Principals: items, ...next };
  },

  ModifyIdentityIdFormat: ({ PrincipalArn, Resource, UseLongIds }, ctx) => {
    if (PrincipalArn !== "all") checkPrincipal(ctx, PrincipalArn);
    checkChange(Resource, UseLongIds);
    return {};
  },

  ModifyIdFormat: ({ Resource, UseLongIds }) => {
    checkChange(Resource, UseLongIds);
    return {};
  },
} satisfies Handlers;
