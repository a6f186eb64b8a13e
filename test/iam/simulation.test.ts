import {
  AddUserToGroupCommand,
  AttachUserPolicyCommand,
  CreateGroupCommand,
  CreateRoleCommand,
  CreateUserCommand,
  GetContextKeysForCustomPolicyCommand,
  GetContextKeysForPrincipalPolicyCommand,
  PutGroupPolicyCommand,
  PutRolePolicyCommand,
  PutUserPermissionsBoundaryCommand,
  SimulateCustomPolicyCommand,
  SimulatePrincipalPolicyCommand,
  type SimulateCustomPolicyCommandInput,
} from "@aws-sdk/client-iam";
import { describe, expect, test } from "vitest";
import { refused } from "../islet.ts";
import { allowing, freshIam, trustEc2 } from "./client.ts";

const shared = await freshIam();
const blue = { Condition: { StringEquals: { "aws:ResourceTag/team": "blue" } } };
const simulate = (input: Partial<SimulateCustomPolicyCommandInput>) =>
  shared.iam.send(
    new SimulateCustomPolicyCommand({
      PolicyInputList: [allowing("ec2:StartInstances", blue)],
      ActionNames: ["ec2:StartInstances"],
      ...input,
    }),
  );
const instance = `arn:aws:ec2:us-east-1:${shared.account}:instance/i-1`;
const tagged = (value: string) => [
  { ContextKeyName: "aws:ResourceTag/Team", ContextKeyValues: [value], ContextKeyType: "string" as const },
];

describe("what it refuses", () => {
  test.each([
    ["no policy", { PolicyInputList: ["{}"] }, "InvalidInputException", /PolicyInputList\.1: Syntax errors/],
    ["no action", { ActionNames: ["start it"] }, "InvalidInputException", "Invalid action: start it"],
    ["no ARN", { ResourceArns: ["i-1"] }, "InvalidInputException", "Invalid resource ARN: i-1"],
    ["no caller", { CallerArn: "arn:aws:iam::1:me" }, "InvalidInputException", /^Invalid caller ARN/],
    ["no owner", { ResourceOwner: "me" }, "InvalidInputException", /^Invalid resource owner/],
    [
      "a resource's policy for nobody",
      { ResourcePolicy: allowing("ec2:*") },
      "InvalidInputException",
      /^CallerArn/,
    ],
    ["a scenario", { ResourceHandlingOption: "EC2-VPC-EBS" }, "InvalidInputException", /not supported/],
    [
      "two boundaries",
      { PermissionsBoundaryPolicyInputList: [allowing("*"), allowing("*")] },
      "InvalidInputException",
      /^Only one policy/,
    ],
    [
      "two values of one",
      {
        ContextEntries: [
          { ContextKeyName: "aws:x", ContextKeyValues: ["1", "2"], ContextKeyType: "string" as const },
        ],
      },
      "InvalidInputException",
      /must have one value/,
    ],
  ])("%s", async (_, input, code, message) => {
    await refused(simulate(input), code, message);
  });

  test("a principal that is not there", async () => {
    const PolicySourceArn = `arn:aws:iam::${shared.account}:user/nobody`;
    await refused(
      shared.iam.send(
        new SimulatePrincipalPolicyCommand({ PolicySourceArn, ActionNames: ["ec2:RunInstances"] }),
      ),
      "NoSuchEntityException",
    );
  });
});

