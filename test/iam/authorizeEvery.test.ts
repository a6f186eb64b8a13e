import * as Logs from "@aws-sdk/client-cloudwatch-logs";
import * as Ebs from "@aws-sdk/client-ebs";
import * as Ec2 from "@aws-sdk/client-ec2";
import * as Iam from "@aws-sdk/client-iam";
import * as Sts from "@aws-sdk/client-sts";
import { expect, test } from "vitest";
import { ebsHandlers } from "../../server/ebs/registry.ts";
import { ec2Handlers } from "../../server/ec2/registry.ts";
import { iamHandlers } from "../../server/iam/registry.ts";
import { logsHandlers } from "../../server/logs/registry.ts";
import { stsHandlers } from "../../server/sts/registry.ts";
import { loadService, type ServiceId } from "../../server/wire/service.ts";
import { configOf } from "../islet.ts";
import { minimalInput } from "./minimalInput.ts";
import { asUser } from "./person.ts";

interface Sender {
  readonly send: (command: never) => Promise<unknown>;
}
type Commands = Readonly<Record<string, unknown>>;
type CommandClass = new (input: object) => never;

const person = await asUser();
const as = (keys: typeof person.keys) => configOf(person.islet, keys);

/** How an operation is refused to a user without policies, and to root; `ok` if it is not. */
async function codesOf(
  operations: Iterable<string>,
  service: ServiceId,
  commands: Commands,
  client: Sender,
): Promise<Record<string, string>> {
  const { operations: schemas } = await loadService(service);
  const codes: Record<string, string> = {};
  for (const name of operations) {
    const command = new (commands[`${name}Command`] as CommandClass)(
      minimalInput(schemas.get(name)?.input.required ?? []),
    );
    codes[name] = await client.send(command).then(
      () => "ok",
      (error: unknown) => (error as Error).name,
    );
  }
  return codes;
}

/** Open to everybody who has a key, or decided on by what they are about. */
const open: ReadonlySet<string> = new Set(["AssumeRole", "GetCallerIdentity", "GetSessionToken"]);

const unsigned: ReadonlySet<string> = new Set(["AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"]);

test.each<[ServiceId, ReadonlyMap<string, unknown>, Commands, (keys: typeof person.keys) => Sender, string]>([
  ["ec2", ec2Handlers, Ec2, (keys) => new Ec2.EC2Client(as(keys)), "UnauthorizedOperation"],
  ["iam", iamHandlers, Iam, (keys) => new Iam.IAMClient(as(keys)), "AccessDenied"],
  ["sts", stsHandlers, Sts, (keys) => new Sts.STSClient(as(keys)), "AccessDenied"],
  ["ebs", ebsHandlers, Ebs, (keys) => new Ebs.EBSClient(as(keys)), "AccessDeniedException"],
  ["logs", logsHandlers, Logs, (keys) => new Logs.CloudWatchLogsClient(as(keys)), "AccessDeniedException"],
])(
  "%s: a user without policies may do nothing, and root everything",
  async (id, handlers, commands, clientOf, code) => {
    const operations = [...handlers.keys()].filter((name) => !open.has(name) && !unsigned.has(name));
    const refusals = await codesOf(operations, id, commands, clientOf(person.userKeys));
    expect(Object.entries(refusals).filter(([, each]) => each !== code)).toEqual([]);
    const answers = await codesOf(operations, id, commands, clientOf(person.keys));
    expect(Object.entries(answers).filter(([, each]) => each === code)).toEqual([]);
    expect(Object.entries(answers).filter(([, each]) => each === "InternalError")).toEqual([]);
  },
  120_000,
);
