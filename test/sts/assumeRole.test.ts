import { DescribeVolumesCommand, DescribeVpcsCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  AttachRolePolicyCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  DeleteAccessKeyCommand,
  DetachRolePolicyCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  type AssumeRoleCommandInput,
} from "@aws-sdk/client-sts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { allowing, trusting } from "../iam/client.ts";
import { configOf, ownIslet, refused, type Keys } from "../islet.ts";
import { freshPlace, keysFrom, trustingFor, type Place } from "./people.ts";

const RoleSessionName = "s-1";
const HOUR = 3600;

const look = (place: Place, keys: Keys) => place.ec2(keys).send(new DescribeVpcsCommand({}));
const whoAmI = (place: Place, keys: Keys) => place.sts(keys).send(new GetCallerIdentityCommand({}));

const assume = (place: Place, keys: Keys, RoleArn: string, more: Partial<AssumeRoleCommandInput> = {}) =>
  place.sts(keys).send(new AssumeRoleCommand({ RoleArn, RoleSessionName, ...more }));

const sessionOf = async (...call: Parameters<typeof assume>) => keysFrom((await assume(...call)).Credentials);

/** An account with a user who may assume whatever trusts its account, and a role that does and may see VPCs. */
async function withRole(policy = allowing("ec2:DescribeVpcs"), more: object = {}) {
  const place = await freshPlace();
  const ann = await place.user(
    "ann",
    allowing(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]),
  );
  const RoleArn = await place.role("app", trusting({ AWS: place.account }), policy, more);
  return { place, ann, RoleArn };
}

describe("what it refuses to parse", () => {
  const constraint = (member: string, rule: string): RegExp =>
    new RegExp(`at '${member}' failed to satisfy constraint: ${rule}`);
  const form = /Member must satisfy regular expression pattern/.source;

  test.each<[string, Partial<AssumeRoleCommandInput>, RegExp | string]>([
    [
      "a short ARN",
      { RoleArn: "app" },
      constraint("roleArn", "Member must have length greater than or equal to 20"),
    ],
    ["what is no ARN", { RoleArn: "the role that is called app" }, "Request ARN is invalid"],
    [
      "a user's ARN",
      { RoleArn: "arn:aws:iam::123456789012:user/x" },
      "arn:aws:iam::123456789012:user/x is invalid",
    ],
    [
      "a session without a name",
      { RoleSessionName: "a" },
      constraint("roleSessionName", "Member must have length"),
    ],
    ["a name with blanks", { RoleSessionName: "a b" }, constraint("roleSessionName", form)],
    [
      "a short session",
      { DurationSeconds: 899 },
      constraint("durationSeconds", "Member must have value greater"),
    ],
    [
      "a long session",
      { DurationSeconds: 43_201 },
      constraint("durationSeconds", "Member must have value less"),
    ],
    ["an external id with blanks", { ExternalId: "a b" }, constraint("externalId", form)],
    ["a source identity with blanks", { SourceIdentity: "a b" }, constraint("sourceIdentity", form)],
    [
      "a tag without a key",
      { Tags: [{ Key: "", Value: "" }] },
      constraint("tags.1.member.key", "Member must have"),
    ],
    ["a tag with signs", { Tags: [{ Key: "a", Value: "<" }] }, constraint("tags.1.member.value", form)],
    [
      "too many tags",
      { Tags: Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: "" })) },
      constraint("tags", "Member must have length less than or equal to 50"),
    ],
    [
      "contexts",
      { ProvidedContexts: [{ ProviderArn: "arn:aws:iam::aws:x", ContextAssertion: "abcd" }] },
      /not supported/,
    ],
  ])("%s", async (_, input, message) => {
    const { place, ann, RoleArn } = await withRole();
    await refused(assume(place, ann, RoleArn, input), "ValidationError", message);
  });

  test.each<[string, Partial<AssumeRoleCommandInput>, string]>([
    [
      "a tag twice",
      {
        Tags: [
          { Key: "a", Value: "1" },
          { Key: "A", Value: "2" },
        ],
      },
      "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    ],
    [
      "a reserved tag",
      { Tags: [{ Key: "aws:x", Value: "1" }] },
      "Tag keys that begin with aws: are reserved for internal use.",
    ],
    [
      "a transitive tag that is not there",
      { TransitiveTagKeys: ["a"] },
      "The specified transitive tag key must be included in the requested tags.",
    ],
  ])("%s", async (_, input, message) => {
    const { place, ann, RoleArn } = await withRole();
    await refused(assume(place, ann, RoleArn, input), "InvalidParameterValue", message);
  });

  test("session policies that are none, too many or not there", async () => {
    const { place, ann, RoleArn } = await withRole();
    const open = (input: Partial<AssumeRoleCommandInput>) => assume(place, ann, RoleArn, input);
    await refused(open({ Policy: "{}" }), "MalformedPolicyDocumentException", "Syntax errors in policy.");
    await refused(open({ Policy: allowing("s3:*", { Principal: "*" }) }), "MalformedPolicyDocumentException");
    await refused(
      open({ Policy: "x".repeat(2049) }),
      "ValidationError",
      /at 'policy'.*less than or equal to 2048/,
    );
    await refused(open({ Policy: "€" }), "ValidationError", /at 'policy'/);
    const arn = "arn:aws:iam::aws:policy/NoSuchPolicy";
    await refused(
      open({ PolicyArns: [{ arn }] }),
      "ValidationError",
      `Policy ${arn} does not exist or is not attachable.`,
    );
    await refused(
      open({ PolicyArns: Array.from({ length: 11 }, () => ({ arn })) }),
      "ValidationError",
      /at 'policyArns'/,
    );
  });

  test("policies and tags that do not fit into a token", async () => {
    const { place, ann } = await withRole();
    const actions = ["sts:AssumeRole", "sts:TagSession"];
    const open = await place.role("open", trustingFor({ AWS: place.account }, actions));
    // Nothing in them repeats, as in good ciphers.
    let state = 1;
    const next = () => ((state = (state * 48_271) % 2_147_483_647) % 1_679_616).toString(36);
    const Tags = Array.from({ length: 20 }, (_, i) => ({
      Key: `k${i}`,
      Value: Array.from({ length: 50 }, next).join(""),
    }));
    await refused(
      assume(place, ann, open, { Tags }),
      "PackedPolicyTooLargeException",
      /^Packed policy consumes \d{3}% of allotted space, please use smaller policy\.$/,
    );
    const { PackedPolicySize = 0 } = await assume(place, ann, open, { Tags: Tags.slice(0, 5) });
    expect(PackedPolicySize).toBeGreaterThan(10);
    expect(PackedPolicySize).toBeLessThan(100);
  });
});

