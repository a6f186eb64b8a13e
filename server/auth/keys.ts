import type { Caller } from "../kit/context.ts";
import type { Chance } from "../kit/chance.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";
import { viewOnce } from "../kit/viewOnce.ts";
import { remembering } from "./remembering.ts";
import type { AccessKey } from "./sigv4.ts";

/** Under what terms a session was opened. */
export interface SessionTerms {
  readonly from:
    | "AssumeRole"
    | "AssumeRoleWithWebIdentity"
    | "GetFederationToken"
    | "GetSessionToken"
    /** EC2, for an instance: opening a session from such a one counts as opening one from none. */
    | "instance";
  /** The unique id of the user who opened it, or the account whose root did: their rights are a federated user's. */
  readonly opener?: string;
  /** Whether policies limit it; for a federated user without any, nothing is allowed. */
  readonly limited: boolean;
  readonly policy?: string;
  /** ARNs of managed policies of its account. */
  readonly policyArns: readonly string[];
  readonly tags: readonly { readonly Key: string; readonly Value: string }[];
  /** Keys of the tags that a session opened from this one has, too. */
  readonly transitive: readonly string[];
  readonly sourceIdentity?: string;
  /** How many sessions it was opened from, one from the other. */
  readonly depth: number;
  /** What else its requests are known to have, by condition keys in lower case. */
  readonly keys: Readonly<Record<string, string | readonly string[]>>;
}

/** A pair of keys and whom it speaks for. Lives in the global unit. */
export interface KeyRow extends Row {
  readonly secret: string;
  readonly arn: string;
  readonly userId: string;
  /** Both are there for temporary keys alone. */
  readonly token?: string;
  /** Milliseconds since the epoch. */
  readonly expires?: number;
  /** Inactive keys are as if they were not there. */
  readonly status?: "Inactive";
  /** Milliseconds since the epoch. */
  readonly created?: number;
  /** Of temporary keys. */
  readonly session?: SessionTerms;
}

export interface CallerKey extends AccessKey {
  readonly caller: Caller;
  /** Whether this is the key by which the server itself is operated. */
  readonly operator: boolean;
}

export const keyTable: TableDefinition<KeyRow> = {
  name: "access-key",
  indexes: {
    account: ({ account }) => account,
    // Of a session, its role or its user, without the name of the session.
    principal: ({ userId }) => userId.split(":", 1)[0],
  },
};

/** When a key was last good for a request, and for which. */
export interface KeyUse {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly region: string;
  readonly service: string;
}

/** Since the process began: a row would be a write for each request. */
const uses = new WeakMap<Unit, Map<string, KeyUse>>();

/** @param global the unit that has the key */
export function noteUse(
  global: Unit,
  accessKeyId: string,
  at: number,
  region: string,
  service: string,
): void {
  // Nobody asks for that of temporary keys, of which there is no end.
  if (!accessKeyId.startsWith("AKIA")) return;
  const use = { at, region, service };
  const known = uses.get(global);
  if (known) known.set(accessKeyId, use);
  else uses.set(global, new Map([[accessKeyId, use]]));
}

export const lastUseOf = (global: Unit, accessKeyId: string): KeyUse | undefined =>
  uses.get(global)?.get(accessKeyId);

/** IAM takes no credentials of GetSessionToken, as nobody can have them with MFA, and none of GetFederationToken. */
export function isBarredFromIam(global: Unit, accessKeyId: string): boolean {
  const from = global.table(keyTable).get(accessKeyId)?.session?.from;
  return from === "GetSessionToken" || from === "GetFederationToken";
}

/** The keys that speak for a user or an account's root, and those of sessions of a role. */
export const keysOf = (global: Unit, principalId: string): KeyRow[] =>
  global.table(keyTable).by("principal", principalId);

/** Makes the keys of a user or a role that is no more good for nothing. */
export function dropKeys(global: Unit, principalId: string): void {
  for (const { id } of keysOf(global, principalId)) global.table(keyTable).remove(id);
}

/** The account that the operator's own key, and `test`, is root of. */
const OPERATOR_ACCOUNT = "000000000000";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export const rootArn = (account: string): string => `arn:aws:iam::${account}:root`;

/** Letters and digits as AWS uses them in key ids: `AKIA` + 16 for lasting keys, `ASIA` + 16 for temporary ones. */
export const newKeyId = (chance: Chance, prefix: "AKIA" | "ASIA"): string =>
  prefix + [...chance.bytes(16)].map((byte) => BASE32[byte & 31]).join("");

/** 40 characters, as AWS's secrets have. */
export const newSecret = (chance: Chance): string => chance.bytes(30).toString("base64");

/** The key that a row holds. Once for each row, as who calls is kept with every call. */
const keyOf = viewOnce((row: KeyRow): CallerKey => {
  const { id, account, arn, userId, secret, token, expires } = row;
  return {
    accessKeyId: id,
    secretAccessKey: secret,
    ...(token !== undefined && { sessionToken: token }),
    ...(expires !== undefined && { expires }),
    operator: account === OPERATOR_ACCOUNT && arn === rootArn(OPERATOR_ACCOUNT),
    caller: { account, accessKeyId: id, arn, userId },
  };
});

export interface Keyring {
  find(accessKeyId: string): CallerKey | undefined;
}

/**
 * Where keys are looked up: the operator's, those in the state, and the well-known ones of a server that only its own
 * machine can reach: a 12-digit key id with the secret `test` is that account's root.
 *
 * @param global a reset makes a new unit
 * @param wellKnown whether the keys that everyone knows are good
 */
export function createKeyring(
  global: () => Unit,
  operator: { readonly accessKeyId: string; readonly secretAccessKey: string },
  wellKnown: boolean,
): Keyring {
  const rootKey = (accessKeyId: string, secretAccessKey: string, account: string): CallerKey => ({
    accessKeyId,
    secretAccessKey,
    operator: account === OPERATOR_ACCOUNT,
    caller: { account, accessKeyId, arn: rootArn(account), userId: account },
  });
  const operatorKey = rootKey(operator.accessKeyId, operator.secretAccessKey, OPERATOR_ACCOUNT);
  const wellKnownKey = remembering((account) =>
    /^\d{12}$/.test(account) ? rootKey(account, "test", account) : undefined,
  );
  return {
    find(accessKeyId) {
      if (accessKeyId === operator.accessKeyId) return operatorKey;
      const row = global().table(keyTable).get(accessKeyId);
      if (row?.status === "Inactive") return undefined;
      if (row) return keyOf(row);
      return wellKnown ? wellKnownKey(accessKeyId) : undefined;
    },
  };
}
