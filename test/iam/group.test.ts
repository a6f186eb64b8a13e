import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  CreateGroupCommand,
  CreateUserCommand,
  DeleteGroupCommand,
  DeleteGroupPolicyCommand,
  DeleteUserCommand,
  DetachGroupPolicyCommand,
  GetGroupCommand,
  GetGroupPolicyCommand,
  ListAttachedGroupPoliciesCommand,
  ListGroupPoliciesCommand,
  ListGroupsCommand,
  ListGroupsForUserCommand,
  PutGroupPolicyCommand,
  RemoveUserFromGroupCommand,
  UpdateGroupCommand,
} from "@aws-sdk/client-iam";
import { describe, expect, test } from "vitest";
import { refused } from "../islet.ts";
import { allowing, freshIam, read } from "./client.ts";

const GroupName = "ops";
const UserName = "ann";
const PolicyName = "own";
const PolicyArn = "arn:aws:iam::aws:policy/AmazonEC2FullAccess";

async function withGroup() {
  const fresh = await freshIam();
  const { Group } = await fresh.iam.send(new CreateGroupCommand({ GroupName, Path: "/x/" }));
  await fresh.iam.send(new CreateUserCommand({ UserName }));
  return { ...fresh, Group };
}

describe("what it refuses to do", () => {
  test("make one twice, or find one that is not there", async () => {
    const { iam } = await withGroup();
    await refused(iam.send(new CreateGroupCommand({ GroupName: "OPS" })), "EntityAlreadyExistsException");
    await refused(
      iam.send(new GetGroupCommand({ GroupName: "none" })),
      "NoSuchEntityException",
      "The group with name none cannot be found.",
    );
    await refused(
      iam.send(new AddUserToGroupCommand({ GroupName, UserName: "none" })),
      "NoSuchEntityException",
      "The user with name none cannot be found.",
    );
  });

  test("delete one with users or policies, or a user who is in one", async () => {
    const { iam } = await withGroup();
    const gone = () => iam.send(new DeleteGroupCommand({ GroupName }));
    await iam.send(new AddUserToGroupCommand({ GroupName, UserName }));
    await refused(
      gone(),
      "DeleteConflictException",
      "Cannot delete entity, must remove users from group first.",
    );
    await refused(iam.send(new DeleteUserCommand({ UserName })), "DeleteConflictException");
    await iam.send(new RemoveUserFromGroupCommand({ GroupName, UserName }));
    await iam.send(new AttachGroupPolicyCommand({ GroupName, PolicyArn }));
    await refused(gone(), "DeleteConflictException", "Cannot delete entity, must detach all policies first.");
    await iam.send(new DetachGroupPolicyCommand({ GroupName, PolicyArn }));
    await gone();
    await iam.send(new DeleteUserCommand({ UserName }));
  });

  test("put a user in an eleventh group", async () => {
    const { iam } = await withGroup();
    for (let i = 0; i < 10; i++) {
      await iam.send(new CreateGroupCommand({ GroupName: `g${i}` }));
      await iam.send(new AddUserToGroupCommand({ GroupName: `g${i}`, UserName }));
    }
    await refused(
      iam.send(new AddUserToGroupCommand({ GroupName, UserName })),
      "LimitExceededException",
      "Cannot exceed quota for GroupsPerUser: 10",
    );
  });
});

describe("what it does", () => {
  test("a group has users, and users have groups", async () => {
    const { iam, account, Group } = await withGroup();
    expect(Group).toMatchObject({
      GroupName,
      GroupId: expect.stringMatching(/^AGPA[A-Z2-7]{17}$/),
      Arn: `arn:aws:iam::${account}:group/x/ops`,
    });
    await iam.send(new AddUserToGroupCommand({ GroupName, UserName }));
    await iam.send(new AddUserToGroupCommand({ GroupName, UserName }));
    const { Users } = await iam.send(new GetGroupCommand({ GroupName }));
    expect(Users).toMatchObject([{ UserName }]);
    await iam.send(new UpdateGroupCommand({ GroupName, NewGroupName: "Ops", NewPath: "/" }));
    const { Groups } = await iam.send(new ListGroupsForUserCommand({ UserName }));
    expect(Groups).toEqual([
      { ...Group, Path: "/", GroupName: "Ops", Arn: `arn:aws:iam::${account}:group/Ops` },
    ]);
    expect((await iam.send(new ListGroupsCommand({}))).Groups).toEqual(Groups);
    await iam.send(new RemoveUserFromGroupCommand({ GroupName: "Ops", UserName }));
    expect((await iam.send(new ListGroupsForUserCommand({ UserName }))).Groups).toEqual([]);
  });

  test("a group has policies", async () => {
    const { iam } = await withGroup();
    const PolicyDocument = allowing("ec2:*");
    await iam.send(new PutGroupPolicyCommand({ GroupName, PolicyName, PolicyDocument }));
    const found = await iam.send(new GetGroupPolicyCommand({ GroupName, PolicyName }));
    expect(found).toMatchObject({ GroupName, PolicyName });
    expect(read(found.PolicyDocument)).toEqual(JSON.parse(PolicyDocument));
    expect(await iam.send(new ListGroupPoliciesCommand({ GroupName }))).toMatchObject({
      PolicyNames: [PolicyName],
    });
    await iam.send(new DeleteGroupPolicyCommand({ GroupName, PolicyName }));
    expect(await iam.send(new ListGroupPoliciesCommand({ GroupName }))).toMatchObject({ PolicyNames: [] });
    await iam.send(new AttachGroupPolicyCommand({ GroupName, PolicyArn }));
    expect(await iam.send(new ListAttachedGroupPoliciesCommand({ GroupName }))).toMatchObject({
      AttachedPolicies: [{ PolicyName: "AmazonEC2FullAccess", PolicyArn }],
    });
  });
});
