import { ApiError } from "../errors.ts";

/** Nobody has an MFA device: whoever names one is told what AWS tells of a wrong code. @throws {ApiError} AccessDenied */
export function refuseMfa({
  SerialNumber,
  TokenCode,
}: {
  readonly SerialNumber?: string | undefined;
  readonly TokenCode?: string | undefined;
}): void {
  if (SerialNumber === undefined && TokenCode === undefined) return;
  throw new ApiError(
    "AccessDenied",
    "MultiFactorAuthentication failed, unable to validate MFA code. Please verify your MFA serial number is valid and associated with this user.",
  );
}
