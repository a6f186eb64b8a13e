import type { Context } from "../kit/context.ts";
import type { IamHandlers } from "../kit/handlers.ts";
import { checkPathPrefix, pageOf, type PageRequest } from "./request.ts";
import { userOf } from "./user.ts";

/** Nobody can have any of these here; who deletes a user asks for them all the same. */
function none(ctx: Context, name: string | undefined, page: PageRequest) {
  const { id = ctx.account } = name === undefined ? {} : userOf(ctx, name);
  return pageOf(ctx, [], page, () => "", id).rest;
}

export const operations = {
  ListMFADevices: ({ UserName, ...page }, ctx) => ({ MFADevices: [], ...none(ctx, UserName, page) }),

  ListSSHPublicKeys: ({ UserName, ...page }, ctx) => ({ SSHPublicKeys: [], ...none(ctx, UserName, page) }),

  ListServerCertificates: ({ PathPrefix, ...page }, ctx) => {
    checkPathPrefix(PathPrefix);
    return { ServerCertificateMetadataList: [], ...none(ctx, undefined, page) };
  },

  ListServiceSpecificCredentials: ({ UserName, ServiceName: _any, AllUsers, ...page }, ctx) => ({
    ServiceSpecificCredentials: [],
    ...none(ctx, AllUsers ? undefined : UserName, page),
  }),

  ListSigningCertificates: ({ UserName, ...page }, ctx) => ({
    Certificates: [],
    ...none(ctx, UserName, page),
  }),

  ListVirtualMFADevices: ({ AssignmentStatus: _any, ...page }, ctx) => ({
    VirtualMFADevices: [],
    ...none(ctx, undefined, page),
  }),
} satisfies IamHandlers;
