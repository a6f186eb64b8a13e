import { EC2Client, RunInstancesCommand, DescribeImagesCommand } from "@aws-sdk/client-ec2";
import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateUserCommand,
  IAMClient,
} from "@aws-sdk/client-iam";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { latencies, measureShare, regionsRequest, requestOf, rootKeys, type Keys } from "./calls.ts";
import type { Server } from "./process.ts";
import type { Report } from "./report.ts";

/** As many as a user can have, each as large as one can be: characters that are no white space. */
const POLICIES = 10;
const MOST_CHARACTERS = 6144;

const configOf = ({ port }: Server) => ({
  endpoint: `https://127.0.0.1:${port}`,
  region: "us-east-1",
  credentials: rootKeys,
  requestHandler: new NodeHttpHandler({ httpsAgent: { rejectUnauthorized: false } }),
});

const ACTIONS = [
  ["ec2:StartInstances", "ec2:Stop*", "ec2:RebootInstances"],
  ["ec2:CreateTags", "ec2:DeleteTags", "ec2:ModifyInstanceAttribute"],
  ["ec2:Describe*", "ec2:Get*", "ec2:Search*"],
];

/** On the instances and volumes of a team, in some regions, from some networks; a third is about what is measured. */
const statementOf = (policy: number, i: number): object => ({
  Sid: `Team${policy}x${i}`,
  Effect: "Allow",
  Action: ACTIONS[i % ACTIONS.length],
  Resource: [`arn:aws:ec2:*:*:instance/i-${policy}${i}*`, "arn:aws:ec2:us-*:*:volume/*"],
  Condition: {
    StringLike: { "aws:ResourceTag/team": [`team-${policy}-${i}`, "shared-*"] },
    IpAddress: { "aws:SourceIp": ["10.0.0.0/8", `192.0.2.${i}/32`] },
  },
});

/** A policy of 6 KB; what is asked for stands in the last statement of the last one. */
function documentOf(policy: number): string {
  const asked =
    policy === POLICIES - 1
      ? [{ Effect: "Allow", Action: ["ec2:DescribeRegions", "ec2:CreateTags"], Resource: "*" }]
      : [];
  const statements: object[] = [];
  const text = (): string => JSON.stringify({ Version: "2012-10-17", Statement: [...statements, ...asked] });
  for (let i = 0; text().length <= MOST_CHARACTERS; i++) statements.push(statementOf(policy, i));
  statements.pop();
  return text();
}

/** A user with these policies attached. */
async function newUser(islet: Server): Promise<Keys> {
  const iam = new IAMClient(configOf(islet));
  const UserName = "bench";
  await iam.send(new CreateUserCommand({ UserName }));
  for (let i = 0; i < POLICIES; i++) {
    const { Policy } = await iam.send(
      new CreatePolicyCommand({ PolicyName: `bench-${i}`, PolicyDocument: documentOf(i) }),
    );
    await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn: Policy?.Arn }));
  }
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  iam.destroy();
  return { accessKeyId: AccessKey?.AccessKeyId ?? "", secretAccessKey: AccessKey?.SecretAccessKey ?? "" };
}

async function launch(islet: Server): Promise<string> {
  const ec2 = new EC2Client(configOf(islet));
  const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ["amazon"] }));
  const image = Images.find(({ Name }) => Name?.startsWith("al2023-ami-2023") && Name.endsWith("x86_64"));
  const { Instances } = await ec2.send(
    new RunInstancesCommand({ ImageId: image?.ImageId, InstanceType: "t3.micro", MinCount: 1, MaxCount: 1 }),
  );
  ec2.destroy();
  return Instances?.[0]?.InstanceId ?? "";
}

/** What it costs that somebody calls who is not root, whom nothing is asked about. */
export async function measureAuthorization(report: Report, islet: Server, bare: Server): Promise<void> {
  const { port } = islet;
  const user = await newUser(islet);
  const tags = {
    Action: "CreateTags",
    "ResourceId.1": await launch(islet),
    "Tag.1.Key": "team",
    "Tag.1.Value": "blue",
  };
  for (const [what, requestBy] of [
    ["DescribeRegions", (keys: Keys) => regionsRequest(port, keys)],
    ["CreateTags on an instance", (keys: Keys) => requestOf(port, tags, keys)],
  ] as const) {
    const sides = [rootKeys, user].map((keys) => {
      const request = requestBy(keys);
      return { port, request: () => request };
    });
    const [root = 0, authorized = 0] = await latencies(sides, 2000);
    const added = (authorized - root) * 1000;
    report(
      `authorization of ${what} by 10 × 6 KB of policies, µs`,
      added.toFixed(0),
      "at most 100",
      added <= 100,
    );
    report("  share of the call", `${((added / authorized / 1000) * 100).toFixed(1)} %`);
  }
  await measureShare(
    report,
    { what: "signed and authorized DescribeRegions, share of bare", least: 0.45 },
    { islet, bare, request: regionsRequest(port, user) },
  );
}
