import { keyTable, rootArn } from "../auth/keys.ts";
import type { Caller } from "../kit/context.ts";
import { isoTime } from "../kit/isoTime.ts";
import type { Unit } from "../state/unit.ts";
import { roles } from "../iam/role.ts";
import { users } from "../iam/user.ts";
import { nameIn } from "./userName.ts";

/** @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html */
export interface UserIdentity {
  readonly type: "Root" | "IAMUser" | "AssumedRole" | "FederatedUser";
  readonly principalId: string;
  readonly arn: string;
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly userName?: string;
  readonly sessionContext?: SessionContext;
}

interface SessionContext {
  /** Who the session was given by; none where somebody asked for a session of their own. */
  readonly sessionIssuer?: {
    readonly type: "Root" | "IAMUser" | "Role";
    readonly principalId: string;
    readonly arn: string;
    readonly accountId: string;
    readonly userName?: string;
  };
  readonly sourceIdentity?: string;
  readonly attributes: { readonly creationDate?: string; readonly mfaAuthenticated: "false" };
}

/** Who made a call, and by which session. @param global the unit that has the keys and the roles */
export function userIdentityOf(caller: Caller, global: Unit): UserIdentity {
  const { account: accountId, accessKeyId, arn, userId: principalId } = caller;
  const common = { principalId, arn, accountId, accessKeyId };
  const key = global.table(keyTable).get(accessKeyId);
  const session =
    key?.token === undefined
      ? undefined
      : {
          ...(key.created !== undefined && { creationDate: isoTime(key.created) }),
          mfaAuthenticated: "false" as const,
        };
  const attributes = session ?? { mfaAuthenticated: "false" as const };
  const [kind = "", name = ""] = arn.slice(arn.lastIndexOf(":") + 1).split("/");
  if (kind === "assumed-role") {
    const sessionIssuer = issuerOf(global, accountId, principalId.split(":", 1)[0] ?? "", name);
    const source = key?.session?.sourceIdentity;
    const sourceIdentity = source === undefined ? {} : { sourceIdentity: source };
    return {
      type: "AssumedRole",
      ...common,
      sessionContext: { sessionIssuer, ...sourceIdentity, attributes },
    };
  }
  const own = session && { sessionContext: { attributes: session } };
  if (arn === rootArn(accountId)) return { type: "Root", ...common, ...own };
  if (kind === "federated-user") {
    const sessionIssuer = openerOf(global, accountId, key?.session?.opener);
    const sessionContext = { ...(sessionIssuer && { sessionIssuer }), attributes };
    return { type: "FederatedUser", ...common, sessionContext };
  }
  return { type: "IAMUser", ...common, userName: nameIn(arn), ...own };
}

/** The role of a session; one that is gone by now is known by its name alone. */
function issuerOf(
  global: Unit,
  accountId: string,
  principalId: string,
  userName: string,
): NonNullable<SessionContext["sessionIssuer"]> {
  const row = roles.table({ global }).get(principalId);
  const arn = row ? roles.arnOf(row) : `arn:aws:iam::${accountId}:role/${userName}`;
  return { type: "Role", principalId, arn, accountId, userName };
}

/** Who opened the session of a federated user, if they are still there. @param opener a user's id, or the account */
function openerOf(
  global: Unit,
  accountId: string,
  opener: string | undefined,
): SessionContext["sessionIssuer"] {
  if (opener === accountId) {
    return { type: "Root", principalId: accountId, arn: rootArn(accountId), accountId };
  }
  const user = opener === undefined ? undefined : users.table({ global }).get(opener);
  if (!user) return undefined;
  return { type: "IAMUser", principalId: user.id, arn: users.arnOf(user), accountId, userName: user.name };
}
