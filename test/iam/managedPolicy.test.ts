import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DetachRolePolicyCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  ListEntitiesForPolicyCommand,
  ListPoliciesCommand,
  ListPolicyTagsCommand,
  ListPolicyVersionsCommand,
  PutRolePermissionsBoundaryCommand,
  SetDefaultPolicyVersionCommand,
  TagPolicyCommand,
  UntagPolicyCommand,
} from "@aws-sdk/client-iam";
import { describe, expect, test } from "vitest";
import { awsPolicies } from "../../server/iam/awsPolicies.ts";
import { checkIdentityPolicy } from "../../server/iam/policy/document.ts";
import { refused } from "../islet.ts";
import { allowing, freshIam, read, trustEc2 } from "./client.ts";

const PolicyName = "start-stop";
const ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess";
const RoleName = "app";

async function withPolicy() {
  const fresh = await freshIam();
  const { Policy } = await fresh.iam.send(
    new CreatePolicyCommand({ PolicyName, PolicyDocument: allowing("ec2:*"), Description: "d" }),
  );
  const PolicyArn = Policy?.Arn ?? "";
  const add = (more: object = {}) =>
    fresh.iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: allowing("s3:*"), ...more }));
  return { ...fresh, Policy, PolicyArn, add };
}

describe("what it refuses to parse", () => {
  test.each([
    ["no policy", "{}", "MalformedPolicyDocumentException", "Syntax errors in policy."],
    [
      "an old version",
      allowing("ec2:*").replace("2012", "2008"),
      "MalformedPolicyDocumentException",
      "Policy document must be version 2012-10-17 or greater.",
    ],
    [
      "a long one",
      allowing(Array.from({ length: 500 }, (_, i) => `ec2:Describe${i}`)),
      "LimitExceededException",
      "Cannot exceed quota for PolicySize: 6144",
    ],
  ])("%s", async (_, PolicyDocument, code, message) => {
    const { iam } = await freshIam();
    await refused(iam.send(new CreatePolicyCommand({ PolicyName, PolicyDocument })), code, message);
  });

  test("versions that are none", async () => {
    const { iam, PolicyArn } = await withPolicy();
    const get = (VersionId: string) => iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }));
    await refused(get("2"), "ValidationError");
    await refused(
      get("v2"),
      "NoSuchEntityException",
      `Policy ${PolicyArn} version v2 does not exist or is not attachable.`,
    );
  });
});

describe("what it refuses to do", () => {
  test("make one twice, find one that is not there, or show another's", async () => {
    const { iam, PolicyArn } = await withPolicy();
    await refused(
      iam.send(new CreatePolicyCommand({ PolicyName, PolicyDocument: allowing("*") })),
      "EntityAlreadyExistsException",
      "A policy called start-stop already exists. Duplicate names are not allowed.",
    );
    const other = await freshIam();
    await refused(
      other.iam.send(new GetPolicyCommand({ PolicyArn })),
      "NoSuchEntityException",
      `Policy ${PolicyArn} was not found.`,
    );
  });

  test("change what AWS keeps", async () => {
    const { iam } = await freshIam();
    await refused(
      iam.send(new DeletePolicyCommand({ PolicyArn: ADMIN })),
      "AccessDenied",
      /iam:DeletePolicy/,
    );
    await refused(
      iam.send(new TagPolicyCommand({ PolicyArn: ADMIN, Tags: [{ Key: "a", Value: "" }] })),
      "AccessDenied",
    );
  });

  test("delete one that is used, or has versions, or the version that counts", async () => {
    const { iam, PolicyArn, add } = await withPolicy();
    const gone = () => iam.send(new DeletePolicyCommand({ PolicyArn }));
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trustEc2 }));
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    await refused(gone(), "DeleteConflictException", "Cannot delete a policy attached to entities.");
    await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
    await add();
    await refused(gone(), "DeleteConflictException", /^This policy has more than one version\./);
    const drop = (VersionId: string) => iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));
    await refused(drop("v1"), "DeleteConflictException", "Cannot delete the default version of a policy.");
    await drop("v2");
    await gone();
  });

  test("keep a sixth version", async () => {
    const { add } = await withPolicy();
    for (let i = 2; i <= 5; i++) await add();
    await refused(add(), "LimitExceededException", /^A managed policy can have up to 5 versions\./);
  });
});

