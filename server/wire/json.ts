/** JSON values as the protocols of JSON write them, and what these protocols call the errors that all services share. */
import { ApiError, type ErrorCode } from "../errors.ts";
import { refusals } from "./refusal.ts";
import type { Service, ServiceId } from "./service.ts";
import type { ListShape, MapShape, Shape, StructureShape } from "./shape.ts";
import { parseText } from "./text.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The members of a body.
 *
 * @throws {ApiError} SerializationException
 */
export function readBody(bytes: Uint8Array): Readonly<Record<string, unknown>> {
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

export const ownValue = (object: Readonly<Record<string, unknown>>, name: string): unknown =>
  Object.hasOwn(object, name) ? object[name] : undefined;

/**
 * A value in the form of the SDK's types. Members of structures that the schema does not know are left out, as JSON's
 * protocols do it.
 *
 * @param name the path to the value, for what is thrown
 * @throws {ApiError} SerializationException for what is not of its type, ValidationException for what is missing
 */
export function readJson(shape: Shape, value: unknown, name: string, service: Service): unknown {
  if (value === undefined || value === null) return undefined;
  if (shape.kind === "structure") return readStructure(shape, value, name, service);
  if (shape.kind === "list") return readList(shape, value, name, service);
  if (shape.kind === "map") return readMap(shape, value, name, service);
  if (shape.kind === "timestamp") return readSeconds(value, name);
  if (shape.kind === "string" || shape.kind === "blob") {
    if (typeof value !== "string") throw wrongType(name, "a string");
    return parseText(shape, value, name, { refuse: refusals[service.protocol], service });
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
    else if (member.required) throw refusals[service.protocol].missing(path);
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

/** @throws TypeError for a member that the schema does not have, and for a value of the wrong type */
export function toJson(shape: Shape, value: unknown, owner: string): unknown {
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

/** What RAM calls some of them. */
const namesInRam: typeof names = {
  ...names,
  IdempotentParameterMismatch: ["IdempotentParameterMismatchException", 400],
  InvalidPaginationToken: ["InvalidNextTokenException", 400],
  InvalidParameterValue: ["InvalidParameterException", 400],
  TagLimitExceeded: ["TagLimitExceededException", 400],
};

/** What an error is called in the protocols of JSON. */
export function jsonName(
  { code, status, reason }: ApiError,
  service?: ServiceId,
): {
  readonly name: string;
  readonly status: number;
  readonly reason: string | undefined;
} {
  const [name, itsStatus, itsReason] = (service === "ram" ? namesInRam : names)[code] ?? [
    code,
    status,
    reason,
  ];
  return { name, status: itsStatus, reason: itsReason };
}
