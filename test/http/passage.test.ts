import { CloudTrailClient, LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { EBSClient, StartSnapshotCommand } from "@aws-sdk/client-ebs";
import {
  CreateVolumeCommand,
  DeleteVpcEndpointsCommand,
  DescribeRegionsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcEndpointsCommand,
  EC2Client,
  ModifyVpcEndpointCommand,
  type VpcEndpoint,
} from "@aws-sdk/client-ec2";
import { IAMClient, ListRolesCommand, ListUsersCommand } from "@aws-sdk/client-iam";
import {
  AssumeRoleCommand,
  DecodeAuthorizationMessageCommand,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import { describe, expect, test } from "vitest";
import { allowing, trusting } from "../iam/client.ts";
import { asUser, onlyIf, statement, type Person } from "../iam/person.ts";
import { configOf, freshKeys, ownIslet, refused } from "../islet.ts";
import { freshPlace } from "../sts/people.ts";
import { eventNamed, trailOf } from "../trail/trail.ts";
import { configBy, localName, makeEndpoint } from "./endpointCalls.ts";
import { call, errorOf, send } from "./send.ts";

/** A policy of an endpoint. */
const policy = (...statements: object[]): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });

const forAll = (Effect: "Allow" | "Deny", Action: string | readonly string[], more: object = {}): object =>
  statement(Effect, Action, "*", { Principal: "*", ...more });

const regions = (ec2: EC2Client) => ec2.send(new DescribeRegionsCommand({}));

/** A user who calls EC2 by an endpoint. */
async function caller(document?: string): Promise<Person & { by: EC2Client; endpoint: VpcEndpoint }> {
  const person = await asUser(statement("Allow", "ec2:*"));
  const endpoint = await makeEndpoint(person.root, "ec2", document);
  const by = new EC2Client(configBy(person.islet, localName(endpoint.VpcEndpointId), person.userKeys));
  return { ...person, by, endpoint };
}

describe("what it refuses to parse", () => {
  test("hosts in the endpoints' domains that are no names of any", async () => {
    const { islet, userKeys } = await asUser(statement("Allow", "ec2:*"));
    const by = (name: string) => regions(new EC2Client(configBy(islet, name, userKeys)));
    await refused(
      by("door.vpce.localhost"),
      "InvalidVpcEndpointId.Malformed",
      'Invalid id: "door" (expecting "vpce-...")',
    );
    await refused(by("vpce-1.us-east-1.vpce.amazonaws.com"), "InvalidVpcEndpointId.Malformed");
  });
});

