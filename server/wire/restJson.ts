import type { ApiError } from "../errors.ts";
import { jsonName, ownValue, readBody, readJson, toJson } from "./json.ts";
import { refusals } from "./refusal.ts";
import type { HttpForm, Operation, Service, ServiceId } from "./service.ts";
import type { Member, Shape, TextShape } from "./shape.ts";
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

export function restError(error: ApiError, service: ServiceId): RestAnswer {
  const { name, status, reason } = jsonName(error, service);
  return {
    status,
    headers: { "content-type": JSON_TYPE, "x-amzn-errortype": name },
    body: JSON.stringify({ Message: error.message, Reason: reason }),
  };
}
