/** What the event of a call says. */
import {
  AssociateVpcCidrBlockCommand,
  CreateKeyPairCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DescribeVpcsCommand,
  EC2Client,
  RunInstancesCommand,
  StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { CreateLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  AssumeRoleCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import { describe, expect, test } from "vitest";
import { linux } from "../ec2/launch.ts";
import { configOf, freshKeys, refused, sharedIslet } from "../islet.ts";
import { freshLogs } from "../logs/logs.ts";
import { eventNamed, eventsOf, trailOf } from "./trail.ts";

async function account() {
  const islet = await sharedIslet();
  const keys = freshKeys(islet);
  const config = configOf(islet, keys);
  return { islet, keys, ec2: new EC2Client(config), iam: new IAMClient(config), trail: trailOf(islet, keys) };
}

describe("every event says", () => {
  test("who called, when, from where and how", async () => {
    const { islet, keys, ec2, trail } = await account();
    const { $metadata } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
    const event = await eventNamed(trail, "CreateVpc");
    expect(event).toMatchObject({
      eventVersion: "1.11",
      userIdentity: {
        type: "Root",
        principalId: keys.account,
        arn: `arn:aws:iam::${keys.account}:root`,
        accountId: keys.account,
        accessKeyId: keys.accessKeyId,
      },
      eventSource: "ec2.amazonaws.com",
      awsRegion: "us-east-1",
      sourceIPAddress: "127.0.0.1",
      requestID: $metadata.requestId,
      readOnly: false,
      eventType: "AwsApiCall",
      managementEvent: true,
      recipientAccountId: keys.account,
      eventCategory: "Management",
      tlsDetails: {
        tlsVersion: "TLSv1.3",
        cipherSuite: "TLS_AES_128_GCM_SHA256",
        clientProvidedHostHeader: new URL(islet.endpoint).host,
      },
    });
    expect(event.userAgent).toMatch(/^aws-sdk-js\//);
    expect(event.eventTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(event.eventID).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(event).not.toHaveProperty("errorCode");
  });

  test("whose session it was", async () => {
    const { islet, keys } = await account();
    const { Credentials } = await new STSClient(configOf(islet, keys)).send(new GetSessionTokenCommand({}));
    const session = {
      accessKeyId: Credentials?.AccessKeyId ?? "",
      secretAccessKey: Credentials?.SecretAccessKey ?? "",
      sessionToken: Credentials?.SessionToken ?? "",
    };
    await new EC2Client(configOf(islet, session)).send(new DescribeVpcsCommand({}));
    const { userIdentity } = await eventNamed(trailOf(islet, keys), "DescribeVpcs");
    expect(userIdentity).toMatchObject({
      type: "Root",
      accessKeyId: session.accessKeyId,
      sessionContext: {
        attributes: { creationDate: expect.stringMatching(/Z$/) as string, mfaAuthenticated: "false" },
      },
    });
  });

  test("which role was assumed, and who let somebody in", async () => {
    const { islet, keys, iam, trail } = await account();
    const { account: id } = keys;
    await iam.send(new CreateUserCommand({ UserName: "alice" }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "alice" }));
    const alice = {
      accessKeyId: AccessKey?.AccessKeyId ?? "",
      secretAccessKey: AccessKey?.SecretAccessKey ?? "",
    };
    const allow = (Action: string, more: object): string =>
      JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, ...more }] });
    const everything = allow("*", { Resource: "*" });
    await iam.send(
      new PutUserPolicyCommand({ UserName: "alice", PolicyName: "all", PolicyDocument: everything }),
    );
    const trust = allow("sts:AssumeRole", { Principal: { AWS: id } });
    const { Role } = await iam.send(
      new CreateRoleCommand({ RoleName: "ops", Path: "/team/", AssumeRolePolicyDocument: trust }),
    );
    const sts = new STSClient(configOf(islet, alice));
    const assumed = await sts.send(new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: "night" }));
    const federated = await sts.send(new GetFederationTokenCommand({ Name: "bob", Policy: everything }));
    for (const { Credentials } of [assumed, federated]) {
      const session = {
        accessKeyId: Credentials?.AccessKeyId ?? "",
        secretAccessKey: Credentials?.SecretAccessKey ?? "",
        sessionToken: Credentials?.SessionToken ?? "",
      };
      await new EC2Client(configOf(islet, session)).send(new DescribeVpcsCommand({})).catch(() => undefined);
    }
    const found = await eventsOf(trail);
    const byType = (type: string) =>
      found.find(({ userIdentity }) => userIdentity.type === type)?.userIdentity;
    expect(byType("AssumedRole")).toMatchObject({
      principalId: `${Role?.RoleId ?? ""}:night`,
      arn: `arn:aws:sts::${id}:assumed-role/ops/night`,
      sessionContext: {
        sessionIssuer: {
          type: "Role",
          principalId: Role?.RoleId,
          arn: `arn:aws:iam::${id}:role/team/ops`,
          accountId: id,
          userName: "ops",
        },
        attributes: { mfaAuthenticated: "false" },
      },
    });
    expect(byType("FederatedUser")).toMatchObject({
      arn: `arn:aws:sts::${id}:federated-user/bob`,
      sessionContext: { sessionIssuer: { type: "IAMUser", userName: "alice" } },
    });
    expect(byType("IAMUser")).toMatchObject({ userName: "alice", accessKeyId: alice.accessKeyId });
    expect(await eventNamed(trail, "AssumeRole")).toMatchObject({
      readOnly: true,
      responseElements: {
        credentials: {
          accessKeyId: assumed.Credentials?.AccessKeyId,
          secretAccessKey: "HIDDEN_DUE_TO_SECURITY_REASONS",
          sessionToken: "HIDDEN_DUE_TO_SECURITY_REASONS",
        },
      },
    });
  });
});