describe("what it refuses to do", () => {
  test("calls by endpoints that are not there, of whatever form the name is", async () => {
    const { islet, userKeys, by, root, endpoint } = await caller();
    const id = endpoint.VpcEndpointId ?? "";
    const [name = ""] = endpoint.DnsEntries?.map(({ DnsName = "" }) => DnsName) ?? [];
    const named = (host: string) => regions(new EC2Client(configBy(islet, host, userKeys)));
    await refused(
      named("vpce-0123456789abcdef0.vpce.localhost"),
      "InvalidVpcEndpointId.NotFound",
      "The Vpc Endpoint Id 'vpce-0123456789abcdef0' does not exist",
    );
    await named(name);
    await refused(named(name.replace(id, "vpce-0123456789abcdef0")), "InvalidVpcEndpointId.NotFound");
    await refused(named(name.replace(`${id}-`, `${id}-x`)), "InvalidVpcEndpointId.NotFound");
    await refused(named(name.replace(".us-east-1.", ".eu-west-1.")), "InvalidVpcEndpointId.NotFound");
    await refused(named(name.replace(".us-east-1.", ".mars-1.")), "InvalidVpcEndpointId.NotFound");
    await root.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: [id] }));
    await refused(regions(by), "InvalidVpcEndpointId.NotFound");
  });

  test("calls by endpoints that are no interfaces, or are not ready", async () => {
    const islet = await ownIslet({ pace: "real" });
    try {
      const keys = freshKeys(islet);
      const root = new EC2Client(configOf(islet, keys));
      const { VpcEndpointId = "" } = await makeEndpoint(root);
      const by = new EC2Client(configBy(islet, localName(VpcEndpointId), keys));
      await refused(
        regions(by),
        "IncorrectState",
        `The Vpc Endpoint '${VpcEndpointId}' lets no call through: its state is pending`,
      );
    } finally {
      await islet.close();
    }
  });

  test("calls for another service, or another region, than the endpoint's", async () => {
    const { islet, keys, root, endpoint } = await caller();
    const name = localName(endpoint.VpcEndpointId);
    const sts = new STSClient(configBy(islet, name, keys));
    await refused(sts.send(new GetCallerIdentityCommand({})), "AuthFailure");
    const iam = new IAMClient(configBy(islet, name, keys));
    await refused(iam.send(new ListUsersCommand({})), "AuthFailure");
    const other = await makeEndpoint(root, "sts");
    const [full = ""] = other.DnsEntries?.map(({ DnsName = "" }) => DnsName) ?? [];
    await refused(
      regions(new EC2Client(configBy(islet, full, keys))),
      "SignatureDoesNotMatch",
      "Credential should be scoped to correct service: 'sts'.",
    );
    await refused(
      new STSClient(configBy(islet, full, keys, "eu-west-1")).send(new GetCallerIdentityCommand({})),
      "SignatureDoesNotMatch",
      "Credential should be scoped to a valid region, not 'eu-west-1'.",
    );
    const foreign = new EC2Client(configBy(islet, name, keys, "eu-west-1"));
    await refused(regions(foreign), "InvalidVpcEndpointId.NotFound");
  });

  test("to tell who has not signed whether an endpoint is there", async () => {
    const { islet, endpoint } = await caller();
    const host = localName(endpoint.VpcEndpointId);
    const unsigned = await send(islet, { keys: null, headers: { host }, body: "Action=DescribeRegions" });
    expect(errorOf(unsigned)).toMatchObject({ code: "MissingParameter" });
    // The host is a part of what is signed.
    const elsewhere = await call(islet, { Action: "DescribeRegions" });
    expect(elsewhere.status).toBe(200);
    const stranger = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "x" };
    await refused(regions(new EC2Client(configBy(islet, host, stranger))), "AuthFailure");
  });

  test("what the endpoint's policy does not allow, be it to root", async () => {
    const { by, arn, islet, keys, account, endpoint, ec2, root } = await caller(
      policy(forAll("Allow", "ec2:DescribeVolumes")),
    );
    await by.send(new DescribeVolumesCommand({}));
    await refused(
      regions(by),
      "UnauthorizedOperation",
      `You are not authorized to perform this operation. User: ${arn} is not authorized to perform: ec2:DescribeRegions because no VPC endpoint policy allows the ec2:DescribeRegions action`,
    );
    await regions(ec2);
    await regions(root);
    const rootBy = new EC2Client(configBy(islet, localName(endpoint.VpcEndpointId), keys));
    await rootBy.send(new DescribeVolumesCommand({}));
    await refused(
      regions(rootBy),
      "UnauthorizedOperation",
      new RegExp(
        `User: arn:aws:iam::${account}:root is not authorized to perform: ec2:DescribeRegions because no`,
      ),
    );
  });

  test("what it denies; and the encoded message says so", async () => {
    const { by, arn, islet, keys, endpoint } = await caller(
      policy(forAll("Allow", "*"), forAll("Deny", "ec2:CreateVolume", { Sid: "No volumes here" })),
    );
    await regions(by);
    const create = by.send(new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 1 }));
    const error: unknown = await create.catch((reason: unknown) => reason);
    const { message } = error as Error;
    expect(message).toMatch(
      new RegExp(
        `User: ${arn} is not authorized .* with an explicit deny in a VPC endpoint policy\\. Encoded`,
      ),
    );
    const EncodedMessage = /message: (\S+)$/.exec(message)?.[1] ?? "";
    const sts = new STSClient(configOf(islet, keys));
    const decoded = await sts.send(new DecodeAuthorizationMessageCommand({ EncodedMessage }));
    const { matchedStatements, context } = JSON.parse(decoded.DecodedMessage ?? "") as {
      matchedStatements: { items: { statementId: string }[] };
      context: { conditions: { items: { key: string; values: { items: { value: string }[] } }[] } };
    };
    expect(matchedStatements.items.map(({ statementId }) => statementId)).toEqual(["No volumes here"]);
    const shown = context.conditions.items.map(({ key, values }) => [key, values.items[0]?.value]);
    expect(shown).toContainEqual(["aws:SourceVpce", endpoint.VpcEndpointId]);
    expect(shown).toContainEqual(["aws:SourceVpc", endpoint.VpcId]);
    expect(shown).toContainEqual(["aws:VpcSourceIp", "127.0.0.1"]);
    expect(shown.map(([key]) => key)).not.toContain("aws:SourceIp");
  });

  test("what the caller's own policies do not allow, whatever the endpoint's does", async () => {
    const { by, allow } = await caller();
    await allow(statement("Allow", "ec2:DescribeVolumes"));
    await refused(regions(by), "UnauthorizedOperation", /no identity-based policy allows/);
  });

  test("principals, tags and resources that the policy does not name", async () => {
    const person = await asUser(statement("Allow", "ec2:*"));
    const volume = "arn:aws:ec2:*:*:volume/*";
    const { VpcEndpointId } = await makeEndpoint(
      person.root,
      "ec2",
      policy(
        statement("Allow", "ec2:DescribeRegions", "*", { Principal: { AWS: person.arn } }),
        statement("Allow", "ec2:CreateVolume", volume, {
          Principal: { AWS: person.account },
          Condition: { StringEquals: { "aws:PrincipalAccount": person.account } },
        }),
      ),
    );
    const by = (keys: typeof person.userKeys) =>
      new EC2Client(configBy(person.islet, localName(VpcEndpointId), keys));
    await regions(by(person.userKeys));
    await refused(regions(by(person.keys)), "UnauthorizedOperation", /no VPC endpoint policy/);
    const create = new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size: 1 });
    await by(person.userKeys).send(create);
    await by(person.keys).send(create);
    // Who is of another account comes by it, too, and does in the own account what the policy allows.
    await refused(
      by(freshKeys(person.islet)).send(create),
      "UnauthorizedOperation",
      /ec2:CreateVolume .* because no VPC endpoint policy/,
    );
  });

  test("what STS lets everybody do elsewhere", async () => {
    const place = await freshPlace();
    const ann = await place.user(
      "ann",
      allowing(["sts:AssumeRole", "sts:GetFederationToken", "sts:TagSession"]),
    );
    const RoleArn = await place.role("app", trusting({ AWS: place.account }));
    const endpointOf = async (...statements: object[]) => {
      const { VpcEndpointId } = await makeEndpoint(place.ec2(place.keys), "sts", policy(...statements));
      return new STSClient(configBy(place.islet, localName(VpcEndpointId), ann));
    };
    const assume = (role: string) => new AssumeRoleCommand({ RoleArn: role, RoleSessionName: "s-1" });
    const closed = await endpointOf(forAll("Allow", ["sts:GetFederationToken"]));
    const no = (action: string, on = "") =>
      `User: ${ann.arn} is not authorized to perform: ${action}${on} because no VPC endpoint policy allows the ${action} action`;
    await refused(closed.send(new GetCallerIdentityCommand({})), "AccessDenied", no("sts:GetCallerIdentity"));
    await refused(
      closed.send(assume(RoleArn)),
      "AccessDenied",
      no("sts:AssumeRole", ` on resource: ${RoleArn}`),
    );
    await closed.send(new GetFederationTokenCommand({ Name: "fed" }));
    const Tags = [{ Key: "team", Value: "blue" }];
    await refused(
      closed.send(new GetFederationTokenCommand({ Name: "fed", Tags })),
      "AccessDenied",
      /sts:TagSession .* because no VPC endpoint policy/,
    );
    const open = await endpointOf(
      forAll("Allow", "sts:GetCallerIdentity"),
      statement("Allow", "sts:AssumeRole", RoleArn, { Principal: { AWS: ann.arn } }),
    );
    expect((await open.send(new GetCallerIdentityCommand({}))).Arn).toBe(ann.arn);
    await open.send(assume(RoleArn));
  });

  test("to tell by the refusal whether a role is there", async () => {
    const place = await freshPlace();
    const ann = await place.user("ann", allowing("sts:AssumeRole"));
    const RoleArn = await place.role("app", trusting({ AWS: place.account }));
    const denial = policy(forAll("Allow", "*"), forAll("Deny", "sts:AssumeRole"));
    const { VpcEndpointId } = await makeEndpoint(place.ec2(place.keys), "sts", denial);
    const sts = new STSClient(configBy(place.islet, localName(VpcEndpointId), ann));
    for (const role of [RoleArn, `${RoleArn}-none`]) {
      await refused(
        sts.send(new AssumeRoleCommand({ RoleArn: role, RoleSessionName: "s-1" })),
        "AccessDenied",
        `User: ${ann.arn} is not authorized to perform: sts:AssumeRole on resource: ${role} with an explicit deny in a VPC endpoint policy`,
      );
    }
  });
});

