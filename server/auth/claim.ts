import type { Target } from "./canonical.ts";
import type { Refuse } from "./refusals.ts";
import { remembering } from "./remembering.ts";

/** What a signed request says of its own signature, read but not yet believed. */
export interface Claim {
  via: "header" | "query";
  credential: Credential;
  time: SigningTime;
  signedHeaders: string;
  signature: string;
  /** Seconds from then that a presigned request may be used. */
  expires: number | undefined;
  sessionToken: string | undefined;
}

/** A key's id, and the credential scope: `YYYYMMDD`, region, service, and `aws4_request`. */
interface Credential {
  accessKeyId: string;
  date: string;
  region: string;
  service: string;
  terminator: string;
}

interface SigningTime {
  /** `YYYYMMDDThhmmssZ` */
  timestamp: string;
  /** In milliseconds since 1970. */
  signedAt: number;
}

const algorithm = "AWS4-HMAC-SHA256";
const week = 604_800;

/** Reads the Authorization header, `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`. */
export function readHeaderClaim(
  authorization: string,
  headers: ReadonlyMap<string, string>,
  refuse: Refuse,
): Claim {
  const dated = headers.get("x-amz-date") ?? headers.get("date");
  const [, ...usual] = usualHeader.exec(authorization) ?? [];
  const [credential = "", signedHeaders = "", signature = ""] =
    usual.length > 0 ? usual : readParts(authorization, dated, refuse);
  if (!dated) throw refuse("malformed", lackingDate);
  return {
    via: "header",
    credential: readCredential(credential, refuse),
    time: readTime(dated, refuse),
    signature,
    signedHeaders,
    expires: undefined,
    sessionToken: headers.get("x-amz-security-token"),
  };
}

/** As nearly every client writes it. */
const usualHeader =
  /^AWS4-HMAC-SHA256 Credential=([^\s,=]+), ?SignedHeaders=([^\s,=]+), ?Signature=([^\s,=]+)$/;

const lackingDate = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";

/** @returns the credential, the signed headers and the signature */
function readParts(authorization: string, dated: string | undefined, refuse: Refuse): readonly string[] {
  const blank = authorization.search(/\s/);
  const named = blank < 0 ? authorization : authorization.slice(0, blank);
  if (named !== algorithm) throw refuse("malformed", `Unsupported AWS 'algorithm': '${named}'.`);
  const parts = new Map<string, string>();
  for (const part of blank < 0 ? [] : authorization.slice(blank).split(",")) {
    const text = part.trim();
    const equals = text.indexOf("=");
    if (equals < 0)
      throw refuse(
        "malformed",
        `'${text}' not a valid key=value pair (missing equal-sign) in Authorization header.`,
      );
    const name = text.slice(0, equals);
    if (parts.has(name) || !headerParts.includes(name))
      throw refuse("malformed", `Authorization header has an unexpected '${name}' parameter.`);
    parts.set(name, text.slice(equals + 1));
  }
  const lacks = headerParts
    .filter((name) => !parts.get(name))
    .map((name) => `Authorization header requires '${name}' parameter.`);
  if (lacks.length > 0 && !dated) lacks.push(lackingDate);
  if (lacks.length > 0) throw refuse("malformed", lacks.join(" "));
  return ["Credential", "SignedHeaders", "Signature"].map((name) => parts.get(name) ?? "");
}

const headerParts = ["Credential", "Signature", "SignedHeaders"];

const queryParts = [
  "X-Amz-Algorithm",
  "X-Amz-Credential",
  "X-Amz-Signature",
  "X-Amz-SignedHeaders",
  "X-Amz-Date",
];

/** Whether a query string carries a signature, or a part of one. */
export function isPresigned(query: Target["query"]): boolean {
  return query.has("X-Amz-Algorithm") || query.has("X-Amz-Signature") || query.has("X-Amz-Credential");
}

/** Reads the parameters of a presigned request. X-Amz-Expires may be left out, as AWS lets it be. */
export function readQueryClaim(query: Target["query"], refuse: Refuse): Claim {
  const one = (name: string): string | undefined => {
    const values = query.get(name);
    if (values && values.length > 1)
      throw refuse("malformed", `AWS query-string parameters must include '${name}' only once.`);
    return values?.[0];
  };
  const [named, credential, signature, signedHeaders, dated] = queryParts.map(one);
  if (!named || !credential || !signature || !signedHeaders || !dated) {
    const lacks = queryParts
      .filter((name) => !one(name))
      .map((name) => `AWS query-string parameters must include '${name}'.`);
    throw refuse("malformed", `${lacks.join(" ")} Re-examine the query-string parameters.`);
  }
  if (named !== algorithm) throw refuse("malformed", `Unsupported AWS 'algorithm': '${named}'.`);
  return {
    via: "query",
    credential: readCredential(credential, refuse),
    time: readTime(dated, refuse),
    signature,
    signedHeaders,
    expires: readExpires(one("X-Amz-Expires"), refuse),
    sessionToken: one("X-Amz-Security-Token"),
  };
}

function readExpires(text: string | undefined, refuse: Refuse): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > week)
    throw refuse("malformed", `X-Amz-Expires must be a number of seconds from 1 to ${week}.`);
  return seconds;
}

function readCredential(text: string, refuse: Refuse): Credential {
  const credential = splitCredential(text);
  if (!credential)
    throw refuse(
      "malformed",
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${text}'`,
    );
  return credential;
}

const splitCredential = remembering((text): Credential | undefined => {
  const [accessKeyId, date, region, service, terminator, ...rest] = text.split("/");
  if (!accessKeyId || !date || !region || !service || !terminator || rest.length > 0) return undefined;
  return { accessKeyId, date, region, service, terminator };
});

function readTime(text: string, refuse: Refuse): SigningTime {
  const time = parseTime(text);
  if (!time)
    throw refuse(
      "malformed",
      `Date must be in ISO-8601 'basic format'. Got '${text}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    );
  return time;
}

/** Reads X-Amz-Date, or a Date header, which may have HTTP's own format as well. */
const parseTime = remembering((text): SigningTime | undefined => {
  const iso = text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z");
  const signedAt = Date.parse(iso);
  if (Number.isNaN(signedAt)) return undefined;
  const timestamp = basicFormat(signedAt);
  // Date.parse takes more than the two formats, and February 30th for a day in March.
  return timestamp === text || new Date(signedAt).toUTCString() === text
    ? { timestamp, signedAt }
    : undefined;
});

/** ISO 8601's basic format, to the second: `20150830T123600Z`. */
export function basicFormat(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/[-:]|\.\d{3}/g, "");
}
