import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateVpcCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  ModifySecurityGroupRulesCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  UpdateSecurityGroupRuleDescriptionsEgressCommand,
  UpdateSecurityGroupRuleDescriptionsIngressCommand,
  type IpPermission,
  type SecurityGroupRule,
  type SecurityGroupRuleRequest,
} from "@aws-sdk/client-ec2";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { neededDefaultVpc } from "./defaultVpcOf.ts";

const ec2 = await freshClient();

let count = 0;

async function createGroup(VpcId?: string, client = ec2): Promise<string> {
  const { GroupId } = await client.send(
    new CreateSecurityGroupCommand({ VpcId, GroupName: `group ${count++}`, Description: "for a test" }),
  );
  return GroupId ?? "";
}

async function createVpc(): Promise<string> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  return Vpc?.VpcId ?? "";
}

const vpc = await createVpc();

const allow = (GroupId: string, ...IpPermissions: IpPermission[]) =>
  ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));

const take = (GroupId: string, ...IpPermissions: IpPermission[]) =>
  ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }));

const modify = (
  GroupId: string,
  SecurityGroupRuleId: string | undefined,
  SecurityGroupRule?: SecurityGroupRuleRequest,
) =>
  ec2.send(
    new ModifySecurityGroupRulesCommand({
      GroupId,
      SecurityGroupRules: [{ SecurityGroupRuleId, SecurityGroupRule }],
    }),
  );

async function rulesOf(GroupId: string): Promise<SecurityGroupRule[]> {
  const { SecurityGroupRules = [] } = await ec2.send(
    new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: "group-id", Values: [GroupId] }] }),
  );
  return SecurityGroupRules;
}

async function permissionsOf(GroupId: string): Promise<IpPermission[] | undefined> {
  const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }));
  return SecurityGroups?.[0]?.IpPermissions;
}

const tcp = (port: number, ...blocks: string[]): IpPermission => ({
  IpProtocol: "tcp",
  FromPort: port,
  ToPort: port,
  IpRanges: blocks.map((CidrIp) => ({ CidrIp })),
});

const from = (port: number, GroupId: string): IpPermission => ({
  ...tcp(port),
  UserIdGroupPairs: [{ GroupId }],
});

const anywhere = { IpRanges: [{ CidrIp: "0.0.0.0/0" }] };

