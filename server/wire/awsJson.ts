import type { ApiError } from "../errors.ts";
import { jsonName, ownValue, readBody, readJson, toJson } from "./json.ts";
import { refusals } from "./refusal.ts";
import type { RestAnswer } from "./restJson.ts";
import type { Operation, Service } from "./service.ts";

const JSON_TYPE = "application/x-amz-json-1.1";

const refuse = refusals.awsJson;

/**
 * The operation that the header `X-Amz-Target` names: `Logs_20140328.CreateLogGroup`. Some clients put a package before
 * it: `com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents`.
 *
 * @throws {ApiError} UnknownOperationException
 */
export function findJsonOperation({ namespace, operations }: Service, target = ""): Operation {
  const [, prefix, name = ""] = /^(?:com\.amazonaws\.[\w.]{1,99}\.)?(\w+)\.(\w+)$/.exec(target) ?? [];
  const operation = prefix === namespace ? operations.get(name) : undefined;
  if (!operation) throw refuse.action(target, undefined);
  return operation;
}

/**
 * An operation's input, in the form of the SDK's input types.
 *
 * @throws {ApiError} SerializationException for what is not of its type, and what the service answers to what is missing
 */
export function decodeJson({ input, service }: Operation, bytes: Uint8Array): Record<string, unknown> {
  const body = readBody(bytes);
  const values: Record<string, unknown> = {};
  for (const { name, shape, required } of input.members.values()) {
    const value = readJson(shape, ownValue(body, name), name, service);
    if (value !== undefined) values[name] = value;
    else if (required) throw refuse.missing(name);
  }
  return values;
}

/** @throws TypeError for a member that the output's schema does not have, and for a value of the wrong type */
export function encodeJson({ name, output }: Operation, value: object): string {
  if (output) return JSON.stringify(toJson(output, value, name));
  if (Object.keys(value).length > 0) throw new TypeError(`${name} has no output`);
  return "";
}

/** @param encoded as `encodeJson` made it */
export const jsonAnswer = (encoded: string): RestAnswer => ({
  status: 200,
  headers: { "content-type": JSON_TYPE },
  body: encoded,
});

/** These protocols have one status for all that the caller can mend; what it is says `__type`. */
export function jsonError(error: ApiError): RestAnswer {
  return {
    status: error.status < 500 ? 400 : error.status,
    headers: { "content-type": JSON_TYPE },
    body: JSON.stringify({ __type: jsonName(error).name, message: error.message }),
  };
}
