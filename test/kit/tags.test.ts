import {
  CreateInternetGatewayCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeleteTagsCommand,
  DeleteVpcCommand,
  DescribeTagsCommand,
  DescribeVpcsCommand,
  type EC2Client,
  type Tag,
  type TagSpecification,
} from "@aws-sdk/client-ec2";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";

let ec2: EC2Client;
beforeAll(async () => {
  ec2 = await freshClient();
});

async function makeVpc(TagSpecifications?: TagSpecification[]): Promise<string> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", TagSpecifications }));
  return Vpc?.VpcId ?? "";
}

const tagged = (Tags: Tag[]) => makeVpc([{ ResourceType: "vpc", Tags }]);
const tag = (id: string, Tags: Tag[]) => ec2.send(new CreateTagsCommand({ Resources: [id], Tags }));
const untag = (id: string, Tags?: Tag[]) => ec2.send(new DeleteTagsCommand({ Resources: [id], Tags }));

/** As the resource shows them, and as DescribeTags does. */
async function tagsOf(id: string): Promise<Tag[]> {
  const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [id] }));
  const { Tags = [] } = await ec2.send(
    new DescribeTagsCommand({ Filters: [{ Name: "resource-id", Values: [id] }] }),
  );
  const shown = Vpcs?.[0]?.Tags ?? [];
  expect(Tags).toEqual(shown.map((each) => ({ ...each, ResourceId: id, ResourceType: "vpc" })));
  return shown;
}

describe("what is refused", () => {
  const long = (length: number) => "k".repeat(length);
  test.each<[string, Tag[], string]>([
    ["a key that is empty", [{ Key: "", Value: "x" }], "Tag key cannot be empty."],
    ["a key that is too long", [{ Key: long(129) }], "Tag key exceeds the maximum length of 128 characters"],
    [
      "a value that is too long",
      [{ Key: "k", Value: long(257) }],
      "Tag value exceeds the maximum length of 256 characters",
    ],
    ["a reserved key", [{ Key: "aws:x" }], "Tag keys starting with 'aws:' are reserved for internal use"],
    [
      "a reserved key in capitals",
      [{ Key: "AWS:x" }],
      "Tag keys starting with 'aws:' are reserved for internal use",
    ],
    ["a key given twice", [{ Key: "k" }, { Key: "k", Value: "x" }], "Duplicate tag key 'k' specified."],
  ])("%s", async (_, tags, message) => {
    const id = await makeVpc();
    await refused(tag(id, tags), "InvalidParameterValue", message);
    await refused(tagged(tags), "InvalidParameterValue", message);
    expect(await tagsOf(id)).toEqual([]);
  });

  test.each<[string, TagSpecification[], string, string]>([
    [
      "tags for what the call does not make",
      [{ ResourceType: "subnet", Tags: [{ Key: "k" }] }],
      "InvalidParameterValue",
      "'subnet' is not a valid taggable resource type for this operation.",
    ],
    [
      "tags for nothing in particular",
      [{ Tags: [{ Key: "k" }] }],
      "InvalidParameterValue",
      "Tag specification resource type must have a value",
    ],
    [
      "a specification without tags",
      [{ ResourceType: "vpc" }],
      "InvalidTagKey.Malformed",
      "Tag specification must have at least one tag",
    ],
    [
      "two specifications for one type",
      [
        { ResourceType: "vpc", Tags: [{ Key: "a" }] },
        { ResourceType: "vpc", Tags: [{ Key: "b" }] },
      ],
      "InvalidParameterValue",
      "The same resource type may not be specified more than once in tag specifications",
    ],
  ])("%s", (_, specifications, code, message) => refused(makeVpc(specifications), code, message));

  test("more than 50 tags on one resource, at once or by and by", async () => {
    const many = (count: number, prefix = "k") =>
      Array.from({ length: count }, (_, i) => ({ Key: `${prefix}${i}`, Value: "" }));
    await refused(tagged(many(51)), "TagLimitExceeded");
    const id = await tagged(many(49));
    await refused(tag(id, many(2, "n")), "TagLimitExceeded");
    await tag(id, many(1, "n"));
    // Overwriting takes no room.
    await tag(id, many(49));
    await refused(tag(id, many(1, "m")), "TagLimitExceeded");
    expect(await tagsOf(id)).toHaveLength(50);
  });

  test("tags on what is not there, or somebody else's, and then on nothing at all", async () => {
    const id = await makeVpc();
    const unknown = `vpc-0${"0".repeat(16)}`;
    const other = await freshClient();
    await refused(
      other.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: "k" }] })),
      "InvalidVpcID.NotFound",
    );
    const both = new CreateTagsCommand({ Resources: [id, unknown], Tags: [{ Key: "k" }] });
    await refused(ec2.send(both), "InvalidVpcID.NotFound");
    await refused(tag("thing-0123", [{ Key: "k" }]), "InvalidID");
    expect(await tagsOf(id)).toEqual([]);
  });
});

