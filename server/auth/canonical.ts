import { hash } from "node:crypto";
import { RequestSigner } from "aws4";
import { remembering } from "./remembering.ts";
import { signingKey } from "./signingKey.ts";

/** A request target as its signature covers it: the path undecoded, the query decoded. */
export interface Target {
  path: string;
  /** Values in the order sent. */
  query: ReadonlyMap<string, readonly string[]>;
}

const ROOT: Target = { path: "/", query: new Map() };

const asciiOnly = /^[\x21-\x7e]*$/;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a target. Answers `undefined` where two different targets would read the same (invalid UTF-8, invalid escapes,
 * parameters without a name): what cannot be told apart could be exchanged under one signature.
 */
export function readTarget(target: string): Target | undefined {
  if (target === "/") return ROOT;
  try {
    const text = asciiOnly.test(target) ? target : utf8.decode(bytesOf(target));
    if (!text.startsWith("/")) return undefined;
    const mark = text.indexOf("?");
    if (mark < 0) return { path: text, query: new Map() };
    return { path: text.slice(0, mark), query: readQuery(text.slice(mark + 1)) };
  } catch {
    return undefined;
  }
}

/** Node.js hands the bytes of the request line over as Latin-1. */
function bytesOf(text: string): Buffer {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) throw new RangeError("not Latin-1");
  return Buffer.from(text, "latin1");
}

function readQuery(text: string): Map<string, string[]> {
  const query = new Map<string, string[]>();
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = unescape(equals < 0 ? pair : pair.slice(0, equals));
    // aws4 leaves both names out of what is signed: the first on purpose, the second because it collects in an object.
    if (name === "" || name === "__proto__") throw new URIError("unsignable parameter");
    const value = equals < 0 ? "" : unescape(pair.slice(equals + 1));
    const values = query.get(name);
    if (values) values.push(value);
    else query.set(name, [value]);
  }
  return query;
}

function unescape(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}

/** Lower-case names to values; the values of repeated headers are joined by commas, as they are signed. */
export function readHeaders(rawHeaders: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? "").toLowerCase();
    const value = rawHeaders[i + 1] ?? "";
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}

export interface Signable {
  method: string;
  target: Target;
  headers: ReadonlyMap<string, string>;
  /** SHA-256 of the body in hexadecimal, or what a client may put in its place. */
  bodyHash: string;
  /** As the client names them: lower case, sorted, between semicolons. */
  signedHeaders: string;
  /** `YYYYMMDDThhmmssZ` */
  timestamp: string;
  region: string;
  service: string;
}

/** The names in a list of signed headers; `undefined` where it is not one that a signature can cover. */
export const signedNames = remembering((list: string): readonly string[] | undefined => {
  const names = list.split(";");
  const isSorted = names.every((name, i) => i === 0 || (names[i - 1] ?? "") < name);
  return isSorted && list === list.toLowerCase() ? names : undefined;
});

/**
 * aws4's arithmetic on what is read already. Left to itself it reads the first 1,000 parameters only, escapes anew what
 * it finds unusual, adds headers of its own and leaves out some (user-agent, range, …) that a client may well sign.
 */
class Signer extends RequestSigner {
  #signedHeaders = "";
  #canonicalHeaders = "";

  constructor() {
    super({ service: "-", region: "-", headers: { host: "-" } }, { secretAccessKey: "-" });
  }

  /** @param canonicalHeaders the signed ones, as they are signed */
  signatureOf(signed: Signable, canonicalHeaders: string, secretAccessKey: string): string {
    this.request = { method: signed.method, headers: { "x-amz-content-sha256": signed.bodyHash } };
    this.credentials = { secretAccessKey };
    this.service = signed.service;
    this.region = signed.region;
    this.parsedPath = { path: signed.target.path, query: unsignedQuery(signed.target.query) };
    this.datetime = signed.timestamp;
    this.#signedHeaders = signed.signedHeaders;
    this.#canonicalHeaders = canonicalHeaders;
    return this.signature();
  }

  override signedHeaders(): string {
    return this.#signedHeaders;
  }

  override canonicalHeaders(): string {
    return this.#canonicalHeaders;
  }

  /** As aws4 puts it together, with digests that make no objects of their own: half of what this costs. */
  override stringToSign(): string {
    const digest = hash("sha256", this.canonicalString(), "hex");
    return `AWS4-HMAC-SHA256\n${this.getDateTime()}\n${this.credentialString()}\n${digest}`;
  }

  override signature(): string {
    const { secretAccessKey } = this.credentials;
    const key = signingKey(`${secretAccessKey},${this.getDate()},${this.region},${this.service}`);
    return key?.sign(this.stringToSign()) ?? "";
  }
}

/** One for all requests: making a signer costs more than what it is needed for, and none is asked for two at a time. */
const signer = new Signer();

/**
 * The signature, in hexadecimal, that `secretAccessKey` makes of this request; `undefined` where the list of signed
 * headers is not one that a signature can cover. Region and service must not contain commas: aws4 keeps signing keys
 * under secret, date, region and service joined by them.
 */
export function signatureOf(request: Signable, secretAccessKey: string): string | undefined {
  const names = signedNames(request.signedHeaders);
  if (!names) return undefined;
  let canonicalHeaders = "";
  for (const name of names) {
    const value = folded(request.headers.get(name));
    if (value === undefined) return undefined;
    canonicalHeaders += canonicalHeaders === "" ? `${name}:${value}` : `\n${name}:${value}`;
  }
  return signer.signatureOf(request, canonicalHeaders, secretAccessKey);
}

/** Blanks and tabs fold; no other kind of white space does, or a no-break space would pass for a blank. */
function folded(value: string | undefined): string | undefined {
  if (value === undefined || !/\s/.test(value)) return value;
  if (/[^\S \t]/.test(value)) return undefined;
  return /^\s|\s$|\s\s|\t/.test(value) ? value.trim().replaceAll(/\s+/g, " ") : value;
}

/** The query without the signature itself. */
function unsignedQuery(query: Target["query"]): Record<string, string[]> {
  const parameters: Record<string, string[]> = {};
  for (const [name, values] of query) if (name !== "X-Amz-Signature") parameters[name] = [...values];
  return parameters;
}
