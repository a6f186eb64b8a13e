import {
  CreateNetworkAclCommand,
  CreateNetworkAclEntryCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteNetworkAclCommand,
  DeleteNetworkAclEntryCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeNetworkAclsCommand,
  ReplaceNetworkAclAssociationCommand,
  ReplaceNetworkAclEntryCommand,
  type CreateNetworkAclEntryCommandInput,
  type Filter,
  type NetworkAcl,
  type NetworkAclEntry,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();

async function createVpc(ipv6 = false): Promise<string> {
  const { Vpc } = await ec2.send(
    new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: ipv6 }),
  );
  return Vpc?.VpcId ?? "";
}

async function createSubnet(VpcId: string, CidrBlock = "10.0.1.0/24"): Promise<string> {
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock }));
  return Subnet?.SubnetId ?? "";
}

async function createAcl(VpcId: string): Promise<string> {
  const { NetworkAcl } = await ec2.send(new CreateNetworkAclCommand({ VpcId }));
  return NetworkAcl?.NetworkAclId ?? "";
}

async function aclsOf(VpcId: string, ...Filters: Filter[]): Promise<NetworkAcl[]> {
  const { NetworkAcls = [] } = await ec2.send(
    new DescribeNetworkAclsCommand({ Filters: [{ Name: "vpc-id", Values: [VpcId] }, ...Filters] }),
  );
  return NetworkAcls;
}

async function defaultAclOf(VpcId: string): Promise<NetworkAcl> {
  const [acl] = await aclsOf(VpcId, { Name: "default", Values: ["true"] });
  return acl ?? {};
}

async function entriesOf(NetworkAclId: string): Promise<NetworkAclEntry[]> {
  const { NetworkAcls } = await ec2.send(new DescribeNetworkAclsCommand({ NetworkAclIds: [NetworkAclId] }));
  return NetworkAcls?.[0]?.Entries ?? [];
}

type Entry = Omit<CreateNetworkAclEntryCommandInput, "NetworkAclId">;

const web: Entry = {
  RuleNumber: 100,
  Egress: false,
  Protocol: "6",
  RuleAction: "allow",
  CidrBlock: "0.0.0.0/0",
  PortRange: { From: 80, To: 80 },
};

const addEntry = (NetworkAclId: string, entry: Entry) =>
  ec2.send(new CreateNetworkAclEntryCommand({ NetworkAclId, ...entry }));

const all = (Egress: boolean, RuleNumber: number, RuleAction: "allow" | "deny", ipv6 = false) => ({
  Egress,
  RuleNumber,
  RuleAction,
  Protocol: "-1",
  ...(ipv6 ? { Ipv6CidrBlock: "::/0" } : { CidrBlock: "0.0.0.0/0" }),
});

const vpc = await createVpc();

describe("what it refuses to parse", () => {
  test.each<[Partial<Entry>, string, string]>([
    [
      { RuleNumber: 0 },
      "InvalidParameterValue",
      "Value (0) for parameter ruleNumber is invalid. The rule number must be between 1 and 32766.",
    ],
    [
      { RuleNumber: 32_767 },
      "InvalidParameterValue",
      "Value (32767) for parameter ruleNumber is invalid. The rule number must be between 1 and 32766.",
    ],
    [{ Protocol: "tcp" }, "InvalidParameterValue", "Invalid value 'tcp' for IP protocol. Unknown protocol."],
    [{ Protocol: "300" }, "InvalidParameterValue", "Invalid value '300' for IP protocol. Unknown protocol."],
    [{ PortRange: undefined }, "MissingParameter", "The request must contain the parameter portRange.from"],
    [{ PortRange: { From: 80 } }, "MissingParameter", "The request must contain the parameter portRange.to"],
    [
      { PortRange: { From: 80, To: 70_000 } },
      "InvalidParameterValue",
      "TCP/UDP (to) port (70000) out of range",
    ],
    [{ PortRange: { From: 2, To: 1 } }, "InvalidParameterValue", "Invalid TCP/UDP port range (2:1)"],
    [{ Protocol: "1" }, "MissingParameter", "The request must contain the parameter icmpTypeCode.type"],
    [
      { Protocol: "1", IcmpTypeCode: { Type: 8 } },
      "MissingParameter",
      "The request must contain the parameter icmpTypeCode.code",
    ],
    [
      { Protocol: "58", CidrBlock: undefined, Ipv6CidrBlock: "::/0" },
      "MissingParameter",
      "The request must contain the parameter icmpTypeCode.type",
    ],
    [
      { CidrBlock: undefined },
      "MissingParameter",
      "The request must contain the parameter cidrBlock or ipv6CidrBlock",
    ],
    [
      { Ipv6CidrBlock: "::/0" },
      "InvalidParameterCombination",
      "The parameter cidrBlock cannot be used with the parameter ipv6CidrBlock",
    ],
    [
      { CidrBlock: "::/0" },
      "InvalidParameterValue",
      "Value (::/0) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
    ],
  ])("an entry with %j", async (change, code, message) => {
    const acl = await createAcl(vpc);
    await refused(addEntry(acl, { ...web, ...change }), code, message);
    expect(await entriesOf(acl)).toHaveLength(2);
  });

  test("ids of another form", async () => {
    await refused(
      ec2.send(new DeleteNetworkAclCommand({ NetworkAclId: "mine" })),
      "InvalidNetworkAclId.Malformed",
      'Invalid id: "mine" (expecting "acl-...")',
    );
  });
});

