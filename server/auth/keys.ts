import type { Caller } from "../kit/context.ts";
import type { Chance } from "../kit/chance.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";
import type { AccessKey } from "./sigv4.ts";

/** A pair of keys and whom it speaks for. Lives in the global unit. */
export interface KeyRow extends Row {
  readonly secret: string;
  readonly arn: string;
  readonly userId: string;
  /** Both are there for temporary keys alone. */
  readonly token?: string;
  /** Milliseconds since the epoch. */
  readonly expires?: number;
}

export interface CallerKey extends AccessKey {
  readonly caller: Caller;
  /** Whether this is the key by which the server itself is operated. */
  readonly operator: boolean;
}

export const keyTable: TableDefinition<KeyRow> = {
  name: "access-key",
  indexes: { account: ({ account }) => account },
};

/** The account that the operator's own key, and `test`, is root of. */
const OPERATOR_ACCOUNT = "000000000000";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export const rootArn = (account: string): string => `arn:aws:iam::${account}:root`;

/** Letters and digits as AWS uses them in key ids: `AKIA` + 16 for lasting keys, `ASIA` + 16 for temporary ones. */
export const newKeyId = (chance: Chance, prefix: "AKIA" | "ASIA"): string =>
  prefix + [...chance.bytes(16)].map((byte) => BASE32[byte & 31]).join("");

/** 40 characters, as AWS's secrets have. */
export const newSecret = (chance: Chance): string => chance.bytes(30).toString("base64");

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
  return {
    find(accessKeyId) {
      if (accessKeyId === operator.accessKeyId) {
        return rootKey(accessKeyId, operator.secretAccessKey, OPERATOR_ACCOUNT);
      }
      const row = global().table(keyTable).get(accessKeyId);
      if (row) {
        const { id, account, arn, userId, secret, token, expires } = row;
        return {
          accessKeyId: id,
          secretAccessKey: secret,
          ...(token !== undefined && { sessionToken: token }),
          ...(expires !== undefined && { expires }),
          operator: account === OPERATOR_ACCOUNT && arn === rootArn(OPERATOR_ACCOUNT),
          caller: { account, accessKeyId: id, arn, userId },
        };
      }
      return wellKnown && /^\d{12}$/.test(accessKeyId)
        ? rootKey(accessKeyId, "test", accessKeyId)
        : undefined;
    },
  };
}
