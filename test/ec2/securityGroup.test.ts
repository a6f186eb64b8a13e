import {
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteNetworkInterfaceCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  RevokeSecurityGroupIngressCommand,
  type Filter,
  type SecurityGroup,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { dropDefaultVpc, neededDefaultVpc } from "./defaultVpcOf.ts";

const ec2 = await freshClient();

async function createVpc(ipv6 = false): Promise<string> {
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: ipv6 }),
  );
  return Vpc?.VpcId ?? "";
}

async function createGroup(VpcId: string, GroupName: string, Description = "for a test"): Promise<string> {
  const { GroupId } = await ec2.send(new CreateSecurityGroupCommand({ VpcId, GroupName, Description }));
  return GroupId ?? "";
}

async function groupsOf(VpcId: string, ...Filters: Filter[]): Promise<SecurityGroup[]> {
  const { SecurityGroups = [] } = await ec2.send(
    new DescribeSecurityGroupsCommand({ Filters: [{ Name: "vpc-id", Values: [VpcId] }, ...Filters] }),
  );
  return SecurityGroups;
}

const all = { IpProtocol: "-1", IpRanges: [], Ipv6Ranges: [], PrefixListIds: [], UserIdGroupPairs: [] };

describe("what it refuses to parse", () => {
  test("names and descriptions that EC2 does not take", async () => {
    const VpcId = await createVpc();
    const create = (GroupName: string, Description: string) =>
      ec2.send(new CreateSecurityGroupCommand({ VpcId, GroupName, Description }));
    await refused(
      create("sg-mine", "d"),
      "InvalidParameterValue",
      "Value (sg-mine) for parameter GroupName is invalid. Group names may not be in the format sg-*.",
    );
    await refused(
      create("web", "größe"),
      "InvalidParameterValue",
      "Value (größe) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.",
    );
    await refused(
      create("web", "it's"),
      "InvalidParameterValue",
      "Invalid security group description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
    );
    await refused(create("n".repeat(256), "d"), "InvalidParameterValue", /^Invalid security group name\./);
    await refused(create(" ", "d"), "MissingParameter", "The request must contain the parameter GroupName");
    await refused(
      create("Default", "d"),
      "InvalidParameterValue",
      "Cannot use reserved security group name: Default",
    );
    expect(await groupsOf(VpcId)).toHaveLength(1);
    await create("n".repeat(255), "d".repeat(255));
  });

  test("ids of another form", async () => {
    await refused(
      ec2.send(new DeleteSecurityGroupCommand({ GroupId: "web" })),
      "InvalidGroupId.Malformed",
      'Invalid id: "web" (expecting "sg-...")',
    );
    await refused(
      ec2.send(new DeleteSecurityGroupCommand({})),
      "MissingParameter",
      "The request must contain the parameter groupName or groupId",
    );
  });
});

describe("what it refuses to do", () => {
  test("a second group of the same name in a VPC, whatever the case", async () => {
    const VpcId = await createVpc();
    await createGroup(VpcId, "web");
    await refused(
      createGroup(VpcId, "Web "),
      "InvalidGroup.Duplicate",
      `The security group 'Web' already exists for VPC '${VpcId}'`,
    );
    await createGroup(await createVpc(), "web");
  });

  test("a group that is not there", async () => {
    const GroupId = "sg-0123456789abcdef0";
    const text = `The security group '${GroupId}' does not exist`;
    await refused(ec2.send(new DeleteSecurityGroupCommand({ GroupId })), "InvalidGroup.NotFound", text);
    await refused(
      ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] })),
      "InvalidGroup.NotFound",
      text,
    );
  });

  test("a group of another account", async () => {
    const GroupId = await createGroup(await createVpc(), "web");
    const other = await freshClient();
    await refused(other.send(new DeleteSecurityGroupCommand({ GroupId })), "InvalidGroup.NotFound");
  });

  test("deleting a VPC's default group", async () => {
    const [group] = await groupsOf(await createVpc());
    await refused(
      ec2.send(new DeleteSecurityGroupCommand({ GroupId: group?.GroupId })),
      "CannotDelete",
      `the specified group: "${group?.GroupId}" name: "default" cannot be deleted by a user`,
    );
  });

  test("deleting a group that the rule of another one names", async () => {
    const VpcId = await createVpc();
    const [web, database] = [await createGroup(VpcId, "web"), await createGroup(VpcId, "database")];
    const rule = {
      GroupId: database,
      IpPermissions: [
        { IpProtocol: "tcp", FromPort: 5432, ToPort: 5432, UserIdGroupPairs: [{ GroupId: web }] },
      ],
    };
    await ec2.send(new AuthorizeSecurityGroupIngressCommand(rule));
    await refused(
      ec2.send(new DeleteSecurityGroupCommand({ GroupId: web })),
      "DependencyViolation",
      `resource ${web} has a dependent object`,
    );
    await ec2.send(new RevokeSecurityGroupIngressCommand(rule));
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId: web }));
  });

  test("deleting a group that an interface carries", async () => {
    const VpcId = await createVpc();
    const GroupId = await createGroup(VpcId, "web");
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.1.0/24" }));
    const { NetworkInterface } = await ec2.send(
      new CreateNetworkInterfaceCommand({ SubnetId: Subnet?.SubnetId, Groups: [GroupId] }),
    );
    await refused(
      ec2.send(new DeleteSecurityGroupCommand({ GroupId })),
      "DependencyViolation",
      `resource ${GroupId} has a dependent object`,
    );
    const { NetworkInterfaceId } = NetworkInterface ?? {};
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
  });

  test("names, where there is no default VPC", async () => {
    const other = await freshClient();
    await dropDefaultVpc(other);
    await refused(
      other.send(new CreateSecurityGroupCommand({ GroupName: "web", Description: "d" })),
      "VPCIdNotSpecified",
      "No default VPC for this user",
    );
    await refused(
      other.send(new DeleteSecurityGroupCommand({ GroupName: "web" })),
      "VPCIdNotSpecified",
      "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.",
    );
  });
});