describe("what it refuses to do", () => {
  test("what is not there", async () => {
    const acl = await createAcl(vpc);
    await refused(
      ec2.send(new DeleteNetworkAclCommand({ NetworkAclId: "acl-0123456789abcdef0" })),
      "InvalidNetworkAclID.NotFound",
      "The networkAcl ID 'acl-0123456789abcdef0' does not exist",
    );
    await refused(
      ec2.send(
        new ReplaceNetworkAclAssociationCommand({
          AssociationId: "aclassoc-0123456789abcdef0",
          NetworkAclId: acl,
        }),
      ),
      "InvalidAssociationID.NotFound",
    );
    await refused(
      ec2.send(new DeleteNetworkAclEntryCommand({ NetworkAclId: acl, RuleNumber: 120, Egress: false })),
      "InvalidNetworkAclEntry.NotFound",
      `no ingress entry with number 120 in network ACL ${acl}`,
    );
    await refused(
      ec2.send(new ReplaceNetworkAclEntryCommand({ NetworkAclId: acl, ...web, Egress: true })),
      "InvalidNetworkAclEntry.NotFound",
    );
    await refused(
      ec2.send(new DeleteNetworkAclEntryCommand({ NetworkAclId: acl, RuleNumber: 32_767, Egress: false })),
      "InvalidParameterValue",
    );
  });

  test("two entries of one number and direction", async () => {
    const acl = await createAcl(vpc);
    await addEntry(acl, web);
    await refused(
      addEntry(acl, { ...web, RuleAction: "deny" }),
      "NetworkAclEntryAlreadyExists",
      "The network acl entry identified by 100 already exists.",
    );
    await addEntry(acl, { ...web, Egress: true });
  });

  test("deleting a default ACL, or one that guards a subnet", async () => {
    const VpcId = await createVpc();
    await createSubnet(VpcId);
    const { NetworkAclId, Associations } = await defaultAclOf(VpcId);
    await refused(
      ec2.send(new DeleteNetworkAclCommand({ NetworkAclId })),
      "InvalidParameterValue",
      `cannot delete default network ACL ${NetworkAclId}`,
    );
    const acl = await createAcl(VpcId);
    await ec2.send(
      new ReplaceNetworkAclAssociationCommand({
        AssociationId: Associations?.[0]?.NetworkAclAssociationId,
        NetworkAclId: acl,
      }),
    );
    await refused(
      ec2.send(new DeleteNetworkAclCommand({ NetworkAclId: acl })),
      "DependencyViolation",
      `The networkAcl '${acl}' has dependencies and cannot be deleted.`,
    );
  });

  test("guarding a subnet with the ACL of another VPC", async () => {
    const VpcId = await createVpc();
    await createSubnet(VpcId);
    const { Associations } = await defaultAclOf(VpcId);
    await refused(
      ec2.send(
        new ReplaceNetworkAclAssociationCommand({
          AssociationId: Associations?.[0]?.NetworkAclAssociationId,
          NetworkAclId: await createAcl(vpc),
        }),
      ),
      "InvalidParameterValue",
      /belong to different networks/,
    );
  });
});