describe("a policy that is given", () => {
  test("allows what its condition says, and tells which statement did", async () => {
    const allowed = await simulate({ ResourceArns: [instance], ContextEntries: tagged("blue") });
    expect(allowed.EvaluationResults).toMatchObject([
      {
        EvalActionName: "ec2:StartInstances",
        EvalResourceName: instance,
        EvalDecision: "allowed",
        MatchedStatements: [
          {
            SourcePolicyId: "PolicyInputList.1",
            SourcePolicyType: "IAM Policy",
            StartPosition: { Line: 1, Column: 38 },
            EndPosition: { Line: 1 },
          },
        ],
        MissingContextValues: [],
        ResourceSpecificResults: [{ EvalResourceDecision: "allowed" }],
      },
    ]);
    expect((await simulate({ ContextEntries: tagged("red") })).EvaluationResults).toMatchObject([
      { EvalDecision: "implicitDeny", MatchedStatements: [], EvalResourceName: "*" },
    ]);
    expect((await simulate({})).EvaluationResults).toMatchObject([
      { EvalDecision: "implicitDeny", MissingContextValues: ["aws:resourcetag/team"] },
    ]);
  });

  test("tells where statements stand, however the text is laid out", async () => {
    const text = `{\n "Version": "2012-10-17",\n "Statement": {\n  "Effect": "Allow", "Action": "ec2:*", "Resource": "*",\n  "Sid": "Statement"\n }}`;
    const { EvaluationResults } = await simulate({ PolicyInputList: [text] });
    expect(EvaluationResults?.[0]?.MatchedStatements).toMatchObject([
      { StartPosition: { Line: 3, Column: 15 }, EndPosition: { Line: 6, Column: 3 } },
    ]);
  });

  test("is limited by a boundary, and denied by a Deny", async () => {
    const PolicyInputList = [allowing("ec2:*")];
    const limited = await simulate({
      PolicyInputList,
      PermissionsBoundaryPolicyInputList: [allowing("s3:*")],
    });
    expect(limited.EvaluationResults).toMatchObject([
      {
        EvalDecision: "implicitDeny",
        PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false },
      },
    ]);
    const denied = await simulate({
      PolicyInputList: [...PolicyInputList, allowing("*", { Effect: "Deny" })],
    });
    expect(denied.EvaluationResults).toMatchObject([{ EvalDecision: "explicitDeny" }]);
    expect(denied.EvaluationResults?.[0]?.MatchedStatements).toHaveLength(2);
  });

  test("is not enough for what another account owns", async () => {
    const owner = "111122223333";
    const CallerArn = `arn:aws:iam::${shared.account}:user/ann`;
    const asked = {
      PolicyInputList: [allowing("ec2:*")],
      CallerArn,
      ResourceOwner: `arn:aws:iam::${owner}:root`,
    };
    const decision = async (more: object) =>
      (await simulate({ ...asked, ...more })).EvaluationResults?.[0]?.EvalDecision;
    expect(await decision({})).toBe("implicitDeny");
    const policyFor = (AWS: string) => allowing("ec2:*", { Principal: { AWS } });
    expect(await decision({ ResourcePolicy: policyFor(CallerArn) })).toBe("allowed");
    expect(await decision({ ResourcePolicy: policyFor(owner) })).toBe("implicitDeny");
    const session = `arn:aws:sts::${shared.account}:assumed-role/app/s`;
    const role = policyFor(`arn:aws:iam::${shared.account}:role/app`);
    expect(await decision({ CallerArn: session, ResourcePolicy: role })).toBe("allowed");
    const root = `arn:aws:iam::${shared.account}:root`;
    expect(await decision({ CallerArn: root, ResourcePolicy: policyFor(root) })).toBe("allowed");
  });

  test("is asked for several actions and resources, in pages", async () => {
    const ask = (more: object) =>
      simulate({
        ActionNames: ["ec2:StartInstances", "ec2:StopInstances"],
        ResourceArns: [instance, `${instance}2`],
        ...more,
      });
    expect((await ask({})).EvaluationResults).toHaveLength(4);
    const page = await ask({ MaxItems: 3 });
    expect(page.IsTruncated).toBe(true);
    expect((await ask({ Marker: page.Marker })).EvaluationResults).toMatchObject([
      { EvalActionName: "ec2:StopInstances", EvalResourceName: `${instance}2` },
    ]);
  });

  test("names the keys that it depends on", async () => {
    const PolicyInputList = [
      allowing("ec2:*", { ...blue, Resource: "arn:aws:ec2:*:*:instance/${aws:username}" }),
    ];
    const { ContextKeyNames } = await shared.iam.send(
      new GetContextKeysForCustomPolicyCommand({ PolicyInputList }),
    );
    expect(ContextKeyNames?.toSorted()).toEqual(["aws:resourcetag/team", "aws:username"]);
  });
});

test("a principal may do what its own and its groups' policies allow, within its boundary", async () => {
  const { iam, account } = await freshIam();
  const UserName = "ann";
  const arn = (rest: string) => `arn:aws:iam::${account}:${rest}`;
  await iam.send(new CreateUserCommand({ UserName }));
  await iam.send(new CreateGroupCommand({ GroupName: "ops" }));
  await iam.send(new AddUserToGroupCommand({ UserName, GroupName: "ops" }));
  const PolicyName = "own";
  await iam.send(
    new PutGroupPolicyCommand({ GroupName: "ops", PolicyName, PolicyDocument: allowing("ec2:Stop*") }),
  );
  const readOnly = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess";
  await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn: readOnly }));
  await iam.send(new CreateRoleCommand({ RoleName: "app", AssumeRolePolicyDocument: trustEc2 }));
  await iam.send(
    new PutRolePolicyCommand({ RoleName: "app", PolicyName, PolicyDocument: allowing("s3:*", blue) }),
  );

  const decisions = async (source: string, ...ActionNames: string[]) => {
    const command = new SimulatePrincipalPolicyCommand({ PolicySourceArn: arn(source), ActionNames });
    return (await iam.send(command)).EvaluationResults?.map(({ EvalDecision }) => EvalDecision);
  };
  const actions = ["ec2:StopInstances", "ec2:DescribeVpcs", "ec2:RunInstances"];
  expect(await decisions("user/ann", ...actions)).toEqual(["allowed", "allowed", "implicitDeny"]);
  expect(await decisions("group/ops", ...actions)).toEqual(["allowed", "implicitDeny", "implicitDeny"]);
  expect(await decisions("role/app", "s3:GetObject")).toEqual(["implicitDeny"]);
  await iam.send(new PutUserPermissionsBoundaryCommand({ UserName, PermissionsBoundary: readOnly }));
  expect(await decisions("user/ann", ...actions)).toEqual(["implicitDeny", "allowed", "implicitDeny"]);
  const keys = new GetContextKeysForPrincipalPolicyCommand({ PolicySourceArn: arn("role/app") });
  expect((await iam.send(keys)).ContextKeyNames).toEqual(["aws:resourcetag/team"]);
});
