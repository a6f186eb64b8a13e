import { CloudTrailClient, LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  PutRetentionPolicyCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { EBSClient, ListSnapshotBlocksCommand, StartSnapshotCommand } from "@aws-sdk/client-ebs";
import { CreateSnapshotCommand, CreateVolumeCommand } from "@aws-sdk/client-ec2";
import {
  AddRoleToInstanceProfileCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  CreateUserCommand,
  GetUserCommand,
  ListUsersCommand,
  UpdateUserCommand,
} from "@aws-sdk/client-iam";
import {
  DecodeAuthorizationMessageCommand,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import { describe, expect, test } from "vitest";
import { configOf, refused } from "../islet.ts";
import { trustEc2 } from "./client.ts";
import { asUser, onlyIf, statement, type Person } from "./person.ts";

const iamOf = ({ as, userKeys }: Person) => as(userKeys);

describe("IAM", () => {
  test("acts on users by their ARN; who names none means oneself", async () => {
    const person = await asUser(
      statement("Allow", ["iam:GetUser", "iam:CreateAccessKey"], "arn:aws:iam::*:user/${aws:username}"),
    );
    const iam = iamOf(person);
    expect((await iam.send(new GetUserCommand({}))).User?.Arn).toBe(person.arn);
    await iam.send(new CreateAccessKeyCommand({}));
    await refused(
      iam.send(new GetUserCommand({ UserName: "other" })),
      "AccessDenied",
      `User: ${person.arn} is not authorized to perform: iam:GetUser on resource: arn:aws:iam::${person.account}:user/other because no identity-based policy allows the iam:GetUser action`,
    );
    await refused(
      iam.send(new ListUsersCommand()),
      "AccessDenied",
      /iam:ListUsers because no identity-based/,
    );
  });

  test("acts on what has a path and tags", async () => {
    const team = { StringEquals: { "aws:ResourceTag/team": "blue" } };
    const person = await asUser(
      statement("Allow", "iam:CreateUser", "arn:aws:iam::*:user/staff/*"),
      statement("Allow", "iam:GetUser", "arn:aws:iam::*:user/staff/*", { Condition: team }),
    );
    const iam = iamOf(person);
    await iam.send(new CreateUserCommand({ UserName: "inside", Path: "/staff/" }));
    await refused(iam.send(new CreateUserCommand({ UserName: "outside" })), "AccessDenied");
    await refused(iam.send(new GetUserCommand({ UserName: "inside" })), "AccessDenied");
    const Tags = [{ Key: "team", Value: "blue" }];
    await person.iam.send(new CreateUserCommand({ UserName: "blue", Path: "/staff/", Tags }));
    await iam.send(new GetUserCommand({ UserName: "blue" }));
  });

  test("makes nothing with tags for who may not tag", async () => {
    const person = await asUser(statement("Allow", "iam:CreateUser"));
    const Tags = [{ Key: "team", Value: "blue" }];
    const create = () => iamOf(person).send(new CreateUserCommand({ UserName: "blue", Tags }));
    await refused(create(), "AccessDenied", /iam:TagUser on resource: arn:aws:iam::\d+:user\/blue/);
    await person.allow(
      statement("Allow", "iam:CreateUser"),
      onlyIf("iam:TagUser", { StringEquals: { "aws:RequestTag/team": "blue" } }),
    );
    await create();
  });

  test("lets nobody rename into what is not theirs", async () => {
    const person = await asUser(statement("Allow", "iam:UpdateUser", "arn:aws:iam::*:user/staff/*"));
    await person.iam.send(new CreateUserCommand({ UserName: "one", Path: "/staff/" }));
    const rename = (to: object) => iamOf(person).send(new UpdateUserCommand({ UserName: "one", ...to }));
    await rename({ NewUserName: "two" });
    await person.iam.send(new CreateUserCommand({ UserName: "one", Path: "/staff/" }));
    await refused(rename({ NewPath: "/admins/" }), "AccessDenied", /user\/admins\/one/);
  });

  test("can allow some policies to be attached, and only with a boundary", async () => {
    const read = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    const person = await asUser(
      onlyIf("iam:AttachUserPolicy", { ArnEquals: { "iam:PolicyARN": read } }),
      onlyIf("iam:CreateUser", { StringEquals: { "iam:PermissionsBoundary": read } }),
    );
    const iam = iamOf(person);
    const attach = (PolicyArn: string) =>
      iam.send(new AttachUserPolicyCommand({ UserName: person.name, PolicyArn }));
    await attach(read);
    await refused(attach("arn:aws:iam::aws:policy/AdministratorAccess"), "AccessDenied");
    await refused(iam.send(new CreateUserCommand({ UserName: "free" })), "AccessDenied");
    await iam.send(new CreateUserCommand({ UserName: "bound", PermissionsBoundary: read }));
  });

  test("wants a role to be passed by who may pass it", async () => {
    const person = await asUser(statement("Allow", "iam:AddRoleToInstanceProfile"));
    await person.iam.send(new CreateRoleCommand({ RoleName: "worker", AssumeRolePolicyDocument: trustEc2 }));
    await person.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: "worker" }));
    const add = () =>
      iamOf(person).send(
        new AddRoleToInstanceProfileCommand({ InstanceProfileName: "worker", RoleName: "worker" }),
      );
    await refused(add(), "AccessDenied", /iam:PassRole on resource: arn:aws:iam::\d+:role\/worker/);
    await person.allow(
      statement("Allow", "iam:AddRoleToInstanceProfile"),
      onlyIf("iam:PassRole", { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } }),
    );
    await add();
  });
});

