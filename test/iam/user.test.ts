import {
  AttachUserPolicyCommand,
  CreatePolicyCommand,
  CreateUserCommand,
  DeleteUserCommand,
  DeleteUserPermissionsBoundaryCommand,
  DeleteUserPolicyCommand,
  DetachUserPolicyCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  ListAttachedUserPoliciesCommand,
  ListMFADevicesCommand,
  ListServerCertificatesCommand,
  ListServiceSpecificCredentialsCommand,
  ListSigningCertificatesCommand,
  ListSSHPublicKeysCommand,
  ListUserPoliciesCommand,
  ListUsersCommand,
  ListUserTagsCommand,
  ListVirtualMFADevicesCommand,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
  TagUserCommand,
  UntagUserCommand,
  UpdateUserCommand,
} from "@aws-sdk/client-iam";
import { describe, expect, test } from "vitest";
import { awsPolicies } from "../../server/iam/awsPolicies.ts";
import { ownIslet, refused } from "../islet.ts";
import { allowing, freshIam, read } from "./client.ts";

const PolicyName = "own";
const UserName = "ann";
const READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess";

async function withUser() {
  const fresh = await freshIam();
  const { User } = await fresh.iam.send(new CreateUserCommand({ UserName }));
  return { ...fresh, User };
}

describe("what it refuses to parse", () => {
  test.each([
    ["a name of other characters", { UserName: "an n" }, /^The specified value for userName is invalid/],
    ["a long name", { UserName: "a".repeat(65) }, /at 'userName' failed .* less than or equal to 64$/],
    ["a path that does not end", { UserName, Path: "/a" }, /^The specified value for path is invalid/],
    ["a tag of other characters", { UserName, Tags: [{ Key: "a", Value: "#" }] }, /tags\.1\.member\.value/],
    ["an empty tag key", { UserName, Tags: [{ Key: "", Value: "" }] }, /tags\.1\.member\.key/],
    ["half an ARN", { UserName, PermissionsBoundary: "arn:" }, /at 'permissionsBoundary'/],
  ])("%s", async (_, input, message) => {
    const { iam } = await freshIam();
    await refused(iam.send(new CreateUserCommand(input)), "ValidationError", message);
  });

  test("pages that cannot be", async () => {
    const { iam } = await freshIam();
    const list = (input: object) => iam.send(new ListUsersCommand(input));
    await refused(list({ MaxItems: 0 }), "ValidationError", /greater than or equal to 1$/);
    await refused(list({ MaxItems: 1001 }), "ValidationError", /less than or equal to 1000$/);
    await refused(list({ Marker: "mine" }), "ValidationError", "Invalid Marker.");
    await refused(list({ PathPrefix: "a" }), "ValidationError", /pathPrefix/);
  });
});

