import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeleteSecurityGroupCommand,
  DeleteTagsCommand,
  DeleteVpcCommand,
  DescribeVpcsCommand,
  DisassociateAddressCommand,
  DisassociateRouteTableCommand,
  AssociateRouteTableCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  ModifyInstanceAttributeCommand,
  StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  AttachUserPolicyCommand,
  CreatePolicyCommand,
  PutUserPermissionsBoundaryCommand,
} from "@aws-sdk/client-iam";
import { DecodeAuthorizationMessageCommand, STSClient } from "@aws-sdk/client-sts";
import { describe, expect, test } from "vitest";
import { launch, launchStopped } from "../ec2/launch.ts";
import { configOf, refused } from "../islet.ts";
import { asUser, onlyIf, statement, tagged, type Person } from "./person.ts";

const everything = statement("Allow", "ec2:*");
const vpc = { CidrBlock: "10.0.0.0/16" };

async function makeVpc({ root }: Person, ...Tags: { Key: string; Value: string }[]): Promise<string> {
  const { Vpc } = await root.send(
    new CreateVpcCommand({ ...vpc, ...(Tags.length > 0 && tagged("vpc", ...Tags)) }),
  );
  return Vpc?.VpcId ?? "";
}

/** What was sealed into a refusal. */
async function decoded(person: Person, call: Promise<unknown>): Promise<Record<string, unknown>> {
  const message = await call.then(
    () => "",
    (error: unknown) => (error as Error).message,
  );
  const EncodedMessage = / message: ([\w-]+)$/.exec(message)?.[1] ?? "";
  const sts = new STSClient(configOf(person.islet, person.keys));
  const { DecodedMessage = "{}" } = await sts.send(new DecodeAuthorizationMessageCommand({ EncodedMessage }));
  return JSON.parse(DecodedMessage) as Record<string, unknown>;
}

describe("what it refuses", () => {
  test("all, to a user without policies, before anything is looked up", async () => {
    const { ec2, arn } = await asUser();
    await refused(
      ec2.send(new DescribeVpcsCommand()),
      "UnauthorizedOperation",
      `You are not authorized to perform this operation. User: ${arn} is not authorized to perform: ec2:DescribeVpcs because no identity-based policy allows the ec2:DescribeVpcs action`,
    );
    await refused(
      ec2.send(new DeleteVpcCommand({ VpcId: "vpc-01234567" })),
      "UnauthorizedOperation",
      /is not authorized to perform: ec2:DeleteVpc on resource: arn:aws:ec2:us-east-1:\d{12}:vpc\/vpc-01234567 because no identity-based policy allows the ec2:DeleteVpc action\. Encoded authorization failure message: [\w-]+$/,
    );
  });

  test("what a Deny is about, whatever else allows it", async () => {
    const person = await asUser(everything, statement("Deny", "ec2:CreateVpc", "*", { Sid: "NoVpc" }));
    const call = person.ec2.send(new CreateVpcCommand(vpc));
    await refused(call, "UnauthorizedOperation", /with an explicit deny in an identity-based policy/);
    expect(await decoded(person, call)).toMatchObject({
      allowed: false,
      explicitDeny: true,
      matchedStatements: {
        items: [{ statementId: "NoVpc", effect: "DENY", actions: { items: [{ value: "ec2:CreateVpc" }] } }],
      },
    });
  });

  test("a dry run of what it would refuse", async () => {
    const { ec2 } = await asUser(statement("Allow", "ec2:DescribeVpcs"));
    await refused(ec2.send(new CreateVpcCommand({ ...vpc, DryRun: true })), "UnauthorizedOperation");
    await refused(ec2.send(new DescribeVpcsCommand({ DryRun: true })), "DryRunOperation");
  });

  test("what the permissions boundary leaves out", async () => {
    const person = await asUser(everything);
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: statement("Allow", "ec2:Describe*"),
    });
    const { Policy } = await person.iam.send(
      new CreatePolicyCommand({ PolicyName: "bound", PolicyDocument }),
    );
    await person.iam.send(
      new PutUserPermissionsBoundaryCommand({ UserName: person.name, PermissionsBoundary: Policy?.Arn }),
    );
    await person.ec2.send(new DescribeVpcsCommand());
    await refused(
      person.ec2.send(new CreateVpcCommand(vpc)),
      "UnauthorizedOperation",
      /because no permissions boundary allows the ec2:CreateVpc action/,
    );
  });
});

