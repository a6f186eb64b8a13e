import { hash, timingSafeEqual } from "node:crypto";
import { readHeaders, readTarget, signatureOf, signedNames } from "./canonical.ts";
import type { Target } from "./canonical.ts";
import { basicFormat, isPresigned, readHeaderClaim, readQueryClaim } from "./claim.ts";
import type { Claim } from "./claim.ts";
import { refusalsOf } from "./refusals.ts";
import type { Refuse } from "./refusals.ts";
import { remembering } from "./remembering.ts";

/** A request as it came in, whole and undecoded. */
export interface SignedRequest {
  method: string;
  /** Path and query exactly as on the request line. */
  target: string;
  /** Node's `rawHeaders`: name, value, name, value, … */
  rawHeaders: readonly string[];
  body: Buffer;
}

export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
  /** Present when the key is temporary. */
  sessionToken?: string;
  /** When a temporary key ends, in milliseconds since 1970. */
  expires?: number;
}

export interface Verified<Key extends AccessKey> {
  key: Key;
  service: string;
  region: string;
  /** How the signature came. */
  via: "header" | "query";
  /** In milliseconds since 1970. */
  signedAt: number;
}

export interface Verification<Key extends AccessKey> {
  /** By the clock that clients sign by, in milliseconds since 1970. */
  now: number;
  /** By the clock that keys expire by, where that is another one. */
  keyTime?: number;
  findKey: (accessKeyId: string) => Key | undefined;
  /** The names that services have in credential scopes. */
  services: ReadonlySet<string>;
  /** Any region that is spelled like one, unless given. */
  regions?: ReadonlySet<string>;
  /** Whether a request may leave its body out of the signature, as some do that have a signed checksum of it. */
  unsignedBody?: boolean;
  /** Whose errors to answer with when the request is for no known service: EC2's, unless given. */
  fallback?: string;
}

/** How far a client's clock may be off, in milliseconds. */
const skew = 5 * 60_000;

const regionName = /^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/;
const serviceName = /^[a-z][a-z0-9-]*$/;

/**
 * Whose request this is, by its Signature Version 4, in the Authorization header or the query string.
 *
 * Nothing of the request is read beyond what the signature needs: the body is hashed, not parsed. Throws the error that
 * the service in the request's credential scope answers with; refusals.ts has them. That a token is wrong or a key has
 * expired is told only to who has the key's secret.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function verifySignature<Key extends AccessKey>(
  request: SignedRequest,
  options: Verification<Key>,
): Verified<Key> {
  const refuse: Refuse = (cause, detail) => {
    const named = peekScope(request)?.service;
    const known = named !== undefined && options.services.has(named);
    return refusalsOf(known ? named : (options.fallback ?? "ec2"))(cause, detail);
  };
  const target = readTarget(request.target);
  if (!target) throw refuse("malformed", "The request target is not a valid path and query string.");
  const headers = readHeaders(request.rawHeaders);
  const claim = readClaim(request, target, headers, refuse);
  checkTime(claim, options.now, refuse);
  checkCoverage(claim, headers, refuse);
  checkScope(claim, options, refuse);

  const { accessKeyId, service, region } = claim.credential;
  const key = /^\w{1,128}$/.test(accessKeyId) ? options.findKey(accessKeyId) : undefined;
  if (!key) throw refuse("unknownKey");
  const bodyHash = hashOfBody(request.body, target, headers, options.unsignedBody ?? false);
  if (bodyHash === undefined) throw refuse("mismatched");
  const { method } = request;
  const { signedHeaders, signature, time } = claim;
  const { timestamp, signedAt } = time;
  const signed = { method, target, headers, bodyHash, signedHeaders, timestamp, region, service };
  const expected = signatureOf(signed, key.secretAccessKey);
  if (expected === undefined || !isSameDigest(signature, expected)) throw refuse("mismatched");
  if (!hasToken(key, claim.sessionToken)) throw refuse("badToken");
  if (key.expires !== undefined && (options.keyTime ?? options.now) >= key.expires)
    throw refuse("expiredKey");

  return { key, service, region, via: claim.via, signedAt };
}

/** The service and region a request says it is for: unverified, to choose the protocol of an error by. */
export function peekScope(
  request: Pick<SignedRequest, "target" | "rawHeaders">,
): { service: string; region: string } | undefined {
  const [authorization] = authorizations(request.rawHeaders);
  const credential =
    authorization === undefined
      ? /[?&]X-Amz-Credential=([^&]*)/.exec(request.target)?.[1]?.replace(/%2f/gi, "/")
      : credentialIn(authorization);
  return credential === undefined ? undefined : scopeOf(credential);
}

const CREDENTIAL = "Credential=";

function credentialIn(authorization: string): string | undefined {
  const start = authorization.indexOf(CREDENTIAL) + CREDENTIAL.length;
  if (start < CREDENTIAL.length) return undefined;
  const comma = authorization.indexOf(",", start);
  return authorization.slice(start, comma < 0 ? undefined : comma).trim();
}

const scopeOf = remembering((credential): { service: string; region: string } | undefined => {
  const [, , region = "", service = ""] = credential.split("/");
  return regionName.test(region) && serviceName.test(service) ? { service, region } : undefined;
});

const AUTHORIZATION = "authorization";