describe("what it refuses to do", () => {
  test("take a name that is taken, in whatever case", async () => {
    const { iam } = await withUser();
    await refused(
      iam.send(new CreateUserCommand({ UserName: "Ann" })),
      "EntityAlreadyExistsException",
      "User with name Ann already exists.",
    );
    await iam.send(new CreateUserCommand({ UserName: "bob" }));
    await refused(
      iam.send(new UpdateUserCommand({ UserName: "bob", NewUserName: "ANN" })),
      "EntityAlreadyExistsException",
    );
  });

  test("find who is not there", async () => {
    const { iam } = await freshIam();
    await refused(
      iam.send(new GetUserCommand({ UserName })),
      "NoSuchEntityException",
      "The user with name ann cannot be found.",
    );
    const other = await withUser();
    await refused(iam.send(new GetUserCommand({ UserName })), "NoSuchEntityException");
    await refused(
      other.iam.send(new GetUserPolicyCommand({ UserName, PolicyName })),
      "NoSuchEntityException",
      "The user policy with name own cannot be found.",
    );
    await refused(
      other.iam.send(new DeleteUserPermissionsBoundaryCommand({ UserName })),
      "NoSuchEntityException",
    );
  });

  test("delete who still has something", async () => {
    const { iam } = await withUser();
    const gone = () => iam.send(new DeleteUserCommand({ UserName }));
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument: allowing("ec2:*") }));
    await refused(gone(), "DeleteConflictException", "Cannot delete entity, must delete policies first.");
    await iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName }));
    await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn: READ_ONLY }));
    await refused(gone(), "DeleteConflictException", "Cannot delete entity, must detach all policies first.");
    await iam.send(new DetachUserPolicyCommand({ UserName, PolicyArn: READ_ONLY }));
    await gone();
    await refused(gone(), "NoSuchEntityException");
  });

  test("policies that make no sense, or are too long, or not there", async () => {
    const { iam, account } = await withUser();
    const put = (PolicyDocument: string) =>
      iam.send(new PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument }));
    await refused(put("{}"), "MalformedPolicyDocumentException", "Syntax errors in policy.");
    await refused(put("☃"), "ValidationError");
    const long = Array.from({ length: 200 }, (_, i) => `ec2:DescribeInstances${i}`);
    await refused(
      put(allowing(long)),
      "LimitExceededException",
      "Maximum policy size of 2048 bytes exceeded for user ann",
    );
    const nowhere = `arn:aws:iam::${account}:policy/none`;
    const attach = (PolicyArn: string) => iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
    await refused(
      attach(nowhere),
      "NoSuchEntityException",
      `Policy ${nowhere} does not exist or is not attachable.`,
    );
    await refused(attach("not an ARN but long enough"), "InvalidInputException");
    await refused(
      iam.send(new DetachUserPolicyCommand({ UserName, PolicyArn: READ_ONLY })),
      "NoSuchEntityException",
      `Policy ${READ_ONLY} was not found.`,
    );
    await refused(
      iam.send(new CreateUserCommand({ UserName: "bob", PermissionsBoundary: nowhere })),
      "NoSuchEntityException",
    );
  });

  test("tags that are the same, reserved, or too many", async () => {
    const { iam } = await withUser();
    const tag = (...keys: string[]) =>
      iam.send(new TagUserCommand({ UserName, Tags: keys.map((Key) => ({ Key, Value: "" })) }));
    await refused(tag("a", "A"), "InvalidInputException", /case insensitive/);
    await refused(tag("aws:x"), "InvalidInputException");
    await refused(
      tag(...Array.from({ length: 51 }, (_, i) => `k${i}`)),
      "LimitExceededException",
      "Cannot exceed quota for TagsPerUser: 50",
    );
  });

  test("attach more policies than the quota", async () => {
    const islet = await ownIslet({ quotas: "usual" });
    try {
      const { iam } = await freshIam(islet);
      await iam.send(new CreateUserCommand({ UserName }));
      const attach = (PolicyArn = "") => iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
      const arns = [...awsPolicies.keys()];
      for (const arn of arns.slice(0, 10)) await attach(arn);
      await refused(
        attach(arns[10]),
        "LimitExceededException",
        "Cannot exceed quota for PoliciesPerUser: 10",
      );
    } finally {
      await islet.close();
    }
  });
});

