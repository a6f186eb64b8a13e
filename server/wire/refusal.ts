import { ApiError } from "../errors.ts";
import type { Protocol } from "./shape.ts";

/** What a protocol answers to a request that is not of its form. Names are parameters as the request spells them. */
export interface Refusals {
  /** @param version as the request gave it */
  readonly action: (action: string, version: string | undefined) => ApiError;
  readonly version: (action: string, version: string | undefined) => ApiError;
  /** A name that the operation does not have, or that is a value where a structure belongs, or the reverse. */
  readonly unknown: (name: string) => ApiError;
  readonly missing: (name: string) => ApiError;
  /** @param type what the text was to be: `integer`, `timestamp`, … */
  readonly malformed: (name: string, text: string, type: string) => ApiError;
  readonly enumeration: (name: string, text: string, values: ReadonlySet<string>) => ApiError;
  /** A character that XML 1.0 cannot carry. */
  readonly character: (name: string) => ApiError;
  /** @param maximum in characters */
  readonly length: (name: string, maximum: number) => ApiError;
}

/**
 * EC2 names a missing or unknown parameter as it was to be sent, and an invalid value by the name inside
 * (`maxResults`). What follows "is invalid." is in our words: EC2's differ from operation to operation.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
const ec2Query: Refusals = {
  action: (action) => new ApiError("InvalidAction", quotable(action)),
  version: (_, version) =>
    version === undefined
      ? new ApiError("MissingParameter", "Version")
      : new ApiError("NoSuchVersion", quotable(version), "AmazonEC2"),
  unknown: (name) => new ApiError("UnknownParameter", quotable(name)),
  missing: (name) => new ApiError("MissingParameter", name),
  malformed: (name, text, type) =>
    new ApiError(
      "InvalidParameterValue",
      `Value (${quotable(text)}) for parameter ${uncapitalized(name)} is invalid. Expecting ${forms[type] ?? type}.`,
    ),
  enumeration: (name, text) =>
    new ApiError(
      "InvalidParameterValue",
      `Value (${quotable(text)}) for parameter ${uncapitalized(name)} is invalid.`,
    ),
  character: (name) => new ApiError("InvalidCharacter", name),
  length: (name, maximum) =>
    new ApiError(
      "InvalidParameterValue",
      `Value for parameter ${uncapitalized(name)} is invalid. It is longer than ${maximum} characters.`,
    ),
};

/**
 * Services of this protocol find an operation by name and version, answer `MalformedInput` to what they cannot
 * parse and `ValidationError` to what breaks a constraint of the model, with the member's path in it
 * (`tags.1.member.key`).
 */
const awsQuery: Refusals = {
  action: (action, version) =>
    new ApiError("InvalidAction", quotable(action), quotable(version ?? "NO_VERSION_SPECIFIED")),
  version: (action, version) => awsQuery.action(action, version),
  unknown: (name) => new ApiError("MalformedInput", `Unexpected parameter ${quotable(name)}`),
  missing: (name) => constraint(name, "null", "Member must not be null"),
  malformed: (name, text, type) =>
    new ApiError(
      "MalformedInput",
      `Value '${quotable(text)}' at '${memberPath(name)}' is not ${forms[type] ?? type}`,
    ),
  enumeration: (name, text, values) =>
    constraint(
      name,
      `'${quotable(text)}'`,
      `Member must satisfy enum value set: [${[...values].join(", ")}]`,
    ),
  // The pattern is the one that IAM's and STS's own models give for text.
  character: (name) =>
    new ApiError(
      "ValidationError",
      `1 validation error detected: Value at '${memberPath(name)}' failed to satisfy constraint: ` +
        String.raw`Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+`,
    ),
  length: (name, maximum) =>
    new ApiError(
      "ValidationError",
      `1 validation error detected: Value at '${memberPath(name)}' failed to satisfy constraint: ` +
        `Member must have length less than or equal to ${maximum}`,
    ),
};

/**
 * The EBS direct APIs do not say how their constraints are told when they are broken; this is how the services of AWS's
 * JSON protocols do. Names are members.
 */
const restJson: Refusals = {
  action: () => new ApiError("UnknownOperationException"),
  version: () => new ApiError("UnknownOperationException"),
  unknown: (name) => new ApiError("SerializationException", `Unexpected member ${quotable(name)}`),
  missing: (name) => violation(name, "null", "Member must not be null"),
  malformed: (name, text, type) =>
    new ApiError(
      "SerializationException",
      `Value '${quotable(text)}' at '${memberPath(name)}' is not ${forms[type] ?? type}`,
    ),
  enumeration: (name, text, values) =>
    violation(name, `'${quotable(text)}'`, `Member must satisfy enum value set: [${[...values].join(", ")}]`),
  character: (name) =>
    new ApiError("SerializationException", `A character at '${memberPath(name)}' is not valid`),
  length: (name, maximum) => violation(name, "", `Member must have length less than or equal to ${maximum}`),
};

/** CloudWatch Logs, so far the one service of this protocol, has a name of its own for what breaks a constraint. */
const awsJson: Refusals = {
  ...restJson,
  missing: (name) => invalidMember(name, "null", "Member must not be null"),
  enumeration: (name, text, values) =>
    invalidMember(
      name,
      `'${quotable(text)}'`,
      `Member must satisfy enum value set: [${[...values].join(", ")}]`,
    ),
  length: (name, maximum) =>
    invalidMember(name, "", `Member must have length less than or equal to ${maximum}`),
};

export const refusals: Readonly<Record<Protocol, Refusals>> = { ec2Query, awsQuery, restJson, awsJson };

const forms: Readonly<Record<string, string>> = {
  integer: "an integer",
  double: "a number",
  boolean: "true or false",
  timestamp: "a date and time in the form YYYY-MM-DDThh:mm:ssZ",
  blob: "a base64 text",
};

function constraint(name: string, value: string, rule: string): ApiError {
  return new ApiError(
    "ValidationError",
    `1 validation error detected: Value ${value} at '${memberPath(name)}' failed to satisfy constraint: ${rule}`,
  );
}

function invalidMember(name: string, value: string, rule: string): ApiError {
  return new ApiError(
    "InvalidParameterException",
    `1 validation error detected: Value ${value} at '${memberPath(name)}' failed to satisfy constraint: ${rule}`,
  );
}

function violation(name: string, value: string, rule: string): ApiError {
  return new ApiError(
    "ValidationException",
    "INVALID_PARAMETER_VALUE",
    `1 validation error detected: Value ${value} at '${memberPath(name)}' failed to satisfy constraint: ${rule}`,
  );
}

/** A client's own text, short enough to be said back. */
function quotable(text: string): string {
  return text.length <= 256 ? text : `${text.slice(0, 256)}…`;
}

/** `Placement.Tenancy` → `placement.tenancy` */
function uncapitalized(name: string): string {
  return name.replaceAll(/(?<=^|\.)[A-Z]/g, (letter) => letter.toLowerCase());
}

/** `Tags.member.1.Key` → `tags.1.member.key` */
function memberPath(name: string): string {
  return uncapitalized(name).replaceAll(/\bmember\.(\d+)/g, "$1.member");
}
