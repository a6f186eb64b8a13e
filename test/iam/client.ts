import { IAMClient } from "@aws-sdk/client-iam";
import type { Islet } from "../../server/index.ts";
import { configOf, freshKeys, sharedIslet, type Keys } from "../islet.ts";

export interface FreshIam {
  readonly iam: IAMClient;
  readonly account: string;
  readonly islet: Islet;
  readonly keys: Keys;
  /** The same service, called with other keys. */
  readonly as: (keys: Keys) => IAMClient;
}

/** IAM of a fresh account, called by its root. */
export async function freshIam(server?: Islet): Promise<FreshIam> {
  const islet = server ?? (await sharedIslet());
  const { account, ...keys } = freshKeys(islet);
  const as = (other: Keys): IAMClient => new IAMClient(configOf(islet, other));
  return { iam: as(keys), account, islet, keys, as };
}

const allow = (Action: string | readonly string[], more: object = {}): object => ({
  Effect: "Allow",
  Action,
  Resource: "*",
  ...more,
});

/** A document with one statement that allows an action on everything. */
export const allowing = (action: string | readonly string[], more: object = {}): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [allow(action, more)] });

/** A trust policy. */
export const trusting = (principal: object | string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: principal, Action: "sts:AssumeRole" }],
  });

export const trustEc2 = trusting({ Service: "ec2.amazonaws.com" });

/** A document as IAM answers it, read. */
export const read = (document: string | undefined): unknown => JSON.parse(decodeURIComponent(document ?? ""));