describe("what it allows", () => {
  test("what an AWS managed policy does", async () => {
    const person = await asUser();
    const PolicyArn = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess";
    await person.iam.send(new AttachUserPolicyCommand({ UserName: person.name, PolicyArn }));
    await person.ec2.send(new DescribeVpcsCommand());
    await refused(person.ec2.send(new CreateVpcCommand(vpc)), "UnauthorizedOperation");
  });

  test("one resource and not its neighbour", async () => {
    const person = await asUser();
    const [one, other] = [await makeVpc(person), await makeVpc(person)];
    await person.allow(
      statement("Allow", "ec2:DeleteVpc", `arn:aws:ec2:us-east-1:${person.account}:vpc/${one}`),
    );
    await refused(person.ec2.send(new DeleteVpcCommand({ VpcId: other })), "UnauthorizedOperation");
    await person.ec2.send(new DeleteVpcCommand({ VpcId: one }));
  });

  test("all of several, or none", async () => {
    const person = await asUser();
    const [one, other] = [await launch(person.root), await launch(person.root)];
    await person.allow(
      statement("Allow", "ec2:StopInstances", `arn:aws:ec2:*:${person.account}:instance/${one}`),
    );
    await refused(
      person.ec2.send(new StopInstancesCommand({ InstanceIds: [one, other] })),
      "UnauthorizedOperation",
      new RegExp(`instance/${other}`),
    );
    await person.ec2.send(new StopInstancesCommand({ InstanceIds: [one] }));
  });

  test.each(["aws:ResourceTag/team", "ec2:ResourceTag/Team"])("what has a tag, by %s", async (key) => {
    const person = await asUser(onlyIf("ec2:DeleteVpc", { StringEquals: { [key]: "blue" } }));
    const blue = await makeVpc(person, { Key: "team", Value: "blue" });
    const red = await makeVpc(person, { Key: "team", Value: "red" });
    await refused(person.ec2.send(new DeleteVpcCommand({ VpcId: red })), "UnauthorizedOperation");
    await person.ec2.send(new DeleteVpcCommand({ VpcId: blue }));
    // What is gone has no tags, and so is not told from what it may not see.
    await refused(person.ec2.send(new DeleteVpcCommand({ VpcId: blue })), "UnauthorizedOperation");
  });

  test("what comes from an address, by TLS, at a time", async () => {
    const from = (condition: object) => asUser(onlyIf("ec2:DescribeVpcs", condition));
    const allowed = {
      IpAddress: { "aws:SourceIp": ["127.0.0.0/8", "::1/128"] },
      Bool: { "aws:SecureTransport": "true" },
      DateGreaterThan: { "aws:CurrentTime": "2020-01-01T00:00:00Z" },
      StringLike: { "aws:UserAgent": "*aws-sdk-js*" },
      StringEquals: {
        "aws:RequestedRegion": "us-east-1",
        "ec2:Region": "us-east-1",
        "aws:username": "someone",
      },
    };
    await (await from(allowed)).ec2.send(new DescribeVpcsCommand());
    for (const refusing of [
      { IpAddress: { "aws:SourceIp": "192.0.2.0/24" } },
      { Bool: { "aws:SecureTransport": "false" } },
      { DateLessThan: { "aws:CurrentTime": "2020-01-01T00:00:00Z" } },
      { StringEquals: { "aws:RequestedRegion": "eu-west-1" } },
    ]) {
      const { ec2 } = await from({ ...allowed, ...refusing });
      await refused(ec2.send(new DescribeVpcsCommand()), "UnauthorizedOperation");
    }
  });

  test("by the type of an instance, and by the attribute that is changed", async () => {
    const person = await asUser(
      onlyIf("ec2:StopInstances", { StringEquals: { "ec2:InstanceType": "t3.micro" } }),
      onlyIf("ec2:ModifyInstanceAttribute", { StringEquals: { "ec2:Attribute": "DisableApiTermination" } }),
    );
    const [micro, small] = [
      await launch(person.root),
      await launchStopped(person.root, { InstanceType: "t3.small" }),
    ];
    await person.ec2.send(new StopInstancesCommand({ InstanceIds: [micro] }));
    await refused(
      person.ec2.send(new StopInstancesCommand({ InstanceIds: [small] })),
      "UnauthorizedOperation",
    );
    const change = (attribute: object) =>
      person.ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: small, ...attribute }));
    await change({ DisableApiTermination: { Value: true } });
    await refused(change({ InstanceType: { Value: "t3.micro" } }), "UnauthorizedOperation");
  });
});

