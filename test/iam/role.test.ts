import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  CreateUserCommand,
  DeleteInstanceProfileCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DeleteServiceLinkedRoleCommand,
  DeleteUserCommand,
  DetachRolePolicyCommand,
  GetInstanceProfileCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetServiceLinkedRoleDeletionStatusCommand,
  ListAttachedRolePoliciesCommand,
  ListInstanceProfilesCommand,
  ListInstanceProfilesForRoleCommand,
  ListInstanceProfileTagsCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
  TagInstanceProfileCommand,
  TagRoleCommand,
  UntagInstanceProfileCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
  UpdateRoleDescriptionCommand,
} from "@aws-sdk/client-iam";
import { describe, expect, test } from "vitest";
import { refused } from "../islet.ts";
import { allowing, freshIam, read, trustEc2, trusting } from "./client.ts";

const RoleName = "app";
const InstanceProfileName = "app-profile";
const PolicyName = "own";
const PolicyArn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";

async function withRole() {
  const fresh = await freshIam();
  const { Role } = await fresh.iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trustEc2, Description: "runs the app" }),
  );
  return { ...fresh, Role };
}

describe("what it refuses to parse", () => {
  test.each([
    [
      "too short a session",
      { MaxSessionDuration: 3599 },
      "ValidationError",
      /greater than or equal to 3600$/,
    ],
    ["too long a session", { MaxSessionDuration: 43_201 }, "ValidationError", /less than or equal to 43200$/],
    ["a long description", { Description: "a".repeat(1001) }, "ValidationError", /at 'description'/],
    ["no trust policy", { AssumeRolePolicyDocument: "{}" }, "MalformedPolicyDocumentException", /^Syntax/],
    [
      "one that trusts nobody",
      { AssumeRolePolicyDocument: allowing("sts:AssumeRole", { Resource: undefined }) },
      "MalformedPolicyDocumentException",
      "Missing required field Principal",
    ],
    [
      "one that trusts who is not there",
      { AssumeRolePolicyDocument: trusting({ AWS: "arn:aws:iam::111122223333:user/nobody" }) },
      "MalformedPolicyDocumentException",
      'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:user/nobody"',
    ],
  ])("%s", async (_, input, code, message) => {
    const { iam } = await freshIam();
    const command = new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trustEc2, ...input });
    await refused(iam.send(command), code, message);
  });

  test("a trust policy that is too long", async () => {
    const { iam } = await freshIam();
    const AssumeRolePolicyDocument = trusting({
      Service: Array.from({ length: 100 }, (_, i) => `service-number-${i}.amazonaws.com`),
    });
    await refused(
      iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument })),
      "LimitExceededException",
      "Cannot exceed quota for ACLSizePerRole: 2048",
    );
  });
});

describe("what it refuses to do", () => {
  test("make one twice, or find one that is not there", async () => {
    const { iam } = await withRole();
    await refused(
      iam.send(new CreateRoleCommand({ RoleName: "APP", AssumeRolePolicyDocument: trustEc2 })),
      "EntityAlreadyExistsException",
      "Role with name APP already exists.",
    );
    await refused(
      iam.send(new GetRoleCommand({ RoleName: "none" })),
      "NoSuchEntityException",
      "The role with name none cannot be found.",
    );
    await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
    await refused(
      iam.send(new CreateInstanceProfileCommand({ InstanceProfileName })),
      "EntityAlreadyExistsException",
      "Instance Profile app-profile already exists.",
    );
    await refused(
      iam.send(new GetInstanceProfileCommand({ InstanceProfileName: "none" })),
      "NoSuchEntityException",
      "Instance Profile none cannot be found.",
    );
  });

  test("part a role from its profile by deleting either", async () => {
    const { iam } = await withRole();
    await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
    const add = () => iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
    const remove = () =>
      iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName }));
    await refused(remove(), "NoSuchEntityException");
    await add();
    await refused(
      add(),
      "LimitExceededException",
      "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
    );
    const conflict = "Cannot delete entity, must remove roles from instance profile first.";
    await refused(iam.send(new DeleteRoleCommand({ RoleName })), "DeleteConflictException", conflict);
    await refused(
      iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName })),
      "DeleteConflictException",
      conflict,
    );
    await remove();
    await iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName }));
    await iam.send(new DeleteRoleCommand({ RoleName }));
  });

  test("change what belongs to a service", async () => {
    const { iam, account } = await withRole();
    const AWSServiceName = "spot.amazonaws.com";
    const make = (input: object) =>
      iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName, ...input }));
    const { Role } = await make({ Description: "for spot" });
    expect(Role?.Arn).toBe(
      `arn:aws:iam::${account}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot`,
    );
    await refused(
      make({}),
      "InvalidInputException",
      /AWSServiceRoleForEC2Spot has been taken in this account/,
    );
    await refused(make({ CustomSuffix: "x" }), "InvalidInputException", /^Custom suffix is not allowed/);
    await refused(
      make({ AWSServiceName: "none.amazonaws.com" }),
      "InvalidInputException",
      "Cannot find Service Linked Role template for none.amazonaws.com",
    );
    const linked = { RoleName: Role?.RoleName ?? "" };
    await refused(
      iam.send(new DeleteRoleCommand(linked)),
      "UnmodifiableEntityException",
      "Cannot perform the operation on the protected role 'AWSServiceRoleForEC2Spot' - this role is only modifiable by AWS",
    );
    await refused(iam.send(new DeleteServiceLinkedRoleCommand({ RoleName })), "InvalidInputException");
    await refused(
      iam.send(new GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId: "task/none" })),
      "NoSuchEntityException",
    );
    const { DeletionTaskId } = await iam.send(new DeleteServiceLinkedRoleCommand(linked));
    expect(await iam.send(new GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId }))).toMatchObject({
      Status: "SUCCEEDED",
    });
    await refused(iam.send(new GetRoleCommand(linked)), "NoSuchEntityException");
  });
});