describe("EC2's", () => {
  test("have lower-case members, lists with items, and what EC2 calls things", async () => {
    const { ec2, trail } = await account();
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
    const VpcId = Vpc?.VpcId ?? "";
    const { GroupId, $metadata } = await ec2.send(
      new CreateSecurityGroupCommand({ GroupName: "web", Description: "the web", VpcId }),
    );
    expect(await eventNamed(trail, "CreateSecurityGroup")).toMatchObject({
      requestParameters: { groupName: "web", groupDescription: "the web", vpcId: VpcId },
      responseElements: { requestId: $metadata.requestId, groupId: GroupId },
    });
    await ec2.send(new CreateTagsCommand({ Resources: [VpcId], Tags: [{ Key: "team", Value: "blue" }] }));
    expect(await eventNamed(trail, "CreateTags")).toMatchObject({
      requestParameters: {
        resourcesSet: { items: [{ resourceId: VpcId }] },
        tagSet: { items: [{ key: "team", value: "blue" }] },
      },
      responseElements: { _return: true },
    });
  });

  test("of a launch have what EC2 lists by instance", async () => {
    const { ec2, trail } = await account();
    const TagSpecifications = [{ ResourceType: "instance" as const, Tags: [{ Key: "Name", Value: "one" }] }];
    const launch = { ImageId: linux.id, InstanceType: "t3.micro" as const, MinCount: 1, MaxCount: 1 };
    const { Instances = [] } = await ec2.send(new RunInstancesCommand({ ...launch, TagSpecifications }));
    const instanceId = Instances[0]?.InstanceId ?? "";
    const { requestParameters, responseElements } = await eventNamed(trail, "RunInstances");
    expect(requestParameters).toMatchObject({
      instancesSet: { items: [{ imageId: linux.id, minCount: 1, maxCount: 1 }] },
      instanceType: "t3.micro",
      tagSpecificationSet: { items: [{ resourceType: "instance", tags: [{ key: "Name", value: "one" }] }] },
    });
    expect(requestParameters).not.toHaveProperty("imageId");
    expect(responseElements).toMatchObject({
      instancesSet: {
        items: [{ instanceId, imageId: linux.id, instanceState: { code: 0, name: "pending" } }],
      },
    });

    await ec2.send(new StopInstancesCommand({ InstanceIds: [instanceId] }));
    expect(await eventNamed(trail, "StopInstances")).toMatchObject({
      requestParameters: { instancesSet: { items: [{ instanceId }] } },
      responseElements: {
        instancesSet: { items: [{ instanceId, previousState: { code: 16, name: "running" } }] },
      },
    });
  });

  test("that read tell what was asked, not what was answered", async () => {
    const { ec2, trail } = await account();
    const Filters = [{ Name: "is-default", Values: ["true", "false"] }];
    await ec2.send(new DescribeVpcsCommand({ Filters }));
    expect(await eventNamed(trail, "DescribeVpcs")).toMatchObject({
      readOnly: true,
      requestParameters: {
        filterSet: {
          items: [{ name: "is-default", valueSet: { items: [{ value: "true" }, { value: "false" }] } }],
        },
      },
      responseElements: null,
    });
  });

  test("that were refused say whose fault it was", async () => {
    const { ec2, trail } = await account();
    await refused(ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/8" })), "InvalidVpc.Range");
    expect(await eventNamed(trail, "CreateVpc")).toMatchObject({
      errorCode: "Client.InvalidVpc.Range",
      errorMessage: expect.stringContaining("10.0.0.0/8") as string,
      requestParameters: { cidrBlock: "10.0.0.0/8" },
      responseElements: null,
    });
    await refused(
      ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", DryRun: true })),
      "DryRunOperation",
    );
    expect(await eventNamed(trail, "CreateVpc")).toMatchObject({ errorCode: "Client.DryRunOperation" });
    // What cannot be decoded has no parameters to show.
    const VpcId = undefined as unknown as string;
    await refused(ec2.send(new AssociateVpcCidrBlockCommand({ VpcId })), "MissingParameter");
    expect(await eventNamed(trail, "AssociateVpcCidrBlock")).toMatchObject({
      errorCode: "Client.MissingParameter",
      requestParameters: null,
    });
  });

  test("of new keys have no key", async () => {
    const { ec2, trail } = await account();
    const { KeyPairId } = await ec2.send(new CreateKeyPairCommand({ KeyName: "mine" }));
    expect(await eventNamed(trail, "CreateKeyPair")).toMatchObject({
      requestParameters: { keyName: "mine" },
      responseElements: { keyPairId: KeyPairId, keyMaterial: "<sensitiveDataRemoved>" },
    });
  });
});

describe("those of other services", () => {
  test("IAM's are in one region, have plain lists, and times as people write them", async () => {
    const { islet, keys, trail } = await account();
    const iam = new IAMClient(configOf(islet, keys, "eu-west-1"));
    await iam.send(new CreateUserCommand({ UserName: "alice", Tags: [{ Key: "team", Value: "blue" }] }));
    const created = await eventNamed(trail, "CreateUser");
    expect(created).toMatchObject({
      eventSource: "iam.amazonaws.com",
      awsRegion: "us-east-1",
      requestParameters: { userName: "alice", tags: [{ key: "team", value: "blue" }] },
      responseElements: {
        user: {
          arn: `arn:aws:iam::${keys.account}:user/alice`,
          createDate: expect.stringMatching(
            /^[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M$/,
          ) as string,
        },
      },
    });
    await refused(iam.send(new DeleteUserCommand({ UserName: "bob" })), "NoSuchEntityException");
    expect(await eventNamed(trail, "DeleteUser")).toMatchObject({ errorCode: "NoSuchEntity" });
  });

  test("CloudWatch Logs' have members as they are sent", async () => {
    const { islet, keys, trail } = await account();
    const logs = await freshLogs(islet, keys);
    await logs.send(new CreateLogGroupCommand({ logGroupName: "/app", tags: { team: "blue" } }));
    expect(await eventNamed(trail, "CreateLogGroup")).toMatchObject({
      eventSource: "logs.amazonaws.com",
      requestParameters: { logGroupName: "/app", tags: { team: "blue" } },
      responseElements: null,
    });
  });
});
