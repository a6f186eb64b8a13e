import type { UserIdentity } from "./userIdentity.ts";

/** What CloudTrail calls somebody: a user's name, a session's, or `root`. */
export function nameOf({ type, arn, userName }: UserIdentity): string {
  return type === "Root" ? "root" : (userName ?? nameIn(arn));
}

export const nameIn = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);