describe("what tags are", () => {
  test("any text, kept as it is", async () => {
    const text = (maxLength: number) =>
      fc.string({ unit: fc.constantFrom(...Array.from("aé€😀 <>&\"'/=+-@:._\t")), maxLength });
    const tags = fc.uniqueArray(fc.record({ Key: text(60).filter((key) => key !== ""), Value: text(120) }), {
      selector: ({ Key }) => Key,
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(tags, async (list) => {
        expect(await tagsOf(await tagged(list))).toEqual(list);
      }),
      { seed: 12, numRuns: 40 },
    );
  });

  test("as many as 128 and 256 characters, whatever their bytes", async () => {
    const list = [{ Key: "é".repeat(128), Value: "€".repeat(256) }];
    expect(await tagsOf(await tagged(list))).toEqual(list);
  });

  test("what a map would keep, in the order of their coming", async () => {
    const key = fc.constantFrom("a", "b", "c", "A");
    const value = fc.constantFrom("", "x", "y");
    const step = fc.oneof(
      fc.record({ do: fc.constant("put" as const), key, value }),
      fc.record({ do: fc.constant("remove" as const), key, value: fc.option(value, { nil: undefined }) }),
      fc.record({ do: fc.constant("clear" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const id = await makeVpc();
        const model = new Map<string, string>();
        for (const each of steps) {
          if (each.do === "clear") {
            await untag(id);
            model.clear();
          } else if (each.do === "put") {
            await tag(id, [{ Key: each.key, Value: each.value }]);
            model.set(each.key, each.value);
          } else {
            await untag(id, [{ Key: each.key, Value: each.value }]);
            if (each.value === undefined || model.get(each.key) === each.value) model.delete(each.key);
          }
        }
        expect(await tagsOf(id)).toEqual([...model].map(([Key, Value]) => ({ Key, Value })));
      }),
      { seed: 13, numRuns: 30 },
    );
  });

  test("without a value they have an empty one", async () => {
    const id = await tagged([{ Key: "k" }]);
    expect(await tagsOf(id)).toEqual([{ Key: "k", Value: "" }]);
    await untag(id, [{ Key: "k", Value: "" }]);
    expect(await tagsOf(id)).toEqual([]);
  });

  test("gone with their resource", async () => {
    const id = await tagged([{ Key: "k" }]);
    await ec2.send(new DeleteVpcCommand({ VpcId: id }));
    const { Tags } = await ec2.send(
      new DescribeTagsCommand({ Filters: [{ Name: "resource-id", Values: [id] }] }),
    );
    expect(Tags).toEqual([]);
  });

  test("put on several resources of several types in one call", async () => {
    const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
    const Resources = [await makeVpc(), InternetGateway?.InternetGatewayId ?? ""];
    await ec2.send(new CreateTagsCommand({ Resources, Tags: [{ Key: "several", Value: "yes" }] }));
    const { Tags } = await ec2.send(
      new DescribeTagsCommand({ Filters: [{ Name: "key", Values: ["several"] }] }),
    );
    expect(Tags?.map(({ ResourceType }) => ResourceType).toSorted()).toEqual(["internet-gateway", "vpc"]);
  });
});