describe("what it does", () => {
  test("a role has a trust policy, a description and how long its sessions may be", async () => {
    const { iam, account, Role } = await withRole();
    expect(Role).toMatchObject({
      RoleName,
      RoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}$/),
      Arn: `arn:aws:iam::${account}:role/app`,
      Description: "runs the app",
      MaxSessionDuration: 3600,
    });
    expect(read(Role?.AssumeRolePolicyDocument)).toEqual(JSON.parse(trustEc2));
    await iam.send(new UpdateRoleCommand({ RoleName, MaxSessionDuration: 7200 }));
    expect(await iam.send(new UpdateRoleDescriptionCommand({ RoleName, Description: "new" }))).toMatchObject({
      Role: { MaxSessionDuration: 7200, Description: "new" },
    });
    await iam.send(
      new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trusting({ AWS: account }) }),
    );
    const found = (await iam.send(new GetRoleCommand({ RoleName }))).Role;
    expect(read(found?.AssumeRolePolicyDocument)).toEqual(JSON.parse(trusting({ AWS: account })));
    expect((await iam.send(new ListRolesCommand({}))).Roles).toMatchObject([{ RoleName }]);
  });

  test("who is trusted is the one of that name now, and no later one", async () => {
    const { iam, account } = await withRole();
    const UserName = "ann";
    const arn = `arn:aws:iam::${account}:user/${UserName}`;
    const { User } = await iam.send(new CreateUserCommand({ UserName }));
    const PolicyDocument = trusting({ AWS: [arn, `arn:aws:iam::${account}:root`] });
    await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument }));
    const trusted = async () => {
      const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
      return read(Role?.AssumeRolePolicyDocument);
    };
    expect(await trusted()).toEqual(JSON.parse(PolicyDocument));
    await iam.send(new DeleteUserCommand({ UserName }));
    await iam.send(new CreateUserCommand({ UserName }));
    expect(await trusted()).toMatchObject({
      Statement: [{ Principal: { AWS: [User?.UserId, `arn:aws:iam::${account}:root`] } }],
    });
  });

  test("a role has policies, a boundary and tags", async () => {
    const { iam } = await withRole();
    const PolicyDocument = allowing("ec2:*");
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));
    const inline = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
    expect(read(inline.PolicyDocument)).toEqual(JSON.parse(PolicyDocument));
    expect(await iam.send(new ListRolePoliciesCommand({ RoleName }))).toMatchObject({
      PolicyNames: [PolicyName],
    });
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    expect(await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }))).toMatchObject({
      AttachedPolicies: [{ PolicyArn, PolicyName: "AmazonSSMManagedInstanceCore" }],
    });
    await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: PolicyArn }));
    await iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key: "a", Value: "1" }] }));
    expect((await iam.send(new GetRoleCommand({ RoleName }))).Role).toMatchObject({
      PermissionsBoundary: { PermissionsBoundaryArn: PolicyArn },
      Tags: [{ Key: "a", Value: "1" }],
    });
    await iam.send(new UntagRoleCommand({ RoleName, TagKeys: ["a"] }));
    expect((await iam.send(new ListRoleTagsCommand({ RoleName }))).Tags).toEqual([]);
    await iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName }));
    await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
    await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
    await iam.send(new DeleteRoleCommand({ RoleName }));
  });

  test("an instance profile has a role", async () => {
    const { iam, account, Role } = await withRole();
    const Tags = [{ Key: "a", Value: "1" }];
    const { InstanceProfile } = await iam.send(
      new CreateInstanceProfileCommand({ InstanceProfileName, Path: "/x/", Tags }),
    );
    expect(InstanceProfile).toMatchObject({
      InstanceProfileId: expect.stringMatching(/^AIPA[A-Z2-7]{17}$/),
      Arn: `arn:aws:iam::${account}:instance-profile/x/app-profile`,
      Roles: [],
      Tags,
    });
    await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
    const found = await iam.send(new GetInstanceProfileCommand({ InstanceProfileName }));
    expect(found.InstanceProfile?.Roles).toMatchObject([{ RoleName, Arn: Role?.Arn }]);
    const ofRole = await iam.send(new ListInstanceProfilesForRoleCommand({ RoleName }));
    expect(ofRole.InstanceProfiles).toMatchObject([{ InstanceProfileName }]);
    expect((await iam.send(new ListInstanceProfilesCommand({}))).InstanceProfiles).toEqual(
      ofRole.InstanceProfiles,
    );
    await iam.send(new TagInstanceProfileCommand({ InstanceProfileName, Tags: [{ Key: "b", Value: "" }] }));
    await iam.send(new UntagInstanceProfileCommand({ InstanceProfileName, TagKeys: ["a"] }));
    expect((await iam.send(new ListInstanceProfileTagsCommand({ InstanceProfileName }))).Tags).toEqual([
      { Key: "b", Value: "" },
    ]);
  });
});