describe("tags", () => {
  const toBlue = { StringEquals: { "aws:RequestTag/team": "blue" } };
  const team = (Value: string) => ({ Key: "team", Value });

  test("on create need CreateTags for that action", async () => {
    const person = await asUser(statement("Allow", "ec2:CreateVpc"));
    await person.ec2.send(new CreateVpcCommand(vpc));
    const create = () => person.ec2.send(new CreateVpcCommand({ ...vpc, ...tagged("vpc", team("blue")) }));
    await refused(create(), "UnauthorizedOperation", /ec2:CreateTags on resource: arn:aws:ec2:\S+:vpc\/\*/);
    await person.allow(
      statement("Allow", "ec2:CreateVpc"),
      onlyIf("ec2:CreateTags", { StringEquals: { "ec2:CreateAction": "CreateVpc" } }),
    );
    const { Vpc } = await create();
    await refused(
      person.ec2.send(new CreateTagsCommand({ Resources: [Vpc?.VpcId ?? ""], Tags: [team("red")] })),
      "UnauthorizedOperation",
    );
  });

  test("can be what a resource must be made with", async () => {
    const { ec2 } = await asUser(onlyIf("ec2:CreateVpc", toBlue), statement("Allow", "ec2:CreateTags"));
    await refused(ec2.send(new CreateVpcCommand(vpc)), "UnauthorizedOperation");
    const create = (value: string) =>
      ec2.send(new CreateVpcCommand({ ...vpc, ...tagged("vpc", team(value)) }));
    await refused(create("red"), "UnauthorizedOperation");
    await create("blue");
  });

  test("are asked for on what is tagged, and not on what that was made of", async () => {
    const person = await asUser();
    const Resources = [await launch(person.root)];
    const Tags = [team("blue")];
    await person.allow(
      statement("Allow", ["ec2:CreateTags", "ec2:DeleteTags"], "arn:aws:ec2:*:*:instance/*"),
    );
    await person.ec2.send(new CreateTagsCommand({ Resources, Tags }));
    await person.ec2.send(new DeleteTagsCommand({ Resources, Tags }));
    await person.allow(statement("Allow", "ec2:CreateTags", "arn:aws:ec2:*:*:volume/*"));
    await refused(
      person.ec2.send(new CreateTagsCommand({ Resources, Tags })),
      "UnauthorizedOperation",
      /instance\/i-/,
    );
  });

  test("can be limited to some keys", async () => {
    const only = { "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] } };
    const person = await asUser(onlyIf("ec2:CreateTags", only));
    const Resources = [await makeVpc(person)];
    await person.ec2.send(new CreateTagsCommand({ Resources, Tags: [team("blue")] }));
    const both = [team("blue"), { Key: "cost", Value: "1" }];
    await refused(person.ec2.send(new CreateTagsCommand({ Resources, Tags: both })), "UnauthorizedOperation");
  });
});

describe("resources that are not named", () => {
  test("are those that what is named leads to", async () => {
    const person = await asUser();
    const VpcId = await makeVpc(person);
    const { Subnet } = await person.root.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.0.0/24" }));
    const { RouteTable } = await person.root.send(new CreateRouteTableCommand({ VpcId }));
    const { AssociationId } = await person.root.send(
      new AssociateRouteTableCommand({ SubnetId: Subnet?.SubnetId, RouteTableId: RouteTable?.RouteTableId }),
    );
    await person.allow(
      statement("Allow", "ec2:*"),
      statement(
        "Deny",
        "ec2:DisassociateRouteTable",
        `arn:aws:ec2:*:*:route-table/${RouteTable?.RouteTableId}`,
      ),
    );
    await refused(
      person.ec2.send(new DisassociateRouteTableCommand({ AssociationId })),
      "UnauthorizedOperation",
      /explicit deny/,
    );
  });

  test("may be called otherwise than by their ids", async () => {
    const person = await asUser();
    const { root } = person;
    const { AllocationId, PublicIp } = await root.send(new AllocateAddressCommand({}));
    const InstanceId = await launch(root);
    const { AssociationId } = await root.send(new AssociateAddressCommand({ AllocationId, InstanceId }));
    const group = { GroupName: "web", Description: "web" };
    const { GroupId } = await root.send(new CreateSecurityGroupCommand(group));
    await person.allow(
      statement("Allow", "ec2:*"),
      statement("Deny", "ec2:*", [
        `arn:aws:ec2:*:*:elastic-ip/${AllocationId}`,
        `arn:aws:ec2:*:*:security-group/${GroupId}`,
      ]),
    );
    for (const call of [
      person.ec2.send(new DisassociateAddressCommand({ AssociationId })),
      person.ec2.send(new DisassociateAddressCommand({ PublicIp })),
      person.ec2.send(new DeleteSecurityGroupCommand({ GroupName: "WEB" })),
    ]) {
      await refused(call, "UnauthorizedOperation", /explicit deny/);
    }
  });

  test("are all of the type where the call makes one", async () => {
    const person = await asUser();
    const VpcId = await makeVpc(person);
    const arn = `arn:aws:ec2:us-east-1:${person.account}`;
    await person.allow(
      statement("Allow", "ec2:CreateSecurityGroup", [`${arn}:security-group/*`, `${arn}:vpc/${VpcId}`]),
    );
    const group = { GroupName: "web", Description: "web" };
    await person.ec2.send(new CreateSecurityGroupCommand({ ...group, VpcId }));
    const elsewhere = await makeVpc(person);
    await refused(
      person.ec2.send(new CreateSecurityGroupCommand({ ...group, VpcId: elsewhere })),
      "UnauthorizedOperation",
      new RegExp(`vpc/${elsewhere}`),
    );
  });
});

test("the sealed message tells what was known", async () => {
  const person = await asUser();
  const InstanceId = await launch(person.root);
  const call = person.ec2.send(new StopInstancesCommand({ InstanceIds: [InstanceId] }));
  const told = await decoded(person, call);
  expect(told).toMatchObject({
    allowed: false,
    explicitDeny: false,
    matchedStatements: { items: [] },
    failures: { items: [] },
    context: {
      principal: { name: "someone", arn: person.arn },
      action: "ec2:StopInstances",
      resource: `arn:aws:ec2:us-east-1:${person.account}:instance/${InstanceId}`,
    },
  });
  const { conditions } = told.context as { conditions: { items: unknown[] } };
  expect(conditions.items).toEqual(
    expect.arrayContaining([
      { key: "ec2:InstanceType", values: { items: [{ value: "t3.micro" }] } },
      { key: "ec2:InstanceID", values: { items: [{ value: InstanceId }] } },
      { key: "aws:SecureTransport", values: { items: [{ value: "true" }] } },
    ]),
  );
});