describe("what it refuses to do", () => {
  const bare = (arn: string, role: string, action = "sts:AssumeRole") =>
    `User: ${arn} is not authorized to perform: ${action} on resource: ${role}`;

  test("roles for root, with MFA, and roles that are not there or do not trust who asks", async () => {
    const { place, ann, RoleArn } = await withRole();
    await refused(
      assume(place, place.keys, RoleArn),
      "AccessDenied",
      "Roles may not be assumed by root accounts.",
    );
    const mfa = { SerialNumber: "arn:aws:iam::123456789012:mfa/me", TokenCode: "123456" };
    await refused(assume(place, ann, RoleArn, mfa), "AccessDenied", /^MultiFactorAuthentication failed/);
    const missing = `arn:aws:iam::${place.account}:role/none`;
    await refused(assume(place, ann, missing), "AccessDenied", bare(ann.arn, missing));
    const other = await place.role("other", trusting({ Service: "ec2.amazonaws.com" }));
    await refused(assume(place, ann, other), "AccessDenied", bare(ann.arn, other));
    await assume(place, ann, RoleArn);
  });

  test("to tell by a Deny whether a role is there", async () => {
    const { place, RoleArn } = await withRole();
    const Statement = { Effect: "Deny", Action: "sts:AssumeRole", Resource: "*" };
    const bob = await place.user("bob", JSON.stringify({ Version: "2012-10-17", Statement }));
    for (const role of [RoleArn, `${RoleArn}-none`]) {
      await refused(
        assume(place, bob, role),
        "AccessDenied",
        `${bare(bob.arn, role)} with an explicit deny in an identity-based policy`,
      );
    }
  });

  test("what the trust policy leaves to policies that do not allow it", async () => {
    const { place, RoleArn } = await withRole();
    const bob = await place.user("bob");
    await refused(
      assume(place, bob, RoleArn),
      "AccessDenied",
      `${bare(bob.arn, RoleArn)} because no identity-based policy allows the sts:AssumeRole action`,
    );
    // One that is named itself needs no policy of its own, where it is in the same account.
    await assume(place, bob, await place.role("direct", trusting({ AWS: bob.arn })));
  });

  test("another account's role, unless both sides allow it", async () => {
    const { place } = await withRole();
    const there = await freshPlace();
    const ann = await place.user("cross", allowing("sts:AssumeRole"));
    const bob = await place.user("bob");
    const forAnn = await there.role(
      "for-ann",
      trusting({ AWS: [ann.arn, bob.arn] }),
      allowing("ec2:DescribeVpcs"),
    );
    const forNobody = await there.role("for-nobody", trusting({ AWS: there.account }));
    const session = await sessionOf(place, ann, forAnn);
    expect(await whoAmI(place, session)).toMatchObject({ Account: there.account });
    await look(place, session);
    await refused(assume(place, ann, forNobody), "AccessDenied", bare(ann.arn, forNobody));
    await refused(assume(place, bob, forAnn), "AccessDenied", /no identity-based policy/);
  });

  test("an external id that is not the one", async () => {
    const { place, ann } = await withRole();
    const condition = { Condition: { StringEquals: { "sts:ExternalId": "Unique-1" } } };
    const RoleArn = await place.role(
      "ext",
      trustingFor({ AWS: place.account }, ["sts:AssumeRole"], condition),
    );
    for (const ExternalId of [undefined, "unique-1"]) {
      await refused(assume(place, ann, RoleArn, { ExternalId }), "AccessDenied", bare(ann.arn, RoleArn));
    }
    await assume(place, ann, RoleArn, { ExternalId: "Unique-1" });
  });

  test("who asks from elsewhere, and trust for a while that is over", async () => {
    const { place, ann } = await withRole();
    const roleFor = (name: string, Condition: object) =>
      place.role(name, trustingFor({ AWS: place.account }, ["sts:AssumeRole"], { Condition }));
    const far = await roleFor("far", { IpAddress: { "aws:SourceIp": "203.0.113.0/24" } });
    await refused(assume(place, ann, far), "AccessDenied", bare(ann.arn, far));
    const near = {
      IpAddress: { "aws:SourceIp": ["127.0.0.0/8", "::1"] },
      Bool: { "aws:SecureTransport": "true" },
    };
    await assume(place, ann, await roleFor("near", near));
    const over = await roleFor("over", { DateLessThan: { "aws:CurrentTime": "2020-01-01T00:00:00Z" } });
    await refused(assume(place, ann, over), "AccessDenied", bare(ann.arn, over));
  });

  test("a session that is longer than the role's, or than an hour in a chain", async () => {
    const { place, ann, RoleArn } = await withRole(allowing("sts:AssumeRole"), { MaxSessionDuration: 7200 });
    await refused(
      assume(place, ann, RoleArn, { DurationSeconds: 7201 }),
      "ValidationError",
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
    const session = await sessionOf(place, ann, RoleArn, { DurationSeconds: 7200 });
    await refused(
      assume(place, session, RoleArn, { DurationSeconds: HOUR + 1 }),
      "ValidationError",
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    );
    const { AssumedRoleUser } = await assume(place, session, RoleArn, { DurationSeconds: HOUR });
    expect(AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${place.account}:assumed-role/app/${RoleSessionName}`);
    await refused(
      place.sts(session).send(new GetSessionTokenCommand({})),
      "AccessDenied",
      "Cannot call GetSessionToken with session credentials",
    );
  });

  test("tags and source identities that the trust policy does not allow", async () => {
    const { place, ann, RoleArn } = await withRole();
    const Tags = [{ Key: "team", Value: "blue" }];
    await refused(
      assume(place, ann, RoleArn, { Tags }),
      "AccessDenied",
      bare(ann.arn, RoleArn, "sts:TagSession"),
    );
    await refused(
      assume(place, ann, RoleArn, { SourceIdentity: "ann" }),
      "AccessDenied",
      bare(ann.arn, RoleArn, "sts:SetSourceIdentity"),
    );
    const onlyTeam = { Condition: { "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] } } };
    const actions = ["sts:AssumeRole", "sts:TagSession"];
    const tagged = await place.role("tagged", trustingFor({ AWS: place.account }, actions, onlyTeam));
    await assume(place, ann, tagged, { Tags });
    await refused(assume(place, ann, tagged, { Tags: [{ Key: "cost", Value: "1" }] }), "AccessDenied");
  });
});

describe("what it does", () => {
  test("a session is the role's, and says so", async () => {
    const { place, ann, RoleArn } = await withRole();
    const { Credentials, AssumedRoleUser, PackedPolicySize } = await assume(place, ann, RoleArn);
    expect(AssumedRoleUser).toMatchObject({
      Arn: `arn:aws:sts::${place.account}:assumed-role/app/s-1`,
      AssumedRoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}:s-1$/),
    });
    expect(PackedPolicySize).toBeUndefined();
    expect(Credentials?.Expiration?.getTime()).toBeGreaterThan(Date.now() + (HOUR - 60) * 1000);
    const session = keysFrom(Credentials);
    expect(await whoAmI(place, session)).toMatchObject({
      Account: place.account,
      Arn: AssumedRoleUser?.Arn,
      UserId: AssumedRoleUser?.AssumedRoleId,
    });
    await look(place, session);
    await refused(place.ec2(session).send(new DescribeVolumesCommand({})), "UnauthorizedOperation");
  });

  test("session policies take away and never give", async () => {
    const { place, ann, RoleArn } = await withRole(allowing(["ec2:DescribeVpcs", "ec2:DescribeSubnets"]));
    const volumes = (keys: Keys) => place.ec2(keys).send(new DescribeVolumesCommand({}));
    const inline = await sessionOf(place, ann, RoleArn, { Policy: allowing("ec2:DescribeVolumes") });
    await refused(look(place, inline), "UnauthorizedOperation");
    await refused(volumes(inline), "UnauthorizedOperation");
    const PolicyArns = [{ arn: "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess" }];
    const managed = await sessionOf(place, ann, RoleArn, { PolicyArns });
    await look(place, managed);
    await refused(volumes(managed), "UnauthorizedOperation");
    const both = await assume(place, ann, RoleArn, {
      PolicyArns,
      Policy: allowing("ec2:*", { Effect: "Deny" }),
    });
    await refused(look(place, keysFrom(both.Credentials)), "UnauthorizedOperation", /explicit deny/);
    expect(both.PackedPolicySize).toBeGreaterThan(0);
  });

  test("session tags are tags of who calls, and transitive ones go on", async () => {
    const { place, ann } = await withRole();
    const actions = ["sts:AssumeRole", "sts:TagSession"];
    const trust = trustingFor({ AWS: place.account }, actions);
    const policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: actions, Resource: "*" },
        {
          Effect: "Allow",
          Action: "ec2:DescribeVpcs",
          Resource: "*",
          Condition: { StringEquals: { "aws:PrincipalTag/team": "blue" } },
        },
        {
          Effect: "Allow",
          Action: "ec2:DescribeVolumes",
          Resource: "*",
          Condition: { StringEquals: { "aws:PrincipalTag/cost": "42" } },
        },
      ],
    });
    const first = await place.role("first", trust, policy, { Tags: [{ Key: "Team", Value: "red" }] });
    const second = await place.role("second", trust, policy);
    const volumes = (keys: Keys) => place.ec2(keys).send(new DescribeVolumesCommand({}));
    await refused(look(place, await sessionOf(place, ann, first)), "UnauthorizedOperation");
    const Tags = [
      { Key: "team", Value: "blue" },
      { Key: "cost", Value: "42" },
    ];
    const session = await sessionOf(place, ann, first, { Tags, TransitiveTagKeys: ["team"] });
    await look(place, session);
    await volumes(session);
    const chained = await sessionOf(place, session, second);
    await look(place, chained);
    await refused(volumes(chained), "UnauthorizedOperation");
    await refused(
      assume(place, session, second, { Tags: [{ Key: "Team", Value: "green" }] }),
      "InvalidParameterValue",
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    );
    // One role that does not trust tags ends the chain.
    const plain = await place.role("plain", trusting({ AWS: place.account }));
    await refused(assume(place, session, plain), "AccessDenied", /sts:TagSession/);
  });

  test("a source identity stays, whatever roles follow", async () => {
    const { place, ann } = await withRole();
    const actions = ["sts:AssumeRole", "sts:SetSourceIdentity"];
    const onlyAnn = { Condition: { StringEquals: { "aws:SourceIdentity": "ann" } } };
    const policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: actions, Resource: "*" },
        { Effect: "Allow", Action: "ec2:DescribeVpcs", Resource: "*", ...onlyAnn },
      ],
    });
    const RoleArn = await place.role("known", trustingFor({ AWS: place.account }, actions), policy);
    const opened = await assume(place, ann, RoleArn, { SourceIdentity: "ann" });
    expect(opened.SourceIdentity).toBe("ann");
    const session = keysFrom(opened.Credentials);
    await look(place, session);
    const chained = await assume(place, session, RoleArn);
    expect(chained.SourceIdentity).toBe("ann");
    await look(place, keysFrom(chained.Credentials));
    await refused(
      assume(place, session, RoleArn, { SourceIdentity: "bob" }),
      "AccessDenied",
      /SetSourceIdentity/,
    );
  });

  test("a session that is revoked may do nothing, and a later one may", async () => {
    const { place, ann, RoleArn } = await withRole();
    const before = await sessionOf(place, ann, RoleArn);
    const revoke = (date: string) =>
      place.iam.send(
        new PutRolePolicyCommand({
          RoleName: "app",
          PolicyName: "AWSRevokeOlderSessions",
          PolicyDocument: allowing("*", {
            Effect: "Deny",
            Condition: { DateLessThan: { "aws:TokenIssueTime": date } },
          }),
        }),
      );
    await revoke("2100-01-01T00:00:00Z");
    await refused(look(place, before), "UnauthorizedOperation", /explicit deny/);
    await whoAmI(place, before);
    await revoke("2000-01-01T00:00:00Z");
    await look(place, before);
  });

  test("a session ends with its role; one of that name is another", async () => {
    const { place, ann, RoleArn } = await withRole();
    const PolicyArn = "arn:aws:iam::aws:policy/AmazonEC2FullAccess";
    await place.iam.send(new AttachRolePolicyCommand({ RoleName: "app", PolicyArn }));
    const session = await sessionOf(place, ann, RoleArn);
    await look(place, session);
    await place.iam.send(new DetachRolePolicyCommand({ RoleName: "app", PolicyArn }));
    await place.iam.send(new DeleteRolePolicyCommand({ RoleName: "app", PolicyName: "own" }));
    await refused(look(place, session), "UnauthorizedOperation");
    await place.iam.send(new DeleteRoleCommand({ RoleName: "app" }));
    await refused(whoAmI(place, session), "InvalidClientTokenId");
    await place.role("app", trusting({ AWS: place.account }), allowing("*"));
    await refused(look(place, session), "AuthFailure");
  });

  test("the terms of a session outlive the server", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-terms-"));
    const islet = await ownIslet({ memory: false, data });
    const place = await freshPlace(islet);
    const ann = await place.user("ann", allowing("sts:AssumeRole"));
    const RoleArn = await place.role("app", trusting({ AWS: place.account }), allowing("ec2:*"));
    const session = await sessionOf(place, ann, RoleArn, { Policy: allowing("ec2:DescribeVpcs") });
    await islet.close();
    const again = await ownIslet({ memory: false, data });
    const ec2 = new EC2Client(configOf(again, session));
    await ec2.send(new DescribeVpcsCommand({}));
    await refused(ec2.send(new DescribeVolumesCommand({})), "UnauthorizedOperation", /session policy/);
    await again.close();
    rmSync(data, { recursive: true });
  });

  test("a user's own session ends with the user", async () => {
    const { place, ann } = await withRole();
    const { Credentials } = await place
      .sts(ann)
      .send(new GetSessionTokenCommand({ DurationSeconds: 36 * HOUR }));
    const session = keysFrom(Credentials);
    expect(await whoAmI(place, session)).toMatchObject({ Arn: ann.arn });
    await refused(look(place, session), "UnauthorizedOperation");
    await place.iam.send(new DeleteUserPolicyCommand({ UserName: "ann", PolicyName: "own" }));
    await place.iam.send(new DeleteAccessKeyCommand({ UserName: "ann", AccessKeyId: ann.accessKeyId }));
    await place.iam.send(new DeleteUserCommand({ UserName: "ann" }));
    await refused(whoAmI(place, session), "InvalidClientTokenId");
  });
});
