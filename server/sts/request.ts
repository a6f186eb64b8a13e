import { ApiError } from "../errors.ts";
import { breach, checkLength } from "../iam/request.ts";

/** @throws {ApiError} ValidationError */
export function checkPattern(member: string, value: string, form: RegExp, pattern: string): void {
  if (form.test(value)) return;
  throw breach(member, value, `Member must satisfy regular expression pattern: ${pattern}`);
}

const NAME = /^[\w+=,.@-]*$/;

/** Of a session, a federated user, a source identity. @throws {ApiError} ValidationError */
export function checkSessionName(member: string, name: string, most = 64): string {
  checkLength(member, name, 2, most);
  checkPattern(member, name, NAME, String.raw`[\w+=,.@-]*`);
  return name;
}

const LEAST_ARN = 20;
const MOST_ARN = 2048;

/** A role as its ARN names it. @throws {ApiError} ValidationError */
export function readRoleArn(arn: string): { readonly account: string } {
  checkLength("roleArn", arn, LEAST_ARN, MOST_ARN);
  const account = /^arn:aws:iam::(\d{12}):role\/(?:[!-~]+\/)?[\w+=,.@-]+$/.exec(arn)?.[1];
  if (account !== undefined) return { account };
  throw new ApiError(
    "ValidationError",
    arn.startsWith("arn:") ? `${arn} is invalid` : "Request ARN is invalid",
  );
}
