import { ApiError } from "../../errors.ts";

const MAX_BYTES = 16_384;

/** Base64 in its usual alphabet; line breaks, which many tools put in, do not count. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/**
 * User data as a launch names it, without line breaks; undefined for none.
 *
 * @throws {ApiError} InvalidUserData.Malformed, InvalidParameterValue above 16 KB
 */
export function readUserData(text: string | undefined): string | undefined {
  const base64 = text?.replaceAll(/\s/g, "");
  if (!base64) return undefined;
  if (!BASE64.test(base64)) throw new ApiError("InvalidUserData.Malformed");
  return encodeUserData(Buffer.from(base64, "base64"));
}

/** @throws {ApiError} InvalidParameterValue above 16 KB */
export function encodeUserData(bytes: Uint8Array): string {
  if (bytes.length > MAX_BYTES) {
    throw new ApiError("InvalidParameterValue", `User data is limited to ${MAX_BYTES} bytes`);
  }
  return Buffer.from(bytes).toString("base64");
}