describe("STS", () => {
  test("tells everybody who they are, and gives them sessions", async () => {
    const person = await asUser(statement("Deny", "*"));
    const sts = new STSClient(configOf(person.islet, person.userKeys));
    expect((await sts.send(new GetCallerIdentityCommand())).Arn).toBe(person.arn);
    await sts.send(new GetSessionTokenCommand());
    await refused(
      sts.send(new DecodeAuthorizationMessageCommand({ EncodedMessage: "none" })),
      "AccessDenied",
      /sts:DecodeAuthorizationMessage with an explicit deny/,
    );
  });
});

describe("the EBS direct APIs", () => {
  test("act on snapshots, by their tags", async () => {
    const person = await asUser(
      onlyIf("ebs:ListSnapshotBlocks", { StringEquals: { "aws:ResourceTag/team": "blue" } }),
    );
    const { VolumeId } = await person.root.send(
      new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 1 }),
    );
    const snapshot = async (Value: string): Promise<string> => {
      const TagSpecifications = [{ ResourceType: "snapshot" as const, Tags: [{ Key: "team", Value }] }];
      const made = await person.root.send(new CreateSnapshotCommand({ VolumeId, TagSpecifications }));
      return made.SnapshotId ?? "";
    };
    const ebs = new EBSClient(configOf(person.islet, person.userKeys));
    await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId: await snapshot("blue") }));
    const red = await snapshot("red");
    await refused(
      ebs.send(new ListSnapshotBlocksCommand({ SnapshotId: red })),
      "AccessDeniedException",
      new RegExp(`ebs:ListSnapshotBlocks on resource: arn:aws:ec2:us-east-1::snapshot/${red}`),
    );
    await refused(ebs.send(new StartSnapshotCommand({ VolumeSize: 1 })), "AccessDeniedException");
    await person.allow(onlyIf("ebs:StartSnapshot", { NumericEquals: { "ebs:VolumeSize": "1" } }));
    await ebs.send(new StartSnapshotCommand({ VolumeSize: 1 }));
    await refused(ebs.send(new StartSnapshotCommand({ VolumeSize: 2 })), "AccessDeniedException");
    const Tags = [{ Key: "team", Value: "blue" }];
    await refused(
      ebs.send(new StartSnapshotCommand({ VolumeSize: 1, Tags })),
      "AccessDeniedException",
      /ec2:CreateTags on resource: arn:aws:ec2:us-east-1::snapshot\/\*/,
    );
  });
});

describe("CloudWatch Logs", () => {
  test("makes no group with tags for who may not tag", async () => {
    const person = await asUser(statement("Allow", "logs:CreateLogGroup"));
    const logs = new CloudWatchLogsClient(configOf(person.islet, person.userKeys));
    const create = () => logs.send(new CreateLogGroupCommand({ logGroupName: "a", tags: { team: "blue" } }));
    await refused(create(), "AccessDeniedException", /logs:TagResource/);
    await person.allow(
      statement("Allow", "logs:CreateLogGroup"),
      onlyIf("logs:TagResource", { StringEquals: { "aws:RequestTag/team": "blue" } }),
    );
    await create();
  });

  test("acts on groups, as on their streams", async () => {
    const person = await asUser();
    const arn = `arn:aws:logs:us-east-1:${person.account}:log-group`;
    await person.allow(statement("Allow", "logs:*", `${arn}:/app/*:*`));
    const logs = new CloudWatchLogsClient(configOf(person.islet, person.userKeys));
    await logs.send(new CreateLogGroupCommand({ logGroupName: "/app/web" }));
    await logs.send(new PutRetentionPolicyCommand({ logGroupName: "/app/web", retentionInDays: 1 }));
    await logs.send(new DescribeLogStreamsCommand({ logGroupName: "/app/web" }));
    await refused(
      logs.send(new CreateLogGroupCommand({ logGroupName: "/other" })),
      "AccessDeniedException",
      `User: ${person.arn} is not authorized to perform: logs:CreateLogGroup on resource: ${arn}:/other:log-stream: because no identity-based policy allows the logs:CreateLogGroup action`,
    );
    await refused(logs.send(new DescribeLogGroupsCommand()), "AccessDeniedException");
  });
});

test("CloudTrail's events are looked up by who may, and they are the own account's", async () => {
  const person = await asUser();
  const trail = new CloudTrailClient(configOf(person.islet, person.userKeys));
  const lookUp = () => trail.send(new LookupEventsCommand({}));
  await refused(
    lookUp(),
    "AccessDeniedException",
    `User: ${person.arn} is not authorized to perform: cloudtrail:LookupEvents because no identity-based policy allows the cloudtrail:LookupEvents action`,
  );
  await person.allow(statement("Allow", "cloudtrail:LookupEvents", "arn:aws:cloudtrail:*:*:trail/mine"));
  await refused(lookUp(), "AccessDeniedException");
  await person.allow(statement("Allow", "cloudtrail:LookupEvents"));
  const { Events = [] } = await lookUp();
  const accounts = Events.map(({ CloudTrailEvent = "{}" }) => {
    const { recipientAccountId } = JSON.parse(CloudTrailEvent) as { recipientAccountId?: string };
    return recipientAccountId;
  });
  expect(new Set(accounts)).toEqual(new Set([person.account]));
});
