import type * as Sdk from "@aws-sdk/client-ec2";
import { parsePrefix, formatPrefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";

const MESSAGE = /^1\|aws\|(\d{12})\|([0-9a-fA-F.:/]+)\|(\d{4})(\d{2})(\d{2})\|SHA256\|RSAPSS$/;

/** Base64 of which `+`, `=` and `/` are written `-`, `_` and `~`. */
const SIGNATURE = /^[0-9A-Za-z~-]+_{0,2}$/;

/** The end of the day that digits name, in milliseconds since the epoch; undefined for a day that there is not. */
function endOf(year: string, month: string, day: string): number | undefined {
  const text = `${year}-${month}-${day}`;
  const start = Date.parse(text);
  return Number.isNaN(start) || new Date(start).toISOString().slice(0, 10) !== text
    ? undefined
    : start + 86_400_000;
}

/**
 * Makes sure that a signed message says what it must: that the account may bring the range, until a day that has not
 * passed. Whose signature it is only the registries would know.
 *
 * @throws {ApiError} InvalidParameterValue
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/byoip-onboard.html
 */
export function checkAuthorization(
  ctx: Context,
  cidr: string,
  { Message = "", Signature = "" }: Sdk.CidrAuthorizationContext,
): void {
  const refuse = (what: string, why: string): ApiError =>
    new ApiError("InvalidParameterValue", `The ${what} of the cidrAuthorizationContext is invalid: ${why}.`);
  const [, account, range = "", year = "", month = "", day = ""] = MESSAGE.exec(Message) ?? [];
  if (account === undefined) throw refuse("message", "1|aws|account|cidr|YYYYMMDD|SHA256|RSAPSS is expected");
  if (account !== ctx.account) throw refuse("message", `it is about the account ${account}`);
  const block = parsePrefix(range);
  if (!block || formatPrefix(block) !== cidr) throw refuse("message", `it is not about ${cidr}`);
  const expiry = endOf(year, month, day);
  if (expiry === undefined) throw refuse("message", `${year}${month}${day} is not a date`);
  if (expiry <= ctx.now) throw refuse("message", "it has expired");
  if (!SIGNATURE.test(Signature) || Signature.length % 4 !== 0) {
    throw refuse("signature", "base64 with '-', '_' and '~' in place of '+', '=' and '/' is expected");
  }
}
