import {
  CreateInternetGatewayCommand,
  CreateNetworkInterfaceCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeleteTagsCommand,
  DeleteVpcCommand,
  DescribeNetworkInterfacesCommand,
  DescribeTagsCommand,
  DescribeVpcsCommand,
  type DescribeTagsRequest,
  type Tag,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

const ec2 = await freshClient();

const newVpc = async () =>
  (await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc?.VpcId ?? "";

const tag = (ids: string | readonly string[], ...Tags: Tag[]) =>
  ec2.send(new CreateTagsCommand({ Resources: [ids].flat(), Tags }));

const untag = (ids: string | readonly string[], Tags?: Tag[]) =>
  ec2.send(new DeleteTagsCommand({ Resources: [ids].flat(), Tags }));

const list = async (input: DescribeTagsRequest = {}) =>
  (await ec2.send(new DescribeTagsCommand(input))).Tags ?? [];

const filtered = (Name: string, ...Values: string[]) => list({ Filters: [{ Name, Values }] });

const tagsOf = async (id: string) =>
  (await filtered("resource-id", id)).map(({ Key, Value }) => [Key, Value]);

/** `count` tags, from `from` on. */
const many = (count: number, from = 0): Tag[] =>
  Array.from({ length: count }, (_, index) => ({ Key: `key-${from + index}`, Value: "" }));

describe("what it refuses to parse", () => {
  test.each([
    [{ Key: "", Value: "x" }, "Tag key cannot be empty."],
    [{ Key: "k".repeat(129) }, "Tag key exceeds the maximum length of 128 characters"],
    [{ Key: "k", Value: "v".repeat(257) }, "Tag value exceeds the maximum length of 256 characters"],
    [{ Key: "aws:x" }, "Tag keys starting with 'aws:' are reserved for internal use"],
    [{ Key: "AWS:x" }, "Tag keys starting with 'aws:' are reserved for internal use"],
  ])("the tag %j", async (wrong, message) => {
    await refused(tag(await newVpc(), wrong), "InvalidParameterValue", message);
  });

  test("a key twice, and no tags at all", async () => {
    const vpc = await newVpc();
    await refused(tag(vpc, { Key: "a" }, { Key: "a", Value: "b" }), "InvalidParameterValue");
    await refused(tag(vpc), "MissingParameter");
  });

  test("ids of nothing that could have tags", async () => {
    for (const id of ["nonsense", "xyz-0123456789abcdef0", "rtbassoc-0123456789abcdef0"]) {
      await refused(tag(id, { Key: "a" }), "InvalidID", `The ID '${id}' is not valid`);
      await refused(untag(id), "InvalidID");
    }
    await refused(tag("vpc-1", { Key: "a" }), "InvalidVpcID.Malformed");
  });

  test("more resources than a call may name", async () => {
    const ids = Array.from({ length: 1001 }, (_, index) => `vpc-${String(index).padStart(8, "0")}`);
    await refused(tag(ids, { Key: "a" }), "InvalidParameterValue", /maximum number of resources is 1000/);
  });

  test("pages out of bounds or from nowhere", async () => {
    await refused(list({ MaxResults: 4 }), "InvalidParameterValue");
    await refused(list({ MaxResults: 1001 }), "InvalidParameterValue");
    await refused(list({ NextToken: "bm93aGVyZQ" }), "InvalidPaginationToken");
  });
});

describe("what it refuses to do", () => {
  test("resources that are not there, and then it tags none of them", async () => {
    const vpc = await newVpc();
    await refused(tag([vpc, "vpc-0123456789abcdef0"], { Key: "a" }), "InvalidVpcID.NotFound");
    await refused(untag([vpc, "subnet-01234567"]), "InvalidSubnetID.NotFound");
    expect(await tagsOf(vpc)).toEqual([]);
  });

  test("another account's resource", async () => {
    const vpc = await newVpc();
    const other = await freshClient();
    await refused(
      other.send(new CreateTagsCommand({ Resources: [vpc], Tags: [{ Key: "a" }] })),
      "InvalidVpcID.NotFound",
    );
  });

  test("more than fifty tags, be they new or there already", async () => {
    const vpc = await newVpc();
    await refused(tag(vpc, ...many(51)), "TagLimitExceeded", /maximum number of tags/);
    await tag(vpc, ...many(50));
    await tag(vpc, { Key: "key-0", Value: "again" });
    await refused(tag(vpc, { Key: "key-50" }), "TagLimitExceeded");
    await refused(
      ec2.send(
        new CreateVpcCommand({
          CidrBlock: "10.0.0.0/16",
          TagSpecifications: [{ ResourceType: "vpc", Tags: many(51) }],
        }),
      ),
      "TagLimitExceeded",
    );
  });

  test("a dry run, and a filter that tags do not have", async () => {
    const vpc = await newVpc();
    const Tags = [{ Key: "a" }];
    await refused(
      ec2.send(new CreateTagsCommand({ Resources: [vpc], Tags, DryRun: true })),
      "DryRunOperation",
    );
    expect(await tagsOf(vpc)).toEqual([]);
    await refused(filtered("colour", "red"), "InvalidParameterValue");
  });

  test("more filters, or more of their values, than a call may have", async () => {
    const Filters = Array.from({ length: 51 }, () => ({ Name: "key", Values: ["a"] }));
    await refused(list({ Filters }), "FilterLimitExceeded");
    await refused(filtered("key", ...Array.from({ length: 201 }, String)), "FilterLimitExceeded");
  });

  test("a page that another account was given", async () => {
    await tag(await newVpc(), ...many(10));
    const { NextToken } = await ec2.send(new DescribeTagsCommand({ MaxResults: 5 }));
    const other = await freshClient();
    await refused(other.send(new DescribeTagsCommand({ NextToken })), "InvalidPaginationToken");
  });
});

describe("what it does", () => {
  test("adds, overwrites and removes", async () => {
    const [one, two] = [await newVpc(), await newVpc()];
    await tag([one, two], { Key: "a", Value: "1" }, { Key: "b" });
    await tag(one, { Key: "a", Value: "2" });
    expect(await tagsOf(one)).toEqual([
      ["a", "2"],
      ["b", ""],
    ]);
    expect(await tagsOf(two)).toContainEqual(["a", "1"]);
    const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [one] }));
    expect(Vpcs?.[0]?.Tags).toEqual([
      { Key: "a", Value: "2" },
      { Key: "b", Value: "" },
    ]);
    await untag([one, two], [{ Key: "a", Value: "1" }]);
    expect(await tagsOf(one)).toContainEqual(["a", "2"]);
    expect(await tagsOf(two)).toEqual([["b", ""]]);
    await untag(one, [{ Key: "a" }, { Key: "never there" }]);
    expect(await tagsOf(one)).toEqual([["b", ""]]);
    await untag([one, two]);
    expect([await tagsOf(one), await tagsOf(two)]).toEqual([[], []]);
  });

  test("forgets the tags of what is deleted", async () => {
    const vpc = await newVpc();
    await tag(vpc, { Key: "gone", Value: "soon" });
    await ec2.send(new DeleteVpcCommand({ VpcId: vpc }));
    expect(await filtered("key", "gone")).toEqual([]);
  });

  test("filters tags", async () => {
    const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
    const id = InternetGateway?.InternetGatewayId ?? "";
    const shown = { Key: "Team", Value: "network", ResourceId: id, ResourceType: "internet-gateway" };
    await tag(id, { Key: "Team", Value: "network" });
    for (const [name, value] of [
      ["key", "Tea*"],
      ["resource-id", id],
      ["resource-type", "internet-gateway"],
      ["tag:Team", "network"],
      ["value", "netw?rk"],
    ] as const) {
      expect(await filtered(name, value)).toEqual([shown]);
      expect(await filtered(name, "none such")).toEqual([]);
    }
  });

  test("finds resources by their tags, with wildcards and without", async () => {
    const [one, two] = [await newVpc(), await newVpc()];
    await tag(one, { Key: "App", Value: "web*shop" });
    await tag(two, { Key: "App", Value: "webshop" });
    const found = async (Name: string, value: string) => {
      const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ Filters: [{ Name, Values: [value] }] }));
      return Vpcs?.map(({ VpcId }) => VpcId);
    };
    expect(await found("tag:App", "web*")).toEqual([one, two]);
    expect(await found("tag:App", String.raw`web\*shop`)).toEqual([one]);
    expect(await found("tag:App", "web?hop")).toEqual([two]);
    expect(await found("tag:app", "web*")).toEqual([]);
    expect(await found("tag-key", "App")).toEqual([one, two]);
  });

  test("finds network interfaces, which show their tags under another name", async () => {
    const VpcId = await newVpc();
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.0.0/24" }));
    const { NetworkInterface } = await ec2.send(
      new CreateNetworkInterfaceCommand({
        SubnetId: Subnet?.SubnetId,
        TagSpecifications: [{ ResourceType: "network-interface", Tags: [{ Key: "Role", Value: "nic" }] }],
      }),
    );
    const { NetworkInterfaces } = await ec2.send(
      new DescribeNetworkInterfacesCommand({ Filters: [{ Name: "tag:Role", Values: ["nic"] }] }),
    );
    expect(NetworkInterfaces?.map(({ NetworkInterfaceId }) => NetworkInterfaceId)).toEqual([
      NetworkInterface?.NetworkInterfaceId,
    ]);
  });

  test("pages through all tags", async () => {
    await tag(await newVpc(), ...many(12, 100));
    const seen = [];
    let NextToken: string | undefined;
    do {
      const page = await ec2.send(new DescribeTagsCommand({ MaxResults: 7, NextToken }));
      expect(page.Tags?.length).toBeLessThanOrEqual(7);
      seen.push(...(page.Tags ?? []));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    expect(seen).toEqual(await list());
  });
});
