import {
  AssociateDhcpOptionsCommand,
  CreateDhcpOptionsCommand,
  CreateVpcCommand,
  DeleteDhcpOptionsCommand,
  DescribeDhcpOptionsCommand,
  DescribeVpcsCommand,
  type DescribeDhcpOptionsRequest,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();
const MISSING = "dopt-0123456789abcdef0";

const create = async (...options: readonly (readonly [string, ...string[]])[]) => {
  const DhcpConfigurations = options.map(([Key, ...Values]) => ({ Key, Values }));
  return (await ec2.send(new CreateDhcpOptionsCommand({ DhcpConfigurations }))).DhcpOptions;
};

const remove = (DhcpOptionsId: string | undefined) =>
  ec2.send(new DeleteDhcpOptionsCommand({ DhcpOptionsId }));

const list = async (input: DescribeDhcpOptionsRequest, client = ec2) =>
  (await client.send(new DescribeDhcpOptionsCommand(input))).DhcpOptions ?? [];

const associate = (DhcpOptionsId: string | undefined, VpcId: string | undefined) =>
  ec2.send(new AssociateDhcpOptionsCommand({ DhcpOptionsId, VpcId }));

const newVpc = async () =>
  (await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc?.VpcId ?? "";

describe("what it refuses to parse", () => {
  test.each([
    [["colour", "red"]],
    [["constructor", "red"]],
    [["domain-name", "a.example", "b.example"]],
    [["domain-name-servers", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"]],
    [["domain-name-servers", "ns.example"]],
    [["ntp-servers", "AmazonProvidedDNS"]],
    [["netbios-name-servers", "10.0.0.256"]],
    [["netbios-node-type", "3"]],
    [["ipv6-address-preferred-lease-time", "139"]],
    [["ipv6-address-preferred-lease-time", "2147483648"]],
    [["ipv6-address-preferred-lease-time", "soon"]],
  ] as [[string, ...string[]]][])("the option %j", async (option) => {
    await refused(create(option), "InvalidParameterValue");
  });

  test("an option without a name, without a value, or twice", async () => {
    await refused(
      ec2.send(new CreateDhcpOptionsCommand({ DhcpConfigurations: [{ Values: ["x"] }] })),
      "MissingParameter",
    );
    await refused(create(["domain-name"]), "MissingParameter");
    await refused(
      create(["domain-name", "a.example"], ["domain-name", "b.example"]),
      "InvalidParameterValue",
    );
  });

  test("an id of another form", async () => {
    await refused(
      remove("dopt-1"),
      "InvalidDhcpOptionsId.Malformed",
      'Invalid id: "dopt-1" (expecting "dopt-...")',
    );
  });

  test("pages out of bounds or from nowhere", async () => {
    await refused(list({ MaxResults: 4 }), "InvalidParameterValue");
    await refused(list({ NextToken: "bm93aGVyZQ" }), "InvalidPaginationToken");
  });
});

describe("what it refuses to do", () => {
  test("what is not there", async () => {
    const text = `The dhcpOption ID '${MISSING}' does not exist`;
    await refused(remove(MISSING), "InvalidDhcpOptionID.NotFound", text);
    await refused(associate(MISSING, await newVpc()), "InvalidDhcpOptionID.NotFound");
  });

  test("another account's options", async () => {
    const options = await create(["domain-name", "a.example"]);
    const other = await freshClient();
    await refused(
      list({ DhcpOptionsIds: [options?.DhcpOptionsId ?? ""] }, other),
      "InvalidDhcpOptionID.NotFound",
    );
  });

  test("to delete what a VPC uses", async () => {
    const options = await create(["domain-name", "a.example"]);
    const id = options?.DhcpOptionsId;
    const vpc = await newVpc();
    await associate(id, vpc);
    await refused(
      remove(id),
      "DependencyViolation",
      `The dhcpOptions '${id}' has dependencies and cannot be deleted.`,
    );
    await associate("default", vpc);
    await remove(id);
  });

  test("a dry run, and a filter that options do not have", async () => {
    const DhcpConfigurations = [{ Key: "domain-name", Values: ["a.example"] }];
    await refused(
      ec2.send(new CreateDhcpOptionsCommand({ DhcpConfigurations, DryRun: true })),
      "DryRunOperation",
    );
    await refused(list({ Filters: [{ Name: "colour", Values: ["red"] }] }), "InvalidParameterValue");
  });
});

describe("what it does", () => {
  test.each([
    ["us-east-1", "ec2.internal"],
    ["eu-west-1", "eu-west-1.compute.internal"],
  ])("has a default set in %s", async (region, domain) => {
    const client = await freshClient({ region });
    const [options, ...others] = await list({}, client);
    expect(others).toEqual([]);
    expect(options?.DhcpConfigurations).toEqual([
      { Key: "domain-name", Values: [{ Value: domain }] },
      { Key: "domain-name-servers", Values: [{ Value: "AmazonProvidedDNS" }] },
    ]);
    const { Vpcs } = await client.send(new DescribeVpcsCommand({}));
    expect(Vpcs).toMatchObject([{ DhcpOptionsId: options?.DhcpOptionsId }]);
  });

  test("takes each option, and several servers in one text", async () => {
    const options = await create(
      ["domain-name-servers", "10.0.0.1, 2001:db8::53", "AmazonProvidedDNS"],
      ["domain-name", "corp.example"],
      ["ntp-servers", "169.254.169.123"],
      ["netbios-name-servers", "10.0.0.1,10.0.0.2"],
      ["netbios-node-type", "2"],
      ["ipv6-address-preferred-lease-time", "140"],
    );
    const values = options?.DhcpConfigurations?.map(({ Key, Values }) => [
      Key,
      ...(Values ?? []).map(({ Value }) => Value),
    ]);
    expect(values).toEqual([
      ["domain-name-servers", "10.0.0.1", "2001:db8::53", "AmazonProvidedDNS"],
      ["domain-name", "corp.example"],
      ["ntp-servers", "169.254.169.123"],
      ["netbios-name-servers", "10.0.0.1", "10.0.0.2"],
      ["netbios-node-type", "2"],
      ["ipv6-address-preferred-lease-time", "140"],
    ]);
  });

  test("gives a VPC other options, or none", async () => {
    const options = await create(["domain-name", "a.example"]);
    const VpcId = await newVpc();
    const shown = async () =>
      (await ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId] }))).Vpcs?.[0]?.DhcpOptionsId;
    await associate(options?.DhcpOptionsId, VpcId);
    expect(await shown()).toBe(options?.DhcpOptionsId);
    await associate("default", VpcId);
    expect(await shown()).toBe("default");
  });

  test("filters", async () => {
    const { DhcpOptions: options } = await ec2.send(
      new CreateDhcpOptionsCommand({
        DhcpConfigurations: [{ Key: "netbios-node-type", Values: ["8"] }],
        TagSpecifications: [{ ResourceType: "dhcp-options", Tags: [{ Key: "k", Value: "v" }] }],
      }),
    );
    const id = options?.DhcpOptionsId ?? "";
    for (const [Name, value = ""] of [
      ["dhcp-options-id", id],
      ["key", "netbios-node-type"],
      ["owner-id", options?.OwnerId],
      ["tag-key", "k"],
      ["tag:k", "v"],
      ["value", "8"],
    ]) {
      const found = await list({ Filters: [{ Name, Values: [value] }] });
      expect(found.map(({ DhcpOptionsId }) => DhcpOptionsId)).toContain(id);
      expect(await list({ Filters: [{ Name, Values: ["none such"] }] })).toEqual([]);
    }
  });

  test("pages through all options", async () => {
    for (let count = 0; count < 6; count++) await create(["domain-name", `${count}.example`]);
    const first = await ec2.send(new DescribeDhcpOptionsCommand({ MaxResults: 5 }));
    const rest = await list({ NextToken: first.NextToken });
    expect(first.DhcpOptions).toHaveLength(5);
    expect([...(first.DhcpOptions ?? []), ...rest]).toEqual(await list({}));
  });
});