describe("what it refuses to parse", () => {
  test.each<[IpPermission, string]>([
    [
      { FromPort: 22, ToPort: 22 },
      "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
    ],
    [{ IpProtocol: "all" }, "Invalid value 'all' for IP protocol. Unknown protocol."],
    [{ IpProtocol: "256" }, "Invalid value '256' for IP protocol. Unknown protocol."],
    [{ IpProtocol: "-2" }, "Invalid value '-2' for IP protocol. Unknown protocol."],
    [
      { IpProtocol: "tcp", ToPort: 22 },
      "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
    ],
    [{ IpProtocol: "6", FromPort: -1, ToPort: -1 }, "TCP/UDP (from) port (-1) out of range"],
    [{ IpProtocol: "udp", FromPort: 0, ToPort: 65_536 }, "TCP/UDP (to) port (65536) out of range"],
    [{ IpProtocol: "tcp", FromPort: 443, ToPort: 80 }, "Invalid TCP/UDP port range (443:80)"],
    [
      { IpProtocol: "icmp", FromPort: 8 },
      "Invalid value 'Must specify both from and to ports with ICMP.' for portRange.",
    ],
    [{ IpProtocol: "icmp", FromPort: 256, ToPort: 0 }, "ICMP type (256) out of range"],
    [{ IpProtocol: "icmp", FromPort: 8, ToPort: 256 }, "ICMP code (256) out of range"],
    [{ IpProtocol: "icmpv6", FromPort: -1, ToPort: 0 }, "ICMP code (0) out of range"],
  ])("%j", async (permission, message) => {
    await refused(
      allow(await createGroup(vpc), { ...anywhere, ...permission }),
      "InvalidParameterValue",
      message,
    );
  });

  test("blocks that are none, or of the other version", async () => {
    const group = await createGroup(vpc);
    for (const block of ["10.0.0.1", "10.0.0.0/33", "::/0", ""]) {
      await refused(
        allow(group, tcp(22, block)),
        "InvalidParameterValue",
        `CIDR block ${block} is malformed`,
      );
    }
    await refused(
      allow(group, { ...tcp(22), Ipv6Ranges: [{ CidrIpv6: "10.0.0.0/8" }] }),
      "InvalidParameterValue",
      "CIDR block 10.0.0.0/8 is malformed",
    );
    await refused(
      allow(group, { ...tcp(22), IpRanges: [{ Description: "d" }] }),
      "MissingParameter",
      /cidrIp$/,
    );
  });

  test("a permission without a peer, or with one that cannot be", async () => {
    const group = await createGroup(vpc);
    await refused(
      allow(group, tcp(22)),
      "MissingParameter",
      "Missing source specification: include source security group or CIDR information",
    );
    await refused(allow(group), "MissingParameter", "The request must contain the parameter ipPermissions");
    await refused(
      allow(group, { ...tcp(22), UserIdGroupPairs: [{ UserId: "000000000001" }] }),
      "MissingParameter",
      "Source group ID missing.",
    );
    await refused(allow(group, from(22, "web")), "InvalidGroupId.Malformed");
    await refused(take(group, from(22, "web")), "InvalidGroupId.Malformed");
    await refused(
      take(group, { ...tcp(22), UserIdGroupPairs: [{ UserId: "000000000001" }] }),
      "MissingParameter",
    );
    await refused(
      allow(group, { ...tcp(22), PrefixListIds: [{ PrefixListId: "mine" }] }),
      "InvalidPrefixListId.Malformed",
      'Invalid id: "mine" (expecting "pl-...")',
    );
    await refused(
      allow(group, { ...tcp(22), PrefixListIds: [{ PrefixListId: "pl-01234567" }] }),
      "InvalidPrefixListID.NotFound",
    );
  });

  test("descriptions that EC2 does not take", async () => {
    const group = await createGroup(vpc);
    for (const Description of ["a -> b", "d".repeat(256)]) {
      await refused(
        allow(group, { ...tcp(22), IpRanges: [{ CidrIp: "0.0.0.0/0", Description }] }),
        "InvalidParameterValue",
        "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
      );
    }
  });

  test("one permission said in two ways", async () => {
    const GroupId = await createGroup(vpc);
    await refused(
      ec2.send(
        new AuthorizeSecurityGroupIngressCommand({
          GroupId,
          CidrIp: "0.0.0.0/0",
          IpPermissions: [tcp(22, "0.0.0.0/0")],
        }),
      ),
      "InvalidParameterCombination",
      "The parameter cidrIp cannot be used with the parameter ipPermissions",
    );
    await refused(
      ec2.send(
        new AuthorizeSecurityGroupIngressCommand({
          GroupId,
          SourceSecurityGroupName: "web",
          IpProtocol: "tcp",
        }),
      ),
      "InvalidParameterCombination",
      "The parameter ipProtocol cannot be used with the parameter sourceSecurityGroupName",
    );
    await refused(
      ec2.send(
        new AuthorizeSecurityGroupIngressCommand({ GroupId, SourceSecurityGroupOwnerId: "123456789012" }),
      ),
      "MissingParameter",
      "Source group ID missing.",
    );
    await refused(
      ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpProtocol: "-1", CidrIp: "::/0" })),
      "InvalidParameterValue",
      "The parameter cidrIp is not supported. Use ipPermissions instead.",
    );
    await refused(
      ec2.send(
        new RevokeSecurityGroupIngressCommand({
          GroupId,
          IpPermissions: [tcp(22, "0.0.0.0/0")],
          SecurityGroupRuleIds: ["sgr-0123456789abcdef0"],
        }),
      ),
      "InvalidParameterCombination",
      "The parameter ipPermissions cannot be used with the parameter securityGroupRuleIds",
    );
    await refused(
      ec2.send(new UpdateSecurityGroupRuleDescriptionsIngressCommand({ GroupId })),
      "MissingParameter",
      "The request must contain the parameter ipPermissions or securityGroupRuleDescriptions",
    );
    await refused(
      ec2.send(
        new UpdateSecurityGroupRuleDescriptionsIngressCommand({
          GroupId,
          IpPermissions: [tcp(22, "0.0.0.0/0")],
          SecurityGroupRuleDescriptions: [{ SecurityGroupRuleId: "sgr-0123456789abcdef0" }],
        }),
      ),
      "InvalidParameterCombination",
    );
    await refused(
      ec2.send(
        new UpdateSecurityGroupRuleDescriptionsIngressCommand({
          GroupId,
          SecurityGroupRuleDescriptions: [{ Description: "d" }],
        }),
      ),
      "MissingParameter",
    );
  });

  test("modifications that do not say a whole rule", async () => {
    const group = await createGroup(vpc);
    const [rule] = await rulesOf(group);
    const id = rule?.SecurityGroupRuleId;
    await refused(modify(group, id), "MissingParameter", /ipProtocol$/);
    await refused(modify(group, id, { IpProtocol: "-1" }), "MissingParameter", /cidrIpv4, cidrIpv6/);
    await refused(
      modify(group, id, { IpProtocol: "-1", CidrIpv4: "0.0.0.0/0", CidrIpv6: "::/0" }),
      "InvalidParameterCombination",
    );
    await refused(
      ec2.send(new ModifySecurityGroupRulesCommand({ GroupId: group, SecurityGroupRules: [] })),
      "MissingParameter",
    );
    await refused(modify(group, "mine", {}), "InvalidSecurityGroupRuleId.Malformed");
  });
});

