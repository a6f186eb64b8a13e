import {
  AssociateIamInstanceProfileCommand,
  CreateFlowLogsCommand,
  CreateVpcCommand,
  DescribeVpcsCommand,
  EC2Client,
  type CreateFlowLogsCommandInput,
} from "@aws-sdk/client-ec2";
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { expect, test } from "vitest";
import { launch } from "../ec2/launch.ts";
import { configOf, refused } from "../islet.ts";
import { allowing, trustEc2, trusting } from "./client.ts";
import { asUser, onlyIf, statement } from "./person.ts";

test("a session may do what its role may, and no more than its own policy says", async () => {
  const person = await asUser(statement("Allow", "sts:AssumeRole"));
  const { iam, islet, account, userKeys } = person;
  const AssumeRolePolicyDocument = trusting({ AWS: account });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: "looker", AssumeRolePolicyDocument }));
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: "looker",
      PolicyName: "own",
      PolicyDocument: allowing(["ec2:Describe*", "ec2:CreateVpc"]),
    }),
  );
  const as = async (Policy?: string): Promise<EC2Client> => {
    const sts = new STSClient(configOf(islet, userKeys));
    const { Credentials: keys } = await sts.send(
      new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: "one", Policy }),
    );
    return new EC2Client(
      configOf(islet, {
        accessKeyId: keys?.AccessKeyId ?? "",
        secretAccessKey: keys?.SecretAccessKey ?? "",
        sessionToken: keys?.SessionToken ?? "",
      }),
    );
  };
  const vpc = new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", DryRun: true });
  const whole = await as();
  await whole.send(new DescribeVpcsCommand());
  await refused(whole.send(vpc), "DryRunOperation");
  const limited = await as(allowing("ec2:Describe*"));
  await limited.send(new DescribeVpcsCommand());
  await refused(
    limited.send(vpc),
    "UnauthorizedOperation",
    /^You are not authorized to perform this operation\. User: arn:aws:sts::\d{12}:assumed-role\/looker\/one .* because no session policy allows the ec2:CreateVpc action/,
  );
});

test("an instance gets a role from who may pass it", async () => {
  const person = await asUser(statement("Allow", "ec2:*"));
  const { iam, root } = person;
  await iam.send(new CreateRoleCommand({ RoleName: "worker", AssumeRolePolicyDocument: trustEc2 }));
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: "profile", Path: "/x/" }));
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: "profile", RoleName: "worker" }));
  const InstanceId = await launch(root);
  const associate = () =>
    person.ec2.send(
      new AssociateIamInstanceProfileCommand({ InstanceId, IamInstanceProfile: { Name: "profile" } }),
    );
  await refused(
    associate(),
    "UnauthorizedOperation",
    /iam:PassRole on resource: arn:aws:iam::\d{12}:role\/worker/,
  );
  const arn = `arn:aws:iam::${person.account}:instance-profile/x/profile`;
  await person.allow(
    onlyIf("ec2:*", { ArnEquals: { "ec2:NewInstanceProfile": arn } }),
    onlyIf("iam:PassRole", { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } }),
  );
  const { IamInstanceProfileAssociation: made } = await associate();
  expect(made?.IamInstanceProfile?.Arn).toBe(arn);
});

test("flow logs get a role from who may pass it to the service that delivers them", async () => {
  const person = await asUser(statement("Allow", "ec2:*"));
  const { Vpc } = await person.root.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const role = `arn:aws:iam::${person.account}:role/deliver`;
  const create = (to: Partial<CreateFlowLogsCommandInput>) =>
    person.ec2.send(
      new CreateFlowLogsCommand({
        ResourceType: "VPC",
        ResourceIds: [Vpc?.VpcId ?? ""],
        TrafficType: "ALL",
        DeliverLogsPermissionArn: role,
        ...to,
      }),
    );
  const group = { LogGroupName: "flows" };
  const stream = {
    LogDestinationType: "kinesis-data-firehose",
    LogDestination: "arn:aws:firehose:us-east-1:123456789012:deliverystream/flows",
    DeliverCrossAccountRole: "arn:aws:iam::123456789012:role/AWSLogDeliveryFirehoseCrossAccountRole",
  } as const;
  for (const [service, may, mayNot] of [
    ["vpc-flow-logs.amazonaws.com", group, stream],
    ["delivery.logs.amazonaws.com", stream, group],
  ] as const) {
    await person.allow(
      statement("Allow", "ec2:*"),
      onlyIf("iam:PassRole", { StringEquals: { "iam:PassedToService": service } }),
    );
    expect((await create(may)).Unsuccessful).toEqual([]);
    await refused(create(mayNot), "UnauthorizedOperation", /iam:PassRole on resource/);
  }
});
