import { ApiError, type ErrorCode } from "../errors.ts";
import { refusals } from "./refusal.ts";
import type { HttpForm, Operation, Service } from "./service.ts";
import type { ListShape, MapShape, Member, Shape, StructureShape, TextShape } from "./shape.ts";
import { parseText } from "./text.ts";

/** A request of a REST protocol, not yet understood. */
export interface RestRequest {
  readonly method: string;
  /** As on the request line: encoded. */
  readonly path: string;
  /** Decoded, without what belongs to the signature or not: nobody asks for that by name. */
  readonly query: ReadonlyMap<string, readonly string[]>;
  /** By names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** An operation with the parts of the path that are its input. */
export interface Found {
  readonly operation: Operation;
  readonly labels: ReadonlyMap<string, string>;
}

const refuse = refusals.restJson;

/** The operation of this method and path. @throws {ApiError} UnknownOperationException */
export function findRestOperation(service: Service, { method, path }: RestRequest): Found {
  const segments = path.split("/");
  for (const operation of service.operations.values()) {
    const labels = operation.http?.method === method ? matchPath(operation.http, segments) : undefined;
    if (labels) return { operation, labels };
  }
  throw refuse.action(path, undefined);
}

function matchPath({ path }: HttpForm, segments: readonly string[]): Map<string, string> | undefined {
  const template = path.split("/");
  if (template.length !== segments.length) return undefined;
  const labels = new Map<string, string>();
  for (const [index, part] of template.entries()) {
    const segment = segments[index] ?? "";
    const label = /^\{(\w+)\}$/.exec(part)?.[1];
    if (label === undefined) {
      if (part !== segment) return undefined;
    } else {
      const value = decodeSegment(segment);
      if (value === undefined || value === "") return undefined;
      labels.set(label, value);
    }
  }
  return labels;
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/**
 * An operation's input, in the form of the SDK's input types. Members of the body that it does not know are left
 * out, as JSON's protocols do it.
 *
 * @throws {ApiError} SerializationException for what is not of its type, ValidationException for what is missing
 */
export function decodeRest({ operation, labels }: Found, request: RestRequest): Record<string, unknown> {
  const { input, service } = operation;
  const members = [...input.members.values()];
  const values: Record<string, unknown> = {};
  const body = members.some(({ http }) => http === undefined) ? readBody(request.body) : undefined;
  for (const member of members) {
    const value = readMember(member, labels, request, body, service);
    if (value !== undefined) values[member.name] = value;
    else if (member.required) throw refuse.missing(member.name);
  }
  return values;
}

function readMember(
  { name, http, shape }: Member,
  labels: ReadonlyMap<string, string>,
  request: RestRequest,
  body: Readonly<Record<string, unknown>> | undefined,
  service: Service,
): unknown {
  if (http === undefined) return body && readJson(shape, ownValue(body, name), name, service);
  if (http.in === "payload") return request.body;
  const text =
    http.in === "label"
      ? labels.get(http.name)
      : http.in === "header"
        ? request.headers.get(http.name)
        : request.query.get(http.name)?.[0];
  return text === undefined ? undefined : parseText(textShape(shape), text, name, { refuse, service });
}

function textShape(shape: Shape): TextShape {
  if (shape.kind === "structure" || shape.kind === "list" || shape.kind === "map") {
    throw new TypeError(`a ${shape.kind} in a header or path`);
  }
  return shape;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function readBody(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  if (bytes.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    throw new ApiError("SerializationException", "The body is not JSON.");
  }
  if (isObject(value)) return value;
  throw new ApiError("SerializationException", "The body is not a JSON object.");
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const ownValue = (object: Readonly<Record<string, unknown>>, name: string): unknown =>
  Object.hasOwn(object, name) ? object[name] : undefined;

/** @param name the path to the value, for what is thrown */
function readJson(shape: Shape, value: unknown, name: string, service: Service): unknown {
  if (value === undefined || value === null) return undefined;
  if (shape.kind === "structure") return readStructure(shape, value, name, service);
  if (shape.kind === "list") return readList(shape, value, name, service);
  if (shape.kind === "map") return readMap(shape, value, name, service);
  if (shape.kind === "timestamp") return readSeconds(value, name);
  if (shape.kind === "string" || shape.kind === "blob") {
    if (typeof value !== "string") throw wrongType(name, "a string");
    return parseText(shape, value, name, { refuse, service });
  }
  const { is, called } = plainTypes[shape.kind];
  if (!is(value)) throw wrongType(name, called);
  return value;
}

const plainTypes = {
  boolean: { is: (value: unknown) => typeof value === "boolean", called: "true or false" },
  integer: { is: Number.isSafeInteger, called: "an integer" },
  double: { is: (value: unknown) => typeof value === "number", called: "a number" },
} as const;

function readList({ element }: ListShape, value: unknown, name: string, service: Service): unknown[] {
  if (!Array.isArray(value)) throw wrongType(name, "a list");
  return value.map((each, index) => {
    const path = `${name}.${index + 1}`;
    const read = readJson(element, each, path, service);
    if (read === undefined) throw wrongType(path, "a value");
    return read;
  });
}

function readMap({ entries }: MapShape, value: unknown, name: string, service: Service): object {
  if (!isObject(value)) throw wrongType(name, "an object");
  const shape = entries.element.members.get("value")?.shape;
  // Without a prototype, so that no key a client chooses means anything else.
  const map: Record<string, unknown> = Object.create(null);
  for (const [key, each] of Object.entries(value)) {
    if (shape) map[key] = readJson(shape, each, `${name}.${key}`, service);
  }
  return map;
}

function readStructure(shape: StructureShape, value: unknown, name: string, service: Service): object {
  if (!isObject(value)) throw wrongType(name, "an object");
  const structure: Record<string, unknown> = {};
  for (const member of shape.members.values()) {
    const path = `${name}.${member.name}`;
    const read = readJson(member.shape, ownValue(value, member.name), path, service);
    if (read !== undefined) structure[member.name] = read;
    else if (member.required) throw refuse.missing(path);
  }
  return structure;
}

/** Timestamps are seconds since the epoch, with a fraction. */
function readSeconds(value: unknown, name: string): Date {
  const date = new Date(typeof value === "number" ? value * 1000 : Number.NaN);
  if (Number.isNaN(date.getTime())) throw wrongType(name, "a time in seconds");
  return date;
}

const wrongType = (name: string, expected: string): ApiError =>
  new ApiError("SerializationException", `The value at '${name}' is not ${expected}.`);

/** What goes over HTTP as the answer. */
export interface RestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** An answer as text, so that it can be given again to another request. */
interface Encoded {
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, or bytes in base64. */
  readonly json?: string;
  readonly base64?: string;
}

/**
 * The output as text that `restAnswer` makes an answer of.
 *
 * @throws TypeError for a member that the output's schema does not have, and for a value of the wrong type
 */
export function encodeRest({ name, output }: Operation, value: object): string {
  const headers: Record<string, string> = {};
  const members: Record<string, unknown> = {};
  let payload: Uint8Array | undefined;
  for (const [key, each] of Object.entries(value)) {
    const member = output?.members.get(key);
    if (!member) throw new TypeError(`${name} has no output ${key}`);
    if (each === undefined) continue;
    if (member.http?.in === "header") headers[member.http.name] = String(each);
    else if (member.http?.in === "payload") payload = each as Uint8Array;
    else members[key] = toJson(member.shape, each, `${name}.${key}`);
  }
  const encoded: Encoded = payload
    ? { headers, base64: Buffer.from(payload).toString("base64") }
    : { headers, json: JSON.stringify(members) };
  return JSON.stringify(encoded);
}

function toJson(shape: Shape, value: unknown, owner: string): unknown {
  if (value === undefined || shape.kind === "map") return value;
  if (shape.kind === "list")
    return (value as readonly unknown[]).map((each) => toJson(shape.element, each, owner));
  if (shape.kind === "structure") {
    return Object.fromEntries(
      Object.entries(value as object).map(([key, each]) => {
        const member = shape.members.get(key);
        if (!member) throw new TypeError(`${shape.name} has no member ${key}`);
        return [key, toJson(member.shape, each, `${shape.name}.${key}`)];
      }),
    );
  }
  if (shape.kind === "blob") return Buffer.from(value as Uint8Array).toString("base64");
  if (shape.kind === "timestamp" && value instanceof Date) return value.getTime() / 1000;
  if (shape.kind !== "timestamp" && typeof value === jsonTypes[shape.kind]) return value;
  throw new TypeError(`${owner} is no ${shape.kind}`);
}

const jsonTypes = { string: "string", integer: "number", double: "number", boolean: "boolean" } as const;

const JSON_TYPE = "application/json";
const BYTES_TYPE = "application/octet-stream";

/** @param encoded as `encodeRest` made it */
export function restAnswer({ http }: Operation, encoded: string): RestAnswer {
  const { headers, json, base64 } = JSON.parse(encoded) as Encoded;
  return {
    status: http?.status ?? 200,
    headers: { ...headers, "content-type": base64 === undefined ? JSON_TYPE : BYTES_TYPE },
    body: base64 === undefined ? (json ?? "") : Buffer.from(base64, "base64"),
  };
}

/** What the errors that all services share are called where the protocol is JSON. */
const names: Readonly<Partial<Record<ErrorCode, readonly [name: string, status: number, reason?: string]>>> =
  {
    ExpiredToken: ["ExpiredTokenException", 403],
    IdempotentParameterMismatch: ["ConflictException", 409],
    IncompleteSignature: ["IncompleteSignatureException", 400],
    InternalError: ["InternalServerException", 500],
    InvalidClientTokenId: ["UnrecognizedClientException", 403],
    InvalidParameterValue: ["ValidationException", 400, "INVALID_PARAMETER_VALUE"],
    MissingAuthenticationToken: ["MissingAuthenticationTokenException", 403],
    SignatureDoesNotMatch: ["InvalidSignatureException", 403],
    TagLimitExceeded: ["ValidationException", 400, "INVALID_TAG"],
  };

export function restError({ code, status, message, reason }: ApiError): RestAnswer {
  const [name, itsStatus, itsReason] = names[code] ?? [code, status, reason];
  return {
    status: itsStatus,
    headers: { "content-type": JSON_TYPE, "x-amzn-errortype": name },
    body: JSON.stringify({ Message: message, Reason: itsReason }),
  };
}