describe("what it refuses to do", () => {
  test.each<[IpPermission, string]>([
    [tcp(80, "0.0.0.0/0"), "peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW"],
    [{ ...anywhere, IpProtocol: "-1" }, "peer: 0.0.0.0/0, ALL, ALLOW"],
    [{ ...anywhere, IpProtocol: "50" }, "peer: 0.0.0.0/0, protocol: 50, ALLOW"],
    [
      { ...anywhere, IpProtocol: "icmp", FromPort: -1, ToPort: -1 },
      "peer: 0.0.0.0/0, ICMP, type: ALL, code: ALL, ALLOW",
    ],
    [
      { IpProtocol: "icmpv6", FromPort: 128, ToPort: 0, Ipv6Ranges: [{ CidrIpv6: "::/0" }] },
      "peer: ::/0, ICMPv6, type: 128, code: 0, ALLOW",
    ],
  ])("%j twice", async (permission, rule) => {
    const group = await createGroup(vpc);
    await allow(group, permission);
    await refused(
      allow(group, tcp(22, "192.0.2.1/32"), permission),
      "InvalidPermission.Duplicate",
      `the specified rule "${rule}" already exists`,
    );
    expect(await rulesOf(group)).toHaveLength(2);
  });

  test("the same rule in other words, or twice in one call", async () => {
    const group = await createGroup(vpc);
    await allow(group, tcp(22, "100.68.0.0/18"));
    await refused(
      allow(group, { ...tcp(22, "100.68.0.18/18"), IpProtocol: "6" }),
      "InvalidPermission.Duplicate",
    );
    await refused(
      allow(group, tcp(80, "10.0.0.1/8"), tcp(80, "10.0.0.2/8")),
      "InvalidParameterValue",
      "The same permission must not appear multiple times",
    );
  });

  test("naming a group that is not there, in another VPC, or said to be somebody else's", async () => {
    const group = await createGroup(vpc);
    const gone = "sg-0123456789abcdef0";
    await refused(
      allow(group, from(22, gone)),
      "InvalidGroup.NotFound",
      `The security group '${gone}' does not exist`,
    );
    const far = await createGroup(await createVpc());
    await refused(
      allow(group, from(22, far)),
      "InvalidGroup.NotFound",
      "You have specified two resources that belong to different networks.",
    );
    const pair = (more: object) =>
      allow(group, { ...tcp(22), UserIdGroupPairs: [{ GroupId: group, ...more }] });
    await refused(pair({ UserId: "000000000001" }), "InvalidGroup.NotFound");
    await refused(pair({ VpcId: "vpc-0123456789abcdef0" }), "InvalidGroup.NotFound");
    await refused(
      pair({ VpcPeeringConnectionId: "pcx-0123456789abcdef0" }),
      "InvalidVpcPeeringConnectionID.NotFound",
    );
  });

  test("revoking what is not there: then nothing is revoked", async () => {
    const group = await createGroup(vpc);
    await allow(group, tcp(22, "0.0.0.0/0"));
    await refused(
      take(group, tcp(22, "0.0.0.0/0"), tcp(22, "192.0.2.0/24")),
      "InvalidPermission.NotFound",
      "The specified rule does not exist in this security group.",
    );
    await refused(
      ec2.send(
        new UpdateSecurityGroupRuleDescriptionsIngressCommand({
          GroupId: group,
          IpPermissions: [tcp(23, "0.0.0.0/0")],
        }),
      ),
      "InvalidPermission.NotFound",
    );
    expect(await permissionsOf(group)).toHaveLength(1);
  });

  test("rules by ids that are unknown, of another group or of the other direction", async () => {
    const [group, other] = [await createGroup(vpc), await createGroup(vpc)];
    const [egress] = await rulesOf(group);
    const [foreign] = await rulesOf(other);
    for (const id of ["sgr-0123456789abcdef0", egress?.SecurityGroupRuleId ?? ""]) {
      await refused(
        ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: group, SecurityGroupRuleIds: [id] })),
        "InvalidSecurityGroupRuleId.NotFound",
        `The security group rule ID '${id}' does not exist`,
      );
    }
    await refused(
      modify(group, foreign?.SecurityGroupRuleId, { IpProtocol: "-1", CidrIpv4: "0.0.0.0/0" }),
      "InvalidSecurityGroupRuleId.NotFound",
    );
  });

  test("changing the kind of peer, or a rule into one that is there", async () => {
    const group = await createGroup(vpc);
    const { SecurityGroupRules = [] } = await allow(group, tcp(22, "0.0.0.0/0", "192.0.2.0/24"));
    const id = SecurityGroupRules[0]?.SecurityGroupRuleId;
    await refused(modify(group, id, { IpProtocol: "-1", CidrIpv6: "::/0" }), "InvalidParameterValue");
    await refused(
      modify(group, id, { IpProtocol: "tcp", FromPort: 22, ToPort: 22, CidrIpv4: "192.0.2.0/24" }),
      "InvalidPermission.Duplicate",
    );
  });
});