describe("what it does", () => {
  test("furnishes each VPC with an ACL that lets everything through", async () => {
    const VpcId = await createVpc();
    const [acl, ...others] = await aclsOf(VpcId);
    expect(others).toEqual([]);
    expect(acl).toEqual({
      NetworkAclId: expect.stringMatching(/^acl-0[0-9a-f]{16}$/),
      OwnerId: expect.stringMatching(/^\d{12}$/),
      VpcId,
      IsDefault: true,
      Associations: [],
      Entries: [
        all(true, 100, "allow"),
        all(true, 32_767, "deny"),
        all(false, 100, "allow"),
        all(false, 32_767, "deny"),
      ],
      Tags: [],
    });
  });

  test("lets IPv6 through where the VPC has it", async () => {
    const { Entries } = await defaultAclOf(await createVpc(true));
    expect(Entries).toEqual(
      [true, false].flatMap((egress) => [
        all(egress, 100, "allow"),
        all(egress, 101, "allow", true),
        all(egress, 32_767, "deny"),
        all(egress, 32_768, "deny", true),
      ]),
    );
  });

  test("creates an ACL that denies all, and deletes it", async () => {
    const { NetworkAcl, ClientToken } = await ec2.send(
      new CreateNetworkAclCommand({
        VpcId: vpc,
        ClientToken: "once",
        TagSpecifications: [{ ResourceType: "network-acl", Tags: [{ Key: "Name", Value: "closed" }] }],
      }),
    );
    expect(ClientToken).toBe("once");
    expect(NetworkAcl).toMatchObject({
      IsDefault: false,
      VpcId: vpc,
      Associations: [],
      Entries: [all(true, 32_767, "deny"), all(false, 32_767, "deny")],
      Tags: [{ Key: "Name", Value: "closed" }],
    });
    const { NetworkAclId } = NetworkAcl ?? {};
    await ec2.send(new DeleteNetworkAclCommand({ NetworkAclId }));
    await refused(ec2.send(new DeleteNetworkAclCommand({ NetworkAclId })), "InvalidNetworkAclID.NotFound");
  });

  test("keeps entries in order, replaces and deletes them", async () => {
    const acl = await createAcl(vpc);
    await addEntry(acl, { ...web, RuleNumber: 200, CidrBlock: "192.0.2.7/24" });
    await addEntry(acl, { ...web, Egress: true, Protocol: "17" });
    await addEntry(acl, {
      RuleNumber: 50,
      Egress: false,
      Protocol: "58",
      RuleAction: "deny",
      Ipv6CidrBlock: "2001:db8::1/32",
      IcmpTypeCode: { Type: 128, Code: 0 },
      PortRange: undefined,
    });
    await addEntry(acl, { ...web, RuleNumber: 300, Protocol: "58" });
    await addEntry(acl, { ...web, RuleNumber: 400, Protocol: "-1" });
    const ports = { From: 80, To: 80 };
    expect(await entriesOf(acl)).toEqual([
      { ...all(true, 100, "allow"), Protocol: "17", PortRange: ports },
      all(true, 32_767, "deny"),
      {
        RuleNumber: 50,
        Egress: false,
        Protocol: "58",
        RuleAction: "deny",
        Ipv6CidrBlock: "2001:db8::/32",
        IcmpTypeCode: { Type: 128, Code: 0 },
      },
      { ...all(false, 200, "allow"), Protocol: "6", CidrBlock: "192.0.2.0/24", PortRange: ports },
      { ...all(false, 300, "allow"), Protocol: "58", IcmpTypeCode: { Type: -1, Code: -1 } },
      all(false, 400, "allow"),
      all(false, 32_767, "deny"),
    ]);
    await ec2.send(
      new ReplaceNetworkAclEntryCommand({ NetworkAclId: acl, ...web, RuleNumber: 200, RuleAction: "deny" }),
    );
    for (const RuleNumber of [50, 300, 400]) {
      await ec2.send(new DeleteNetworkAclEntryCommand({ NetworkAclId: acl, RuleNumber, Egress: false }));
    }
    expect((await entriesOf(acl)).slice(2)).toEqual([
      { ...all(false, 200, "deny"), Protocol: "6", PortRange: ports },
      all(false, 32_767, "deny"),
    ]);
  });

  test("guards each subnet with one ACL, from its first day to its last", async () => {
    const VpcId = await createVpc();
    const [first, second] = [await createSubnet(VpcId), await createSubnet(VpcId, "10.0.2.0/24")];
    const { NetworkAclId, Associations } = await defaultAclOf(VpcId);
    expect(Associations).toEqual(
      [first, second].map((SubnetId) => ({
        NetworkAclAssociationId: expect.stringMatching(/^aclassoc-0[0-9a-f]{16}$/),
        NetworkAclId,
        SubnetId,
      })),
    );
    const acl = await createAcl(VpcId);
    const replace = (AssociationId: string | undefined) =>
      ec2.send(new ReplaceNetworkAclAssociationCommand({ AssociationId, NetworkAclId: acl }));
    const { NewAssociationId } = await replace(Associations?.[0]?.NetworkAclAssociationId);
    expect(await replace(NewAssociationId)).toMatchObject({ NewAssociationId });
    await refused(replace(Associations?.[0]?.NetworkAclAssociationId), "InvalidAssociationID.NotFound");
    const guards = async () =>
      (await aclsOf(VpcId)).map((each) => each.Associations?.map(({ SubnetId }) => SubnetId));
    expect(await guards()).toEqual([[second], [first]]);
    for (const SubnetId of [first, second]) await ec2.send(new DeleteSubnetCommand({ SubnetId }));
    expect(await guards()).toEqual([[], []]);
    await refused(ec2.send(new DeleteVpcCommand({ VpcId })), "DependencyViolation");
    await ec2.send(new DeleteNetworkAclCommand({ NetworkAclId: acl }));
    await ec2.send(new DeleteVpcCommand({ VpcId }));
    await refused(
      ec2.send(new DescribeNetworkAclsCommand({ NetworkAclIds: [NetworkAclId ?? ""] })),
      "InvalidNetworkAclID.NotFound",
    );
  });

  test("finds ACLs by what they are, guard and say", async () => {
    const VpcId = await createVpc(true);
    const subnet = await createSubnet(VpcId);
    const standard = await defaultAclOf(VpcId);
    const acl = await createAcl(VpcId);
    const icmp = { ...web, PortRange: undefined, RuleNumber: 7, Protocol: "1" };
    await addEntry(acl, { ...web, CidrBlock: "192.0.2.0/24", PortRange: { From: 81, To: 82 } });
    await addEntry(acl, { ...icmp, IcmpTypeCode: { Type: 8, Code: 3 } });
    await addEntry(acl, { ...web, RuleNumber: 101, CidrBlock: undefined, Ipv6CidrBlock: "2001:db8::/32" });
    const found = async (Name: string, value = "") =>
      (await aclsOf(VpcId, { Name, Values: [value] })).map(({ NetworkAclId }) => NetworkAclId);
    const one = [standard.NetworkAclId];
    const association = standard.Associations?.[0];
    expect(await found("association.association-id", association?.NetworkAclAssociationId)).toEqual(one);
    expect(await found("association.network-acl-id", standard.NetworkAclId)).toEqual(one);
    expect(await found("association.subnet-id", subnet)).toEqual(one);
    expect(await found("default", "true")).toEqual(one);
    expect(await found("network-acl-id", standard.NetworkAclId)).toEqual(one);
    expect(await found("owner-id", standard.OwnerId)).toEqual([...one, acl]);
    for (const [name, value] of [
      ["cidr", "192.0.2.0/24"],
      ["icmp.code", "3"],
      ["icmp.type", "8"],
      ["ipv6-cidr", "2001:db8::/32"],
      ["port-range.from", "81"],
      ["port-range.to", "82"],
      ["protocol", "icmp"],
      ["protocol", "6"],
      ["rule-number", "7"],
    ] as const) {
      expect(await found(`entry.${name}`, value)).toEqual([acl]);
    }
    expect(await found("entry.rule-action", "deny")).toEqual([...one, acl]);
    expect(await found("entry.egress", "true")).toEqual([...one, acl]);
  });
});
