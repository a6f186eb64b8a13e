import { EC2Client, type EC2ClientConfig } from "@aws-sdk/client-ec2";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { Agent } from "node:https";
import { expect } from "vitest";
import { startIslet, type Answer, type Islet, type Options } from "../server/index.ts";
import { note } from "./seen.ts";

/** One server for all tests of a worker that ask for no other: every test has an account of its own on it. */
let shared: Promise<Islet> | undefined;

export const sharedIslet = (): Promise<Islet> => (shared ??= ownIslet());

/** A server of one's own, to be closed by the test. */
export const ownIslet = (options: Partial<Options> = {}): Promise<Islet> =>
  startIslet({ memory: true, port: 0, logLevel: "error", ...options }, { onAnswer: noteAnswer });

const noteAnswer = ({ operation = "", code = "ok" }: Answer): void => note(operation, code);

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** How any SDK client reaches a server. */
export const configOf = (islet: Pick<Islet, "endpoint" | "ca">, credentials: Keys, region = "us-east-1") => ({
  endpoint: islet.endpoint,
  region,
  credentials,
  maxAttempts: 1,
  requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ca: islet.ca, keepAlive: true }) }),
});

export function freshKeys(islet: Islet): Keys & { readonly account: string } {
  const { AccountId, AccessKeyId, SecretAccessKey } = islet.createAccount();
  return { account: AccountId, accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
}

/** An EC2 client of a fresh account. */
export async function freshClient(
  { region, islet }: { region?: string; islet?: Islet } = {},
  config: Partial<EC2ClientConfig> = {},
): Promise<EC2Client> {
  const server = islet ?? (await sharedIslet());
  return new EC2Client({ ...configOf(server, freshKeys(server), region), ...config });
}

/** Asserts that a call is refused with this code, and, where given, with this message. */
export async function refused(
  call: Promise<unknown>,
  code: string,
  message?: RegExp | string,
): Promise<void> {
  const error: unknown = await call.then(
    () => expect.fail(`the call succeeded, but ${code} was expected`),
    (reason: unknown) => reason,
  );
  const { name, message: text } = error as Error;
  expect({ name, text }).toMatchObject({ name: code });
  if (typeof message === "string") expect(text).toBe(message);
  else if (message) expect(text).toMatch(message);
}
