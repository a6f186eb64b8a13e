import { createPublicKey, type JsonWebKey } from "node:crypto";
import type { Row, TableDefinition } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";

/** A public key as RFC 7517 writes it, with what is needed of it. */
export type OpenIdKey = Readonly<Record<string, string>>;

interface OpenIdKeysRow extends Row {
  readonly keys: readonly OpenIdKey[];
}

/** What would be found at the `jwks_uri` of a provider. Nothing is fetched here: the operator says what is there. */
const table: TableDefinition<OpenIdKeysRow> = { name: "openid-keys" };

/** What an issuer is called in ARNs and condition keys: `https://idp.example/a` is `idp.example/a`. */
export const bareUrl = (url: string): string => url.replace(/^https:\/\//, "").replace(/\/$/, "");

/** @param issuer as in tokens, or bare */
export const openIdKeysOf = (global: Unit, issuer: string): readonly OpenIdKey[] =>
  global.table(table).get(bareUrl(issuer))?.keys ?? [];

/** Replaces the keys of an issuer. */
export function putOpenIdKeys(global: Unit, issuer: string, keys: readonly OpenIdKey[]): void {
  const rows = global.table(table);
  const id = bareUrl(issuer);
  const known = rows.get(id);
  const row = { id, seq: known?.seq ?? global.nextSeq(), account: "", keys };
  if (known) rows.replace(row);
  else rows.insert(row);
}

const MEMBERS = ["kty", "kid", "alg", "use", "n", "e", "crv", "x", "y"];
const LEAST_MODULUS = 2048;

/**
 * A public key of RSA, 2048 bits or more, or of the curve P-256; undefined if it is none, or has its private part.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-4
 */
export function readOpenIdKey(value: unknown): OpenIdKey | undefined {
  if (typeof value !== "object" || value === null || "d" in value) return undefined;
  const members = MEMBERS.flatMap((name) => {
    const member = (value as Readonly<Record<string, unknown>>)[name];
    return member === undefined ? [] : ([[name, member]] as const);
  });
  if (!members.every(([, member]) => typeof member === "string")) return undefined;
  const key = Object.fromEntries(members) as OpenIdKey;
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: key as JsonWebKey, format: "jwk" });
    const { modulusLength = 0, namedCurve } = asymmetricKeyDetails ?? {};
    return modulusLength >= LEAST_MODULUS || namedCurve === "prime256v1" ? key : undefined;
  } catch {
    return undefined;
  }
}