/** The Authorization headers, of which there should be one at most. */
export function authorizations(rawHeaders: readonly string[]): string[] {
  const found: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === AUTHORIZATION.length && name.toLowerCase() === AUTHORIZATION) {
      found.push(rawHeaders[i + 1] ?? "");
    }
  }
  return found;
}

function readClaim(
  request: SignedRequest,
  target: Target,
  headers: ReadonlyMap<string, string>,
  refuse: Refuse,
): Claim {
  const authorization = headers.get("authorization");
  const presigned = isPresigned(target.query);
  if (authorization !== undefined && presigned)
    throw refuse(
      "ambiguous",
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    );
  if (presigned) return readQueryClaim(target.query, refuse);
  if (authorization === undefined) {
    // Version 2 has its parameters in the query string, or in the body, which is looked through but not read.
    const outdated = target.query.has("AWSAccessKeyId") || request.body.includes("AWSAccessKeyId=");
    throw refuse(outdated ? "outdated" : "unsigned");
  }
  // Version 2 and its forerunner: `AWS keyid:signature`, `AWS3-HTTPS …`.
  if (/^AWS3?(?:-HTTPS)?\s/.test(authorization)) throw refuse("outdated");
  if (authorizations(request.rawHeaders).length > 1)
    throw refuse("malformed", "Request has more than one Authorization header.");
  return readHeaderClaim(authorization, headers, refuse);
}

function checkTime({ time: { signedAt, timestamp }, expires }: Claim, now: number, refuse: Refuse): void {
  const life = expires === undefined ? skew : expires * 1000;
  if (signedAt < now - life)
    throw refuse(
      "untimely",
      `Signature expired: ${timestamp} is now earlier than ${basicFormat(now - life)} (${basicFormat(now)} - ${span(life)})`,
    );
  if (signedAt > now + skew)
    throw refuse(
      "untimely",
      `Signature not yet current: ${timestamp} is still later than ${basicFormat(now + skew)} (${basicFormat(now)} + ${span(skew)})`,
    );
}

function span(milliseconds: number): string {
  return milliseconds % 60_000 === 0 ? `${milliseconds / 60_000} min.` : `${milliseconds / 1000} s.`;
}

/**
 * The host and every x-amz-* header must be signed. Documentation asks for Content-Type too, but AWS goes on without it
 * (aws/aws-sdk-go#194), and so do older clients.
 */
function checkCoverage(claim: Claim, headers: ReadonlyMap<string, string>, refuse: Refuse): void {
  const signed = signedNames(claim.signedHeaders) ?? claim.signedHeaders.split(";");
  if (!signed.includes("host"))
    throw refuse("uncovered", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  for (const name of headers.keys())
    if (name.startsWith("x-amz-") && !signed.includes(name))
      throw refuse("uncovered", `'${name}' must be a 'SignedHeader' in the AWS Authorization.`);
}

function checkScope<Key extends AccessKey>(
  { credential, time: { timestamp } }: Claim,
  { services, regions }: Verification<Key>,
  refuse: Refuse,
): void {
  const faults: string[] = [];
  const day = timestamp.slice(0, 8);
  if (!regionName.test(credential.region) || (regions && !regions.has(credential.region)))
    faults.push(`Credential should be scoped to a valid region, not '${credential.region}'.`);
  if (!serviceName.test(credential.service) || !services.has(credential.service))
    faults.push(`Credential should be scoped to correct service: '${[...services].join("', '")}'.`);
  if (credential.terminator !== "aws4_request")
    faults.push(
      `Credential should be scoped with a valid terminator: 'aws4_request', not '${credential.terminator}'.`,
    );
  if (credential.date !== day)
    faults.push(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${credential.date}' != '${day}', from '${timestamp}'.`,
    );
  if (faults.length > 0) throw refuse("misscoped", faults.join(" "));
}

/** What stands for the body in what is signed; undefined if it is not what X-Amz-Content-Sha256 declares. */
function hashOfBody(
  body: Buffer,
  target: Target,
  headers: ReadonlyMap<string, string>,
  unsignedBody: boolean,
): string | undefined {
  const declared = target.query.get("X-Amz-Content-Sha256") ?? [];
  const header = headers.get("x-amz-content-sha256");
  if (unsignedBody && header === "UNSIGNED-PAYLOAD" && declared.length === 0) return header;
  const digest = sha256(body);
  const isDeclared = (header ?? digest) === digest && declared.every((text) => text === digest);
  return isDeclared ? digest : undefined;
}

/** Tokens may differ in length, so their digests are compared. */
function hasToken(key: AccessKey, token: string | undefined): boolean {
  if (key.sessionToken === undefined || token === undefined) return key.sessionToken === token;
  return isSameDigest(sha256(token), sha256(key.sessionToken));
}

const DIGEST = 64;
const given = Buffer.alloc(DIGEST);
const computed = Buffer.alloc(DIGEST);

/** Compares a text with a digest in hexadecimal, in a time that does not depend on where they differ. */
function isSameDigest(text: string, digest: string): boolean {
  if (!/^[0-9a-f]{64}$/.test(text)) return false;
  given.write(text, "latin1");
  computed.write(digest, "latin1");
  return timingSafeEqual(given, computed);
}

function sha256(data: string | Buffer): string {
  return hash("sha256", data, "hex");
}
