import { parsePrefix, type Prefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";

/**
 * Reads a CIDR block that a caller gives; bits behind the prefix are cleared, as EC2 does.
 *
 * @param parameter as EC2 names it in its message: `cidrBlock`
 * @throws {ApiError} InvalidParameterValue if it is none, or of the other version
 */
export function readCidr(text: string, parameter: string, version?: 4 | 6): Prefix {
  const prefix = parsePrefix(text);
  if (!prefix || (version && prefix.version !== version)) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${text}) for parameter ${parameter} is invalid. This is not a valid CIDR block.`,
    );
  }
  return prefix;
}

/** A block that is known to be one, because it comes from a row. */
export function storedCidr(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (!prefix) throw new TypeError(`not a CIDR block: ${text}`);
  return prefix;
}