describe("what it does", () => {
  test("lets calls through by every name of the endpoint, in whatever letters", async () => {
    const { islet, userKeys, root } = await asUser(statement("Allow", "ec2:*"));
    const { Subnets = [] } = await root.send(new DescribeSubnetsCommand({}));
    const SubnetIds = Subnets.slice(0, 2).map(({ SubnetId = "" }) => SubnetId);
    const { VpcEndpointId, DnsEntries = [] } = await makeEndpoint(root, "ec2", undefined, { SubnetIds });
    const names = DnsEntries.map(({ DnsName = "" }) => DnsName);
    expect(names).toHaveLength(3);
    for (const name of [localName(VpcEndpointId), ...names]) {
      await regions(new EC2Client(configBy(islet, name, userKeys)));
    }
    const host = `${localName(VpcEndpointId).toUpperCase()}.:${islet.port}`;
    await root.send(
      new ModifyVpcEndpointCommand({ VpcEndpointId, PolicyDocument: policy(forAll("Deny", "*")) }),
    );
    const answer = await call(islet, { Action: "DescribeRegions" }, { keys: userKeys, headers: { host } });
    expect(errorOf(answer)).toMatchObject({ code: "UnauthorizedOperation" });
  });

  test("leads to IAM, which is in one region, and whose policy it asks", async () => {
    const person = await asUser(statement("Allow", "iam:*"));
    const { VpcEndpointId, DnsEntries } = await makeEndpoint(
      person.root,
      "iam",
      policy(forAll("Allow", "iam:ListUsers")),
      { ServiceName: "com.amazonaws.iam" },
    );
    for (const name of [localName(VpcEndpointId), DnsEntries?.[0]?.DnsName ?? ""]) {
      const iam = new IAMClient(configBy(person.islet, name, person.userKeys));
      await iam.send(new ListUsersCommand({}));
      await refused(
        iam.send(new ListRolesCommand({})),
        "AccessDenied",
        /because no VPC endpoint policy allows the iam:ListRoles action$/,
      );
    }
  });

  test("leads to every service that is here", async () => {
    const person = await asUser(statement("Allow", "*"));
    const keys = person.userKeys;
    const nameOf = async (service: string, document?: string) =>
      localName((await makeEndpoint(person.root, service, document)).VpcEndpointId);
    const none = policy(forAll("Deny", "*"));
    const calls: Record<string, (name: string) => Promise<unknown>> = {
      cloudtrail: (name) =>
        new CloudTrailClient(configBy(person.islet, name, keys)).send(new LookupEventsCommand({})),
      ebs: (name) =>
        new EBSClient(configBy(person.islet, name, keys)).send(new StartSnapshotCommand({ VolumeSize: 1 })),
      logs: (name) =>
        new CloudWatchLogsClient(configBy(person.islet, name, keys)).send(new DescribeLogGroupsCommand({})),
    };
    for (const [service, ask] of Object.entries(calls)) {
      await ask(await nameOf(service));
      await refused(ask(await nameOf(service, none)), "AccessDeniedException", /in a VPC endpoint policy$/);
    }
  });

  test("tells identity policies which way a call came", async () => {
    const { by, ec2, allow, endpoint } = await caller();
    const one = async (operator: string, key: string, value = "") => {
      await allow(onlyIf("ec2:DescribeRegions", { [operator]: { [key]: value } }));
      const came = await Promise.allSettled([regions(by), regions(ec2)]);
      return came.map(({ status }) => status === "fulfilled");
    };
    const vpcArn = `arn:aws:ec2:us-east-1:${endpoint.OwnerId}:vpc/${endpoint.VpcId}`;
    expect(await one("StringEquals", "aws:SourceVpce", endpoint.VpcEndpointId)).toEqual([true, false]);
    expect(await one("StringEquals", "aws:SourceVpce", "vpce-0123456789abcdef0")).toEqual([false, false]);
    expect(await one("StringEquals", "aws:SourceVpc", endpoint.VpcId)).toEqual([true, false]);
    expect(await one("ArnEquals", "aws:SourceVpcArn", vpcArn)).toEqual([true, false]);
    expect(await one("StringEquals", "aws:VpceAccount", endpoint.OwnerId)).toEqual([true, false]);
    expect(await one("IpAddress", "aws:VpcSourceIp", "127.0.0.0/8")).toEqual([true, false]);
    expect(await one("IpAddress", "aws:SourceIp", "127.0.0.0/8")).toEqual([false, true]);
    expect(await one("Null", "aws:SourceVpce", "true")).toEqual([false, true]);
  });

  test("asks the policy anew as soon as it is changed, and none once it is reset", async () => {
    const { by, root, endpoint } = await caller();
    const { VpcEndpointId } = endpoint;
    const modify = (change: object) => root.send(new ModifyVpcEndpointCommand({ VpcEndpointId, ...change }));
    await regions(by);
    await modify({ PolicyDocument: policy(forAll("Deny", "*")) });
    await refused(regions(by), "UnauthorizedOperation", /explicit deny in a VPC endpoint policy/);
    await modify({ ResetPolicy: true });
    await regions(by);
    const { VpcEndpoints } = await root.send(
      new DescribeVpcEndpointsCommand({ VpcEndpointIds: [VpcEndpointId ?? ""] }),
    );
    expect(JSON.parse(VpcEndpoints?.[0]?.PolicyDocument ?? "")).toMatchObject({
      Statement: [{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }],
    });
  });

  test("notes in the log which endpoint a call came by", async () => {
    const { by, islet, keys, account, endpoint } = await caller();
    await regions(by);
    const event = await eventNamed(trailOf(islet, keys), "DescribeRegions");
    expect(event).toMatchObject({
      vpcEndpointId: endpoint.VpcEndpointId,
      vpcEndpointAccountId: account,
      sourceIPAddress: "127.0.0.1",
    });
    expect(event.tlsDetails?.clientProvidedHostHeader).toMatch(/^vpce-.*\.vpce\.localhost:\d+$/);
  });
});