describe("what it does", () => {
  test("allows, one rule for each peer, and shows them together", async () => {
    const [group, other] = [await createGroup(vpc), await createGroup(vpc)];
    const { Return, SecurityGroupRules = [] } = await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: group,
        IpPermissions: [
          {
            IpProtocol: "TCP",
            FromPort: 80,
            ToPort: 90,
            IpRanges: [{ CidrIp: "10.1.2.3/8", Description: "inside" }],
            Ipv6Ranges: [{ CidrIpv6: "2001:0DB8:0:0::1/32" }],
            UserIdGroupPairs: [{ GroupId: other, Description: "" }],
          },
          { IpProtocol: "17", FromPort: 53, ToPort: 53, ...anywhere },
        ],
        TagSpecifications: [{ ResourceType: "security-group-rule", Tags: [{ Key: "a", Value: "b" }] }],
      }),
    );
    expect(Return).toBe(true);
    const [first] = SecurityGroupRules;
    const common = { GroupId: group, IsEgress: false, IpProtocol: "tcp", FromPort: 80, ToPort: 90 };
    expect(SecurityGroupRules).toMatchObject([
      { ...common, CidrIpv4: "10.0.0.0/8", Description: "inside", Tags: [{ Key: "a", Value: "b" }] },
      { ...common, CidrIpv6: "2001:db8::/32" },
      { ...common, ReferencedGroupInfo: { GroupId: other, UserId: first?.GroupOwnerId } },
      { ...common, IpProtocol: "udp", FromPort: 53, ToPort: 53, CidrIpv4: "0.0.0.0/0" },
    ]);
    expect(first?.SecurityGroupRuleArn).toBe(
      `arn:aws:ec2:us-east-1:${first?.GroupOwnerId}:security-group-rule/${first?.SecurityGroupRuleId}`,
    );
    expect(await permissionsOf(group)).toEqual([
      {
        IpProtocol: "tcp",
        FromPort: 80,
        ToPort: 90,
        IpRanges: [{ CidrIp: "10.0.0.0/8", Description: "inside" }],
        Ipv6Ranges: [{ CidrIpv6: "2001:db8::/32" }],
        PrefixListIds: [],
        UserIdGroupPairs: [{ GroupId: other, UserId: first?.GroupOwnerId }],
      },
      {
        IpProtocol: "udp",
        FromPort: 53,
        ToPort: 53,
        IpRanges: [{ CidrIp: "0.0.0.0/0" }],
        Ipv6Ranges: [],
        PrefixListIds: [],
        UserIdGroupPairs: [],
      },
    ]);
  });

  test("leaves ports and types away where a protocol has none to choose", async () => {
    const group = await createGroup(vpc);
    const { SecurityGroupRules } = await allow(
      group,
      { IpProtocol: "-1", FromPort: 22, ToPort: 22, ...anywhere },
      { IpProtocol: "47", FromPort: 22, ToPort: 22, ...anywhere },
      { IpProtocol: "58", Ipv6Ranges: [{ CidrIpv6: "::/0" }] },
    );
    expect(SecurityGroupRules).toMatchObject([
      { IpProtocol: "-1", FromPort: -1, ToPort: -1 },
      { IpProtocol: "47", FromPort: -1, ToPort: -1 },
      { IpProtocol: "icmpv6", FromPort: -1, ToPort: -1 },
    ]);
    const shown = await permissionsOf(group);
    expect(shown?.map(({ IpProtocol, FromPort }) => [IpProtocol, FromPort])).toEqual([
      ["-1", undefined],
      ["47", undefined],
      ["icmpv6", -1],
    ]);
  });

  test("takes back by id and by what the rule says", async () => {
    const group = await createGroup(vpc);
    const { SecurityGroupRules = [] } = await allow(
      group,
      tcp(22, "0.0.0.0/0"),
      from(80, group),
      tcp(443, "10.0.0.0/8"),
    );
    const [ssh, web] = SecurityGroupRules.map(({ SecurityGroupRuleId = "" }) => SecurityGroupRuleId);
    const byId = await ec2.send(
      new RevokeSecurityGroupIngressCommand({ GroupId: group, SecurityGroupRuleIds: [ssh ?? ""] }),
    );
    expect(byId).toMatchObject({
      Return: true,
      UnknownIpPermissions: [],
      RevokedSecurityGroupRules: [
        {
          SecurityGroupRuleId: ssh,
          GroupId: group,
          IsEgress: false,
          IpProtocol: "tcp",
          CidrIpv4: "0.0.0.0/0",
        },
      ],
    });
    const { RevokedSecurityGroupRules } = await take(group, from(80, group));
    expect(RevokedSecurityGroupRules).toMatchObject([{ SecurityGroupRuleId: web, ReferencedGroupId: group }]);
    expect(await permissionsOf(group)).toMatchObject([{ FromPort: 443 }]);
    await ec2.send(
      new RevokeSecurityGroupEgressCommand({
        GroupId: group,
        IpPermissions: [{ IpProtocol: "-1", ...anywhere }],
      }),
    );
    expect((await rulesOf(group)).map(({ IsEgress }) => IsEgress)).toEqual([false]);
  });

  test("allows outbound", async () => {
    const group = await createGroup(vpc);
    const { SecurityGroupRules } = await ec2.send(
      new AuthorizeSecurityGroupEgressCommand({ GroupId: group, IpPermissions: [tcp(443, "192.0.2.0/24")] }),
    );
    expect(SecurityGroupRules).toMatchObject([{ IsEgress: true, CidrIpv4: "192.0.2.0/24" }]);
    expect(await permissionsOf(group)).toEqual([]);
  });

  test("takes the old flat parameters", async () => {
    const GroupId = await createGroup(vpc);
    const flat = { GroupId, IpProtocol: "tcp", FromPort: 22, ToPort: 22, CidrIp: "192.0.2.7/24" };
    await ec2.send(new AuthorizeSecurityGroupIngressCommand(flat));
    expect(await permissionsOf(GroupId)).toMatchObject([{ IpRanges: [{ CidrIp: "192.0.2.0/24" }] }]);
    await refused(
      ec2.send(new AuthorizeSecurityGroupIngressCommand({ ...flat, CidrIp: undefined })),
      "MissingParameter",
      /^Missing source specification/,
    );
    await ec2.send(new RevokeSecurityGroupIngressCommand(flat));
    expect(await permissionsOf(GroupId)).toEqual([]);
  });

  test("takes names in the default VPC, and says what it did not revoke there", async () => {
    const client = await freshClient();
    await neededDefaultVpc(client);
    const GroupId = await createGroup(undefined, client);
    const { SecurityGroupRules } = await client.send(
      new AuthorizeSecurityGroupIngressCommand({ GroupId, SourceSecurityGroupName: "default" }),
    );
    expect(SecurityGroupRules).toMatchObject([
      { IpProtocol: "icmp", FromPort: -1, ToPort: -1 },
      { IpProtocol: "tcp", FromPort: 0, ToPort: 65_535 },
      { IpProtocol: "udp", FromPort: 0, ToPort: 65_535 },
    ]);
    const pair = { UserIdGroupPairs: [{ GroupName: "default" }] };
    const { RevokedSecurityGroupRules, UnknownIpPermissions } = await client.send(
      new RevokeSecurityGroupIngressCommand({
        GroupId,
        IpPermissions: [{ IpProtocol: "tcp", FromPort: 0, ToPort: 65_535, ...pair }, tcp(22, "192.0.2.0/24")],
      }),
    );
    expect(RevokedSecurityGroupRules).toMatchObject([{ IpProtocol: "tcp" }]);
    expect(UnknownIpPermissions).toMatchObject([tcp(22, "192.0.2.0/24")]);
  });

  test("modifies a rule in its place", async () => {
    const [group, other, third] = [await createGroup(vpc), await createGroup(vpc), await createGroup(vpc)];
    const { SecurityGroupRules: rules = [] } = await allow(
      group,
      { ...tcp(22), IpRanges: [{ CidrIp: "0.0.0.0/0", Description: "ssh" }] },
      from(80, other),
    );
    const [first, second] = rules.map(({ SecurityGroupRuleId }) => SecurityGroupRuleId);
    await modify(group, first, {
      IpProtocol: "udp",
      FromPort: 53,
      ToPort: 54,
      CidrIpv4: "192.0.2.9/24",
      Description: "dns",
    });
    await modify(group, second, { IpProtocol: "-1", ReferencedGroupId: third });
    expect((await rulesOf(group)).slice(1)).toMatchObject([
      {
        SecurityGroupRuleId: first,
        IpProtocol: "udp",
        ToPort: 54,
        CidrIpv4: "192.0.2.0/24",
        Description: "dns",
      },
      { SecurityGroupRuleId: second, IpProtocol: "-1", ReferencedGroupInfo: { GroupId: third } },
    ]);
    await modify(group, first, { IpProtocol: "udp", FromPort: 53, ToPort: 54, CidrIpv4: "192.0.2.0/24" });
    expect((await rulesOf(group))[1]?.Description).toBeUndefined();
  });

  test("describes rules anew", async () => {
    const GroupId = await createGroup(vpc);
    await allow(GroupId, tcp(22, "0.0.0.0/0"));
    const describe = (Description?: string) =>
      ec2.send(
        new UpdateSecurityGroupRuleDescriptionsIngressCommand({
          GroupId,
          IpPermissions: [{ ...tcp(22), IpRanges: [{ CidrIp: "0.0.0.0/0", Description }] }],
        }),
      );
    await describe("ssh");
    expect((await rulesOf(GroupId))[1]?.Description).toBe("ssh");
    await describe();
    const [egress, ingress] = await rulesOf(GroupId);
    expect(ingress?.Description).toBeUndefined();
    await ec2.send(
      new UpdateSecurityGroupRuleDescriptionsEgressCommand({
        GroupId,
        SecurityGroupRuleDescriptions: [
          { SecurityGroupRuleId: egress?.SecurityGroupRuleId, Description: "out" },
        ],
      }),
    );
    expect((await rulesOf(GroupId))[0]?.Description).toBe("out");
  });

  test("finds rules by id, group and tag", async () => {
    const group = await createGroup(vpc);
    const { SecurityGroupRules = [] } = await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: group,
        IpPermissions: [tcp(22, "0.0.0.0/0")],
        TagSpecifications: [{ ResourceType: "security-group-rule", Tags: [{ Key: "rule", Value: group }] }],
      }),
    );
    const id = SecurityGroupRules[0]?.SecurityGroupRuleId ?? "";
    const byId = await ec2.send(new DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds: [id] }));
    expect(byId.SecurityGroupRules).toEqual(SecurityGroupRules);
    for (const [Name, value] of [
      ["security-group-rule-id", id],
      ["tag:rule", group],
    ] as const) {
      const found = await ec2.send(
        new DescribeSecurityGroupRulesCommand({ Filters: [{ Name, Values: [value] }] }),
      );
      expect(found.SecurityGroupRules).toEqual(SecurityGroupRules);
    }
    expect(await rulesOf(group)).toHaveLength(2);
  });

  test("revokes exactly what it shows, whatever was allowed", async () => {
    const port = fc.integer({ min: 0, max: 65_535 });
    const type = fc.integer({ min: -1, max: 255 });
    const permission: fc.Arbitrary<IpPermission> = fc
      .record({
        protocol: fc.constantFrom("tcp", "udp", "6", "icmp", "58", "-1", "50"),
        ports: fc.tuple(port, port).map((pair) => pair.toSorted((a, b) => a - b)),
        icmp: fc.tuple(type, type).map(([of, code]) => [of, of === -1 ? -1 : code]),
        cidr: fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map((parts) => parts.join("/")),
        cidr6: fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })).map((parts) => parts.join("/")),
      })
      .map(({ protocol, ports, icmp, cidr, cidr6 }) => {
        const [FromPort, ToPort] = ["icmp", "58"].includes(protocol) ? icmp : ports;
        return {
          IpProtocol: protocol,
          FromPort,
          ToPort,
          IpRanges: [{ CidrIp: cidr }],
          Ipv6Ranges: [{ CidrIpv6: cidr6 }],
        };
      });
    await fc.assert(
      fc.asyncProperty(permission, async (asked) => {
        const group = await createGroup(vpc);
        await allow(group, asked);
        const shown = (await permissionsOf(group)) ?? [];
        await refused(allow(group, ...shown), "InvalidPermission.Duplicate");
        await take(group, ...shown);
        expect(await permissionsOf(group)).toEqual([]);
      }),
      { seed: 4, numRuns: 40 },
    );
  });
});
