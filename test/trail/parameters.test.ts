/** What is secret is in no event, however it was sent and whatever became of it. */
import {
  CreateKeyPairCommand,
  CreateLaunchTemplateCommand,
  DescribeInstancesCommand,
  EC2Client,
  ModifyInstanceAttributeCommand,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  ChangePasswordCommand,
  CreateAccessKeyCommand,
  CreateLoginProfileCommand,
  CreateUserCommand,
  IAMClient,
  UpdateLoginProfileCommand,
} from "@aws-sdk/client-iam";
import { GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { linux } from "../ec2/launch.ts";
import { configOf, freshKeys, sharedIslet } from "../islet.ts";
import { errorOf, send } from "../http/send.ts";
import { operate } from "../operator.ts";

/** Long enough not to be in anything else by chance. */
const secretText = fc.string({
  unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyzABCDEFGH0123456789!#%+/=-_".split("")),
  minLength: 16,
  maxLength: 60,
});

test("secrets that are sent, and those that are answered", async () => {
  const islet = await sharedIslet();
  await fc.assert(
    fc.asyncProperty(secretText, secretText, fc.boolean(), async (text, password, isEncoded) => {
      const keys = freshKeys(islet);
      const config = configOf(islet, keys);
      const [ec2, iam, sts] = [new EC2Client(config), new IAMClient(config), new STSClient(config)];
      const encoded = Buffer.from(text).toString("base64");
      // What is not in base64 is refused, and quoted in no event.
      const UserData = isEncoded ? encoded : text;
      const launch = { ImageId: linux.id, InstanceType: "t3.micro" as const, MinCount: 1, MaxCount: 1 };
      const tried = async <T>(call: Promise<T>): Promise<T | undefined> => call.catch(() => undefined);
      await tried(ec2.send(new RunInstancesCommand({ ...launch, UserData })));
      const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
      const InstanceId = Reservations[0]?.Instances?.[0]?.InstanceId ?? "i-0123456789abcdef0";
      const Value = Buffer.from(text);
      await tried(ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, UserData: { Value } })));
      const LaunchTemplateData = { UserData };
      await tried(
        ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: "one", LaunchTemplateData })),
      );
      const { KeyMaterial = "" } = await ec2.send(new CreateKeyPairCommand({ KeyName: "mine" }));
      const UserName = "alice";
      await iam.send(new CreateUserCommand({ UserName }));
      await tried(iam.send(new CreateLoginProfileCommand({ UserName, Password: password })));
      await tried(iam.send(new UpdateLoginProfileCommand({ UserName: "nobody", Password: password })));
      await tried(iam.send(new ChangePasswordCommand({ OldPassword: password, NewPassword: text })));
      const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
      const { Credentials } = await sts.send(new GetSessionTokenCommand({}));

      const { Records } = await operate(islet, "GET events", { AccountId: keys.account });
      const log = JSON.stringify(Records);
      const secrets = [
        text,
        encoded,
        password,
        KeyMaterial.split("\n")[1],
        keys.secretAccessKey,
        AccessKey?.SecretAccessKey,
        Credentials?.SecretAccessKey,
        Credentials?.SessionToken,
      ];
      for (const secret of secrets) {
        expect(secret).toMatch(/.{16}/);
        expect(log).not.toContain(secret);
      }
      expect((Records as { eventName: string }[]).map(({ eventName }) => eventName)).toEqual([
        "RunInstances",
        "DescribeInstances",
        "ModifyInstanceAttribute",
        "CreateLaunchTemplate",
        "CreateKeyPair",
        "CreateUser",
        "CreateLoginProfile",
        "UpdateLoginProfile",
        "ChangePassword",
        "CreateAccessKey",
        "GetSessionToken",
      ]);
    }),
    { seed: 5, numRuns: 12 },
  );
});

test("secrets that an error repeats to the caller", async () => {
  const islet = await sharedIslet();
  const keys = freshKeys(islet);
  const secret = "(my-own-secret)";
  const ask = (action: string, name: string, rest = "") =>
    send(islet, {
      keys,
      body: `Action=${action}&Version=2016-11-15&${name}=${encodeURIComponent(secret)}${rest}`,
    });
  const instance = "&InstanceId=i-0123456789abcdef0";
  const answers = [
    // Not to be decoded, and decoded.
    await ask("ModifyInstanceAttribute", "UserData.Value", instance),
    await ask(
      "ModifyInstanceAttribute",
      "Value",
      "&Attribute=instanceType&InstanceId=" + encodeURIComponent(secret),
    ),
  ];
  for (const answer of answers)
    expect(errorOf(answer)).toHaveProperty("message", expect.stringContaining(secret));
  const { Records } = await operate(islet, "GET events", { AccountId: keys.account });
  expect(Records).toMatchObject([
    { errorMessage: "HIDDEN_DUE_TO_SECURITY_REASONS" },
    {
      errorMessage: "HIDDEN_DUE_TO_SECURITY_REASONS",
      requestParameters: { value: "<sensitiveDataRemoved>" },
    },
  ]);
});