describe("what it does", () => {
  test("furnishes each VPC with a group whose members reach each other and everything", async () => {
    const VpcId = await createVpc();
    const [group, ...others] = await groupsOf(VpcId);
    expect(others).toEqual([]);
    expect(group).toEqual({
      GroupId: expect.stringMatching(/^sg-0[0-9a-f]{16}$/),
      GroupName: "default",
      Description: "default VPC security group",
      OwnerId: expect.stringMatching(/^\d{12}$/),
      SecurityGroupArn: `arn:aws:ec2:us-east-1:${group?.OwnerId}:security-group/${group?.GroupId}`,
      VpcId,
      Tags: [],
      IpPermissions: [{ ...all, UserIdGroupPairs: [{ GroupId: group?.GroupId, UserId: group?.OwnerId }] }],
      IpPermissionsEgress: [{ ...all, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
    });
  });

  test("lets IPv6 out where the VPC has it", async () => {
    const VpcId = await createVpc(true);
    await createGroup(VpcId, "web");
    for (const { IpPermissionsEgress } of await groupsOf(VpcId)) {
      expect(IpPermissionsEgress).toEqual([
        { ...all, IpRanges: [{ CidrIp: "0.0.0.0/0" }], Ipv6Ranges: [{ CidrIpv6: "::/0" }] },
      ]);
    }
  });

  test("creates, shows and deletes a group", async () => {
    const VpcId = await createVpc();
    const { GroupId, SecurityGroupArn, Tags } = await ec2.send(
      new CreateSecurityGroupCommand({
        VpcId,
        GroupName: "web ",
        Description: "the web (80, 443)",
        TagSpecifications: [{ ResourceType: "security-group", Tags: [{ Key: "Name", Value: "front" }] }],
      }),
    );
    const asked = { GroupIds: [GroupId ?? ""] };
    const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand(asked));
    expect(SecurityGroups).toMatchObject([
      {
        GroupId,
        SecurityGroupArn,
        GroupName: "web",
        Description: "the web (80, 443)",
        VpcId,
        IpPermissions: [],
        IpPermissionsEgress: [{ ...all, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
        Tags,
      },
    ]);
    expect(await ec2.send(new DeleteSecurityGroupCommand({ GroupId }))).toMatchObject({
      Return: true,
      GroupId,
    });
    await refused(ec2.send(new DescribeSecurityGroupsCommand(asked)), "InvalidGroup.NotFound");
  });

  test("deletes a group that names itself, with its rules", async () => {
    const GroupId = await createGroup(await createVpc(), "cluster");
    const { SecurityGroupRules: [rule] = [] } = await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId,
        IpPermissions: [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId }] }],
      }),
    );
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
    await refused(
      ec2.send(
        new DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds: [rule?.SecurityGroupRuleId ?? ""] }),
      ),
      "InvalidSecurityGroupRuleId.NotFound",
    );
  });

  test("finds groups by what they are and by what their rules say", async () => {
    const VpcId = await createVpc();
    const [web, database] = [
      await createGroup(VpcId, "web"),
      await createGroup(VpcId, "database", "the data"),
    ];
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: web,
        IpPermissions: [
          { IpProtocol: "tcp", FromPort: 80, ToPort: 81, IpRanges: [{ CidrIp: "192.0.2.0/24" }] },
          { IpProtocol: "udp", FromPort: 53, ToPort: 53, Ipv6Ranges: [{ CidrIpv6: "2001:db8::/32" }] },
        ],
      }),
    );
    const { SecurityGroupRules: [rule] = [] } = await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: database,
        IpPermissions: [
          { IpProtocol: "tcp", FromPort: 5432, ToPort: 5432, UserIdGroupPairs: [{ GroupId: web }] },
        ],
      }),
    );
    const found = async (Name: string, value: string) =>
      (await groupsOf(VpcId, { Name, Values: [value] })).map(({ GroupName }) => GroupName);
    expect(await found("group-name", "*")).toEqual(["default", "web", "database"]);
    expect(await found("group-id", web)).toEqual(["web"]);
    expect(await found("description", "the data")).toEqual(["database"]);
    expect(await found("owner-id", rule?.GroupOwnerId ?? "")).toHaveLength(3);
    expect(await found("ip-permission.cidr", "192.0.2.0/24")).toEqual(["web"]);
    expect(await found("ip-permission.ipv6-cidr", "2001:db8::/32")).toEqual(["web"]);
    expect(await found("ip-permission.from-port", "80")).toEqual(["web"]);
    expect(await found("ip-permission.to-port", "81")).toEqual(["web"]);
    expect(await found("ip-permission.protocol", "udp")).toEqual(["web"]);
    expect(await found("ip-permission.group-id", web)).toEqual(["database"]);
    expect(await found("ip-permission.group-name", "we?")).toEqual(["database"]);
    expect(await found("ip-permission.user-id", rule?.GroupOwnerId ?? "")).toEqual(["default", "database"]);
    expect(await found("ip-permission.prefix-list-id", "*")).toEqual([]);
    expect(await found("egress.ip-permission.cidr", "0.0.0.0/0")).toHaveLength(3);
    expect(await found("egress.ip-permission.protocol", "-1")).toHaveLength(3);
    expect(await found("egress.ip-permission.group-name", "*")).toEqual([]);
    await refused(groupsOf(VpcId, { Name: "color", Values: ["red"] }), "InvalidParameterValue");
  });

  test("takes the default VPC, and names in it, where no other VPC is given", async () => {
    const other = await freshClient();
    const VpcId = await neededDefaultVpc(other);
    await other.send(new CreateSecurityGroupCommand({ GroupName: "web", Description: "d" }));
    const { SecurityGroups } = await other.send(
      new DescribeSecurityGroupsCommand({ GroupNames: ["WEB", "default"] }),
    );
    expect(SecurityGroups).toMatchObject([
      { GroupName: "default", VpcId },
      { GroupName: "web", VpcId },
    ]);
    await refused(
      other.send(new DeleteSecurityGroupCommand({ GroupName: "web", GroupId: SecurityGroups?.[0]?.GroupId })),
      "InvalidParameterCombination",
      "The parameter groupName cannot be used with the parameter groupId",
    );
    await other.send(new DeleteSecurityGroupCommand({ GroupName: "web" }));
    await refused(
      other.send(new DeleteSecurityGroupCommand({ GroupName: "web" })),
      "InvalidGroup.NotFound",
      `The security group 'web' does not exist in default VPC '${VpcId}'`,
    );
  });

  test("shows groups in pages", async () => {
    const VpcId = await createVpc();
    for (let n = 1; n <= 6; n++) await createGroup(VpcId, `group ${n}`);
    const Filters = [{ Name: "vpc-id", Values: [VpcId] }];
    const first = await ec2.send(new DescribeSecurityGroupsCommand({ Filters, MaxResults: 5 }));
    const { NextToken } = first;
    const second = await ec2.send(new DescribeSecurityGroupsCommand({ Filters, MaxResults: 5, NextToken }));
    expect(
      [first, second].map(({ SecurityGroups }) => SecurityGroups?.map(({ GroupName }) => GroupName)),
    ).toEqual([
      ["default", "group 1", "group 2", "group 3", "group 4"],
      ["group 5", "group 6"],
    ]);
    expect(second.NextToken).toBeUndefined();
  });

  test("goes in the order of real tools: rules, groups, subnet, VPC", async () => {
    const VpcId = await createVpc();
    const GroupId = await createGroup(VpcId, "web");
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.1.0/24" }));
    await ec2.send(new DeleteSubnetCommand({ SubnetId: Subnet?.SubnetId }));
    await refused(ec2.send(new DeleteVpcCommand({ VpcId })), "DependencyViolation");
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
    const [group] = await groupsOf(VpcId);
    await ec2.send(new DeleteVpcCommand({ VpcId }));
    await refused(
      ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [group?.GroupId ?? ""] })),
      "InvalidGroup.NotFound",
    );
  });
});
