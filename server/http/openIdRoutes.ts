import type { Cloud } from "../cloud.ts";
import { putOpenIdKeys, readOpenIdKey, type OpenIdKey } from "../iam/openIdKeys.ts";
import { required } from "./fields.ts";
import { allow, invalid, type Fields, type Route } from "./operator.ts";

const MOST_KEYS = 100;

/** A JSON Web Key Set, or the list that is in it. */
function readKeys(fields: Fields): OpenIdKey[] {
  const { Keys } = fields;
  const list: unknown = typeof Keys === "object" && Keys !== null && "keys" in Keys ? Keys.keys : Keys;
  if (!Array.isArray(list) || list.length > MOST_KEYS) throw invalid("Keys", Keys);
  return list.map((each: unknown, i) => {
    const key = readOpenIdKey(each);
    if (!key) throw invalid(`Keys.${i}`, "not a public key of RSA, from 2048 bits, or P-256");
    return key;
  });
}

/**
 * There is no internet: the operator says what an OpenID Connect provider's `jwks_uri` would answer, whole; an empty
 * list takes all keys back.
 */
export const openIdRoutes = (cloud: () => Cloud): Readonly<Record<string, Route>> => ({
  "POST openid-keys": (fields) => {
    allow(fields, "Url", "Keys");
    const url = required(fields, "Url");
    if (!url.startsWith("https://") || !URL.canParse(url)) throw invalid("Url", url);
    const keys = readKeys(fields);
    const { global } = cloud();
    global.transact(() => putOpenIdKeys(global, url, keys));
    return { Url: url, Keys: keys.map(({ kid, kty }) => ({ kid, kty })) };
  },
});