describe("what it does", () => {
  test("a user has an id, an ARN with its path, and tags", async () => {
    const { iam, account } = await freshIam();
    const { User } = await iam.send(
      new CreateUserCommand({ UserName, Path: "/team/blue/", Tags: [{ Key: "team", Value: "blue" }] }),
    );
    expect(User).toMatchObject({
      UserName,
      Path: "/team/blue/",
      UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
      Arn: `arn:aws:iam::${account}:user/team/blue/ann`,
      CreateDate: expect.any(Date),
      Tags: [{ Key: "team", Value: "blue" }],
    });
    expect((await iam.send(new GetUserCommand({ UserName }))).User).toEqual(User);
    await iam.send(new UpdateUserCommand({ UserName, NewUserName: "Ann", NewPath: "/" }));
    const moved = (await iam.send(new GetUserCommand({ UserName: "Ann" }))).User;
    expect(moved).toMatchObject({ UserId: User?.UserId, Arn: `arn:aws:iam::${account}:user/Ann` });
    await refused(iam.send(new GetUserCommand({ UserName })), "NoSuchEntityException");
    expect((await iam.send(new GetUserCommand({}))).User).toMatchObject({
      Arn: `arn:aws:iam::${account}:root`,
      UserId: account,
    });
  });

  test("users are listed by name, under a path, in pages", async () => {
    const { iam } = await freshIam();
    for (const [name, Path] of [
      ["c", "/x/"],
      ["a", "/x/"],
      ["b", "/x/y/"],
      ["d", "/"],
    ] as const) {
      await iam.send(new CreateUserCommand({ UserName: name, Path }));
    }
    const names: (string | undefined)[] = [];
    let Marker: string | undefined;
    do {
      const page = await iam.send(new ListUsersCommand({ PathPrefix: "/x", MaxItems: 2, Marker }));
      names.push(...(page.Users ?? []).map(({ UserName: name }) => name));
      expect(page.IsTruncated).toBe(page.Marker !== undefined);
      Marker = page.Marker;
    } while (Marker !== undefined);
    expect(names).toEqual(["a", "b", "c"]);
  });

  test("tags are put, overwritten whatever their case, and taken away", async () => {
    const { iam } = await withUser();
    const tags = async () => (await iam.send(new ListUserTagsCommand({ UserName }))).Tags;
    await iam.send(
      new TagUserCommand({
        UserName,
        Tags: [
          { Key: "Team", Value: "blue" },
          { Key: "b", Value: "" },
        ],
      }),
    );
    await iam.send(new TagUserCommand({ UserName, Tags: [{ Key: "team", Value: "red" }] }));
    expect(await tags()).toEqual([
      { Key: "b", Value: "" },
      { Key: "team", Value: "red" },
    ]);
    await iam.send(new UntagUserCommand({ UserName, TagKeys: ["TEAM"] }));
    expect(await tags()).toEqual([{ Key: "b", Value: "" }]);
  });

  test("policies are put in and attached", async () => {
    const { iam } = await withUser();
    const PolicyDocument = allowing("ec2:*");
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument: allowing("s3:*") }));
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument }));
    const inline = await iam.send(new GetUserPolicyCommand({ UserName, PolicyName }));
    expect(inline).toMatchObject({ UserName, PolicyName });
    expect(inline.PolicyDocument).toMatch(/^%7B%22Version%22/);
    expect(read(inline.PolicyDocument)).toEqual(JSON.parse(PolicyDocument));
    expect((await iam.send(new ListUserPoliciesCommand({ UserName }))).PolicyNames).toEqual([PolicyName]);

    await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn: READ_ONLY }));
    await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn: READ_ONLY }));
    const attached = async (PathPrefix?: string) =>
      (await iam.send(new ListAttachedUserPoliciesCommand({ UserName, PathPrefix }))).AttachedPolicies;
    expect(await attached()).toEqual([{ PolicyName: "ReadOnlyAccess", PolicyArn: READ_ONLY }]);
    expect(await attached("/job-function/")).toEqual([]);
    await iam.send(new DetachUserPolicyCommand({ UserName, PolicyArn: READ_ONLY }));
    expect(await attached()).toEqual([]);
  });

  test("a boundary is put and taken away", async () => {
    const { iam } = await withUser();
    const { Policy } = await iam.send(
      new CreatePolicyCommand({ PolicyName: "limit", PolicyDocument: allowing("ec2:*") }),
    );
    const PermissionsBoundary = Policy?.Arn ?? "";
    await iam.send(new PutUserPermissionsBoundaryCommand({ UserName, PermissionsBoundary }));
    const boundary = async () => (await iam.send(new GetUserCommand({ UserName }))).User?.PermissionsBoundary;
    expect(await boundary()).toEqual({
      PermissionsBoundaryType: "PermissionsBoundaryPolicy",
      PermissionsBoundaryArn: PermissionsBoundary,
    });
    await iam.send(new DeleteUserPermissionsBoundaryCommand({ UserName }));
    expect(await boundary()).toBeUndefined();
  });

  test("there is nothing of what nobody can have", async () => {
    const { iam } = await withUser();
    expect(await iam.send(new ListMFADevicesCommand({ UserName }))).toMatchObject({ MFADevices: [] });
    expect(await iam.send(new ListSSHPublicKeysCommand({ UserName }))).toMatchObject({ SSHPublicKeys: [] });
    expect(await iam.send(new ListSigningCertificatesCommand({ UserName }))).toMatchObject({
      Certificates: [],
    });
    for (const asked of [{ UserName }, { AllUsers: true }]) {
      expect(await iam.send(new ListServiceSpecificCredentialsCommand(asked))).toMatchObject({
        ServiceSpecificCredentials: [],
      });
    }
    expect(await iam.send(new ListVirtualMFADevicesCommand({}))).toMatchObject({ VirtualMFADevices: [] });
    expect(await iam.send(new ListServerCertificatesCommand({}))).toMatchObject({
      ServerCertificateMetadataList: [],
      IsTruncated: false,
    });
    await refused(iam.send(new ListMFADevicesCommand({ UserName: "no" })), "NoSuchEntityException");
  });
});
