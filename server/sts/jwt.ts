import { createPublicKey, verify, type JsonWebKey, type KeyObject } from "node:crypto";
import type { OpenIdKey } from "../iam/openIdKeys.ts";

export type Claims = Readonly<Record<string, unknown>>;

/** A JSON Web Token, read but not yet believed. */
export interface Jwt {
  readonly algorithm: string;
  /** Which of its issuer's keys it says it is signed by. */
  readonly keyId: string | undefined;
  readonly claims: Claims;
  readonly signed: string;
  readonly signature: Buffer;
}

/** Bytes have one text only: what differs from it is not what was signed. */
function readBytes(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, "base64url");
  return bytes.toString("base64url") === part ? bytes : undefined;
}

function readPart(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(readBytes(part)?.toString("utf8") ?? "");
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Claims)
      : undefined;
  } catch {
    return undefined;
  }
}

/** @see https://www.rfc-editor.org/rfc/rfc7515#section-3.1 */
export function readJwt(token: string): Jwt | undefined {
  const [head = "", body = "", seal = "", ...rest] = token.split(".");
  const signature = readBytes(seal);
  if (rest.length > 0 || seal === "" || !signature) return undefined;
  const header = readPart(head);
  const claims = readPart(body);
  const algorithm = header?.["alg"];
  const keyId = header?.["kid"];
  if (!claims || typeof algorithm !== "string") return undefined;
  // What must be understood is not.
  if (header?.["crit"] !== undefined || (keyId !== undefined && typeof keyId !== "string")) return undefined;
  return { algorithm, keyId, claims, signed: `${head}.${body}`, signature };
}

/** A token that names no algorithm, or one of a shared secret, is signed by nobody. */
const fits = (algorithm: string, key: KeyObject): boolean =>
  algorithm === "RS256"
    ? key.asymmetricKeyType === "rsa"
    : algorithm === "ES256" && key.asymmetricKeyDetails?.namedCurve === "prime256v1";

/** The key that a token says it is signed by; without a name, the only one that there is of its algorithm. */
export function keyFor({ algorithm, keyId }: Jwt, keys: readonly OpenIdKey[]): KeyObject | undefined {
  const named = keyId === undefined ? keys : keys.filter(({ kid }) => kid === keyId);
  const fitting = named
    .map((each) => createPublicKey({ key: each as JsonWebKey, format: "jwk" }))
    .filter((each) => fits(algorithm, each));
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** @param key one of the token's algorithm; ECDSA signatures are the two numbers side by side, as RFC 7518 has them */
export const isSignedBy = ({ signed, signature }: Jwt, key: KeyObject): boolean =>
  verify("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }, signature);
