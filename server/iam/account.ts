import type * as Iam from "@aws-sdk/client-iam";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { IamHandlers } from "../kit/handlers.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { lastingKeys } from "./accessKey.ts";
import { groups } from "./group.ts";
import { instanceProfiles } from "./instanceProfile.ts";
import { policies } from "./managedPolicy.ts";
import { checkLength, invalid, missing, pageOf } from "./request.ts";
import { roles } from "./role.ts";
import { users } from "./user.ts";

/** Its id is the alias: no two accounts have the same, and none has two. */
const aliases: TableDefinition<Row> = {
  name: "iam-account-alias",
  indexes: { account: ({ account }) => account },
};

const aliasesOf = (ctx: Context): Row[] => ctx.global.table(aliases).by("account", ctx.account);

/** @throws {ApiError} ValidationError */
function checkAlias(alias: string): string {
  checkLength("accountAlias", alias, 3, 63);
  if (/^[a-z0-9](?:[a-z0-9]|-(?!-))*[a-z0-9]$/.test(alias)) return alias;
  throw invalid(
    `1 validation error detected: Value '${alias}' at 'accountAlias' failed to satisfy constraint: ` +
      "Member must satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$",
  );
}

/** What an account may have that never asked for more. */
const usualQuotas: Partial<Record<Iam.SummaryKeyType, number>> = {
  AccessKeysPerUserQuota: 2,
  AssumeRolePolicySizeQuota: 2048,
  AttachedPoliciesPerGroupQuota: 10,
  AttachedPoliciesPerRoleQuota: 10,
  AttachedPoliciesPerUserQuota: 10,
  GlobalEndpointTokenVersion: 1,
  GroupPolicySizeQuota: 5120,
  GroupsPerUserQuota: 10,
  GroupsQuota: 300,
  InstanceProfilesQuota: 1000,
  PoliciesQuota: 1500,
  PolicySizeQuota: 6144,
  PolicyVersionsInUseQuota: 10_000,
  RolePolicySizeQuota: 10_240,
  RolesQuota: 1000,
  ServerCertificatesQuota: 20,
  SigningCertificatesPerUserQuota: 2,
  UserPolicySizeQuota: 2048,
  UsersQuota: 5000,
  VersionsPerPolicyQuota: 5,
};

export const operations = {
  CreateAccountAlias: ({ AccountAlias }, ctx) => {
    const id = checkAlias(AccountAlias);
    const table = ctx.global.table(aliases);
    const other = table.get(id);
    if (other && other.account !== ctx.account) {
      throw new ApiError("EntityAlreadyExists", `The account alias ${AccountAlias} already exists.`);
    }
    for (const before of aliasesOf(ctx)) table.remove(before.id);
    table.insert({ id, seq: ctx.global.nextSeq(), account: ctx.account });
    return {};
  },

  DeleteAccountAlias: ({ AccountAlias }, ctx) => {
    const [alias] = aliasesOf(ctx);
    if (alias?.id !== checkAlias(AccountAlias)) {
      throw missing(`The Account Alias ${AccountAlias} cannot be found.`);
    }
    ctx.global.table(aliases).remove(alias.id);
    return {};
  },

  GetAccountSummary: (_input, ctx) => {
    const own = policies.own(ctx);
    const summary: Partial<Record<Iam.SummaryKeyType, number>> = {
      ...usualQuotas,
      AccountAccessKeysPresent: lastingKeys(ctx, ctx.account).length > 0 ? 1 : 0,
      AccountMFAEnabled: 0,
      AccountPasswordPresent: 0,
      AccountSigningCertificatesPresent: 0,
      Groups: groups.own(ctx).length,
      InstanceProfiles: instanceProfiles.own(ctx).length,
      MFADevices: 0,
      MFADevicesInUse: 0,
      Policies: own.length,
      PolicyVersionsInUse: own.reduce((sum, { versions }) => sum + versions.length, 0),
      Providers: 0,
      Roles: roles.own(ctx).length,
      ServerCertificates: 0,
      Users: users.own(ctx).length,
    };
    return { SummaryMap: summary };
  },

  ListAccountAliases: (input, ctx) => {
    const { items, rest } = pageOf(ctx, aliasesOf(ctx), input, ({ id }) => id);
    return { AccountAliases: items.map(({ id }) => id), ...rest };
  },
} satisfies IamHandlers;
