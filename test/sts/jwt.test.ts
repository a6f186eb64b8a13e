import fc from "fast-check";
import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { readOpenIdKey, type OpenIdKey } from "../../server/iam/openIdKeys.ts";
import { isSignedBy, keyFor, readJwt } from "../../server/sts/jwt.ts";

const seed = 5;
const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = readOpenIdKey({ ...publicKey.export({ format: "jwk" }), kid: "k" });
const keys: readonly OpenIdKey[] = key ? [key] : [];

const part = (text: string): string => Buffer.from(text).toString("base64url");

function tokenOf(claims: object): string {
  const signed = `${part(JSON.stringify({ alg: "ES256", kid: "k" }))}.${part(JSON.stringify(claims))}`;
  const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

/** Whether a token is believed. */
function isBelieved(token: string): boolean {
  const jwt = readJwt(token);
  const found = jwt && keyFor(jwt, keys);
  return jwt !== undefined && found !== undefined && isSignedBy(jwt, found);
}

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

describe("a token", () => {
  test("is believed as it was signed, and read as it was written", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (claims) => {
        const token = tokenOf(claims);
        expect(isBelieved(token)).toBe(true);
        expect(readJwt(token)?.claims).toEqual(JSON.parse(JSON.stringify(claims)));
      }),
      { seed, numRuns: 30 },
    );
  });

  test("is not believed once any of its characters is another, or is not there", () => {
    const token = tokenOf({ sub: "ann", aud: "x" });
    const place = fc.nat(token.length - 1);
    fc.assert(
      fc.property(place, fc.constantFrom(...Array.from(BASE64URL), ".", "", "="), (at, other) => {
        fc.pre(token[at] !== other);
        expect(isBelieved(token.slice(0, at) + other + token.slice(at + 1))).toBe(false);
      }),
      { seed, numRuns: 300 },
    );
  });

  test("may be anything, and nothing breaks", () => {
    const anyPart = fc.oneof(fc.string(), fc.json().map(part), fc.base64String());
    fc.assert(
      fc.property(fc.array(anyPart, { maxLength: 5 }), (parts) => {
        expect(isBelieved(parts.join("."))).toBe(false);
      }),
      { seed, numRuns: 300 },
    );
  });
});