describe("what it does", () => {
  test("a policy has an id, an ARN, and how much it is used", async () => {
    const { iam, account, Policy, PolicyArn } = await withPolicy();
    expect(Policy).toMatchObject({
      PolicyName,
      PolicyId: expect.stringMatching(/^ANPA[A-Z2-7]{17}$/),
      Arn: `arn:aws:iam::${account}:policy/start-stop`,
      DefaultVersionId: "v1",
      AttachmentCount: 0,
      IsAttachable: true,
    });
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trustEc2 }));
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: PolicyArn }));
    expect((await iam.send(new GetPolicyCommand({ PolicyArn }))).Policy).toMatchObject({
      Description: "d",
      AttachmentCount: 1,
      PermissionsBoundaryUsageCount: 1,
    });
    const entities = (input: object) => iam.send(new ListEntitiesForPolicyCommand({ PolicyArn, ...input }));
    expect(await entities({})).toMatchObject({
      PolicyRoles: [{ RoleName }],
      PolicyUsers: [],
      PolicyGroups: [],
    });
    expect(await entities({ EntityFilter: "User" })).toMatchObject({ PolicyRoles: [] });
    expect(await entities({ PolicyUsageFilter: "PermissionsBoundary" })).toMatchObject({
      PolicyRoles: [{ RoleName }],
    });
  });

  test("versions have numbers that are never used again, and one of them counts", async () => {
    const { iam, PolicyArn, add } = await withPolicy();
    expect((await add()).PolicyVersion).toMatchObject({ VersionId: "v2", IsDefaultVersion: false });
    await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v2" }));
    expect((await add({ SetAsDefault: true })).PolicyVersion).toMatchObject({
      VersionId: "v3",
      IsDefaultVersion: true,
    });
    const versions = async () =>
      (await iam.send(new ListPolicyVersionsCommand({ PolicyArn }))).Versions?.map(
        ({ VersionId, IsDefaultVersion }) => [VersionId, IsDefaultVersion],
      );
    expect(await versions()).toEqual([
      ["v3", true],
      ["v1", false],
    ]);
    await iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
    expect(await versions()).toEqual([
      ["v3", false],
      ["v1", true],
    ]);
    const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: "v3" }));
    expect(read(PolicyVersion?.Document)).toEqual(JSON.parse(allowing("s3:*")));
  });

  test("policies are listed by whose they are and what they are used for", async () => {
    const { iam, PolicyArn } = await withPolicy();
    const list = async (input: object) =>
      (await iam.send(new ListPoliciesCommand({ MaxItems: 1000, ...input }))).Policies?.map(({ Arn }) => Arn);
    expect(await list({ Scope: "Local" })).toEqual([PolicyArn]);
    expect(await list({ Scope: "AWS" })).toContain(ADMIN);
    expect(await list({})).toEqual(expect.arrayContaining([ADMIN, PolicyArn]));
    expect(await list({ OnlyAttached: true })).toEqual([]);
    expect(await list({ PolicyUsageFilter: "PermissionsBoundary" })).toEqual([]);
    expect(await list({ PathPrefix: "/job-function/" })).toEqual([
      "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess",
    ]);
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trustEc2 }));
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: ADMIN }));
    expect(await list({ OnlyAttached: true })).toEqual([ADMIN]);
  });

  test("policies have tags", async () => {
    const { iam, PolicyArn } = await withPolicy();
    await iam.send(new TagPolicyCommand({ PolicyArn, Tags: [{ Key: "a", Value: "1" }] }));
    const tags = async (arn: string) => (await iam.send(new ListPolicyTagsCommand({ PolicyArn: arn }))).Tags;
    expect(await tags(PolicyArn)).toEqual([{ Key: "a", Value: "1" }]);
    await iam.send(new UntagPolicyCommand({ PolicyArn, TagKeys: ["a"] }));
    expect(await tags(PolicyArn)).toEqual([]);
    expect(await tags(ADMIN)).toEqual([]);
  });

  test("what AWS keeps is sound", () => {
    for (const [arn, { document }] of awsPolicies) {
      expect(checkIdentityPolicy(document, true).statements.length, arn).toBeGreaterThan(0);
    }
  });
});
