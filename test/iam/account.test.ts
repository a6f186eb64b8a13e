import {
  AddRoleToInstanceProfileCommand,
  AddUserToGroupCommand,
  AttachUserPolicyCommand,
  CreateAccountAliasCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccountAliasCommand,
  GenerateCredentialReportCommand,
  GetAccountAuthorizationDetailsCommand,
  GetAccountSummaryCommand,
  GetCredentialReportCommand,
  ListAccountAliasesCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { describe, expect, test } from "vitest";
import { operate } from "../http/send.ts";
import { ownIslet, refused } from "../islet.ts";
import { allowing, freshIam, read, trustEc2 } from "./client.ts";

describe("what it refuses", () => {
  test.each(["ab", "a--b", "-ab", "Abc", "a".repeat(64)])("the alias %s", async (AccountAlias) => {
    const { iam } = await freshIam();
    await refused(iam.send(new CreateAccountAliasCommand({ AccountAlias })), "ValidationError");
  });

  test("an alias that another has, and to delete one that the account has not", async () => {
    const [one, other] = [await freshIam(), await freshIam()];
    const AccountAlias = `alias-${one.account}`;
    await one.iam.send(new CreateAccountAliasCommand({ AccountAlias }));
    await refused(
      other.iam.send(new CreateAccountAliasCommand({ AccountAlias })),
      "EntityAlreadyExistsException",
      `The account alias ${AccountAlias} already exists.`,
    );
    await refused(other.iam.send(new DeleteAccountAliasCommand({ AccountAlias })), "NoSuchEntityException");
  });

  test("a report that nobody asked for", async () => {
    const { iam } = await freshIam();
    await refused(iam.send(new GetCredentialReportCommand({})), "CredentialReportNotPresentException");
  });
});

describe("what it does", () => {
  test("an account has one alias", async () => {
    const { iam, account } = await freshIam();
    const aliases = async () => (await iam.send(new ListAccountAliasesCommand({}))).AccountAliases;
    expect(await aliases()).toEqual([]);
    await iam.send(new CreateAccountAliasCommand({ AccountAlias: `a-${account}` }));
    await iam.send(new CreateAccountAliasCommand({ AccountAlias: `b-${account}` }));
    expect(await aliases()).toEqual([`b-${account}`]);
    await iam.send(new DeleteAccountAliasCommand({ AccountAlias: `b-${account}` }));
    expect(await aliases()).toEqual([]);
  });

  test("what an account has is counted, and told in whole", async () => {
    const { iam } = await freshIam();
    await iam.send(new CreateUserCommand({ UserName: "ann", Tags: [{ Key: "a", Value: "1" }] }));
    await iam.send(new CreateGroupCommand({ GroupName: "ops" }));
    await iam.send(new AddUserToGroupCommand({ UserName: "ann", GroupName: "ops" }));
    await iam.send(new CreateRoleCommand({ RoleName: "app", AssumeRolePolicyDocument: trustEc2 }));
    const PolicyDocument = allowing("ec2:*");
    await iam.send(new PutRolePolicyCommand({ RoleName: "app", PolicyName: "own", PolicyDocument }));
    await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: "app" }));
    await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: "app", RoleName: "app" }));
    await iam.send(new CreatePolicyCommand({ PolicyName: "local", PolicyDocument }));
    const PolicyArn = "arn:aws:iam::aws:policy/AdministratorAccess";
    await iam.send(new AttachUserPolicyCommand({ UserName: "ann", PolicyArn }));

    expect((await iam.send(new GetAccountSummaryCommand({}))).SummaryMap).toMatchObject({
      Users: 1,
      Groups: 1,
      Roles: 1,
      InstanceProfiles: 1,
      Policies: 1,
      PolicyVersionsInUse: 1,
      AccountAccessKeysPresent: 1,
      UsersQuota: 5000,
    });

    const details = (input: object) => iam.send(new GetAccountAuthorizationDetailsCommand(input));
    const all = await details({});
    expect(all).toMatchObject({
      UserDetailList: [
        {
          UserName: "ann",
          GroupList: ["ops"],
          AttachedManagedPolicies: [{ PolicyArn }],
          Tags: [{ Key: "a", Value: "1" }],
        },
      ],
      GroupDetailList: [{ GroupName: "ops", GroupPolicyList: [] }],
      RoleDetailList: [{ RoleName: "app", InstanceProfileList: [{ InstanceProfileName: "app" }] }],
    });
    expect(read(all.RoleDetailList?.[0]?.RolePolicyList?.[0]?.PolicyDocument)).toEqual(
      JSON.parse(PolicyDocument),
    );
    expect(all.Policies?.map(({ PolicyName }) => PolicyName).toSorted()).toEqual([
      "AdministratorAccess",
      "local",
    ]);
    expect(await details({ Filter: ["Role", "LocalManagedPolicy"] })).toMatchObject({
      UserDetailList: [],
      RoleDetailList: [{ RoleName: "app" }],
      Policies: [{ PolicyName: "local", PolicyVersionList: [{ VersionId: "v1", IsDefaultVersion: true }] }],
    });
    const page = await details({ MaxItems: 2 });
    expect(page.IsTruncated).toBe(true);
    const rest = await details({ Marker: page.Marker });
    const count = ({
      UserDetailList = [],
      GroupDetailList = [],
      RoleDetailList = [],
      Policies = [],
    }: typeof page) => [UserDetailList, GroupDetailList, RoleDetailList, Policies].flat().length;
    expect([count(page), count(rest)]).toEqual([2, 3]);
  });

  test("a report tells of all users' keys, until it is too old", async () => {
    const islet = await ownIslet();
    try {
      const { iam, account } = await freshIam(islet);
      await iam.send(new CreateUserCommand({ UserName: "a,nn" }));
      await iam.send(new CreateAccessKeyCommand({ UserName: "a,nn" }));
      const generate = async () => (await iam.send(new GenerateCredentialReportCommand({}))).State;
      expect(await generate()).toBe("STARTED");
      expect(await generate()).toBe("COMPLETE");
      const report = await iam.send(new GetCredentialReportCommand({}));
      expect(report).toMatchObject({ ReportFormat: "text/csv", GeneratedTime: expect.any(Date) });
      const [header, root, ann] = new TextDecoder().decode(report.Content).split("\n");
      expect(header?.split(",")).toHaveLength(22);
      expect(root).toMatch(new RegExp(`^<root_account>,arn:aws:iam::${account}:root,`));
      expect(ann).toMatch(
        new RegExp(
          `^"a,nn","arn:aws:iam::${account}:user/a,nn",[\\d-]+T[\\d:]+\\+00:00,false,N/A,N/A,N/A,false,true,[\\d-]+T`,
        ),
      );
      await operate(islet, "POST", "clock", { Advance: 4 * 3600 });
      await refused(iam.send(new GetCredentialReportCommand({})), "CredentialReportExpiredException");
      expect(await generate()).toBe("STARTED");
    } finally {
      await islet.close();
    }
  });
});
