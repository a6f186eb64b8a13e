import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { vpcEndpointServices } from "./vpcEndpointService.ts";

const FORMS: readonly (readonly [type: Sdk.PrincipalType, form: RegExp])[] = [
  ["All", /^\*$/],
  ["Account", /^arn:aws:iam::\d{12}:root$/],
  // "Principal ARNs with path components aren't supported."
  ["User", /^arn:aws:iam::\d{12}:user\/[\w+=,.@-]{1,64}$/],
  ["Role", /^arn:aws:iam::\d{12}:role\/[\w+=,.@-]{1,64}$/],
  ["Service", /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com$/],
];

const typeOf = (principal: string): Sdk.PrincipalType | undefined =>
  FORMS.find(([, form]) => form.test(principal))?.[0];

type DescribeInput = Pick<
  Sdk.DescribeVpcEndpointServicePermissionsRequest,
  "Filters" | "MaxResults" | "NextToken"
> & { readonly ServiceId: string };

const describePermissions = describeList({
  output: "AllowedPrincipals",
  filters: {
    principal: ({ Principal }: Sdk.AllowedPrincipal) => Principal,
    "principal-type": ({ PrincipalType }: Sdk.AllowedPrincipal) => PrincipalType,
  },
  of: ({ ServiceId }: DescribeInput, ctx: Context): Sdk.AllowedPrincipal[] => {
    const { id, permissions } = vpcEndpointServices.get(ctx, ServiceId);
    return permissions.map((permission) => ({
      PrincipalType: typeOf(permission.principal),
      Principal: permission.principal,
      ServicePermissionId: permission.id,
      Tags: [],
      ServiceId: id,
    }));
  },
});

export const operations = {
  DescribeVpcEndpointServicePermissions: describePermissions,

  ModifyVpcEndpointServicePermissions: (input, ctx) => {
    const { AddAllowedPrincipals = [], RemoveAllowedPrincipals = [] } = input;
    const { id, permissions } = vpcEndpointServices.get(ctx, input.ServiceId);
    const wrong = [...AddAllowedPrincipals, ...RemoveAllowedPrincipals].find(
      (each) => typeOf(each) === undefined,
    );
    if (wrong !== undefined) throw new ApiError("InvalidPrincipal", wrong);
    const kept = permissions.filter(({ principal }) => !RemoveAllowedPrincipals.includes(principal));
    const added = [...new Set(AddAllowedPrincipals)]
      .filter((principal) => !kept.some((each) => each.principal === principal))
      .map((principal) => ({ id: `vpce-svc-perm-0${ctx.chance.hex(16)}`, principal }));
    vpcEndpointServices.update(ctx, id, { permissions: [...kept, ...added] });
    return {
      AddedPrincipals: added.map((permission) => ({
        PrincipalType: typeOf(permission.principal),
        Principal: permission.principal,
        ServicePermissionId: permission.id,
        ServiceId: id,
      })),
      ReturnValue: true,
    };
  },
} satisfies Handlers;
