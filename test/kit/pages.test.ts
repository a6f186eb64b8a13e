import {
  CreateVpcCommand,
  DescribeSecurityGroupsCommand,
  DescribeVpcsCommand,
  EC2Client,
  paginateDescribeVpcs,
  type DescribeVpcsCommandInput,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { configOf, freshKeys, ownIslet, refused, sharedIslet, type Keys } from "../islet.ts";

const COUNT = 12;
let keys: Keys;
let ec2: EC2Client;
let ids: string[];

async function fill(client: EC2Client): Promise<string[]> {
  const made: string[] = [];
  for (let i = 0; i < COUNT; i++) {
    const { Vpc } = await client.send(
      new CreateVpcCommand({
        CidrBlock: "10.0.0.0/16",
        TagSpecifications: [{ ResourceType: "vpc", Tags: [{ Key: "half", Value: String(i % 2) }] }],
      }),
    );
    made.push(Vpc?.VpcId ?? "");
  }
  return made;
}

beforeAll(async () => {
  const islet = await sharedIslet();
  keys = freshKeys(islet);
  ec2 = new EC2Client(configOf(islet, keys));
  ids = await fill(ec2);
});

/** Only those that this file made; the default VPC is somebody else's affair. */
const ours = { Filters: [{ Name: "tag-key", Values: ["half"] }] };

const page = (input: Partial<DescribeVpcsCommandInput>, client = ec2) =>
  client.send(new DescribeVpcsCommand({ ...ours, ...input }));

const tokenAfter = async (MaxResults: number, client = ec2): Promise<string> =>
  (await page({ MaxResults }, client)).NextToken ?? "";

describe("pages", () => {
  test.each([5, 6, 11, 12, 13, 1000])("of %i show everything once, oldest first", async (pageSize) => {
    // The paginator writes into what it is given.
    const pages: string[][] = [];
    for await (const { Vpcs = [] } of paginateDescribeVpcs({ client: ec2, pageSize }, { ...ours })) {
      pages.push(Vpcs.map(({ VpcId = "" }) => VpcId));
    }
    expect(pages.flat()).toEqual(ids);
    expect(pages.map((each) => each.length)).toEqual(
      Array.from({ length: Math.ceil(COUNT / pageSize) }, (_, i) => Math.min(pageSize, COUNT - i * pageSize)),
    );
  });

  test("are filled with what the filters leave", async () => {
    const odd = [{ Name: "tag:half", Values: ["1"] }];
    const first = await page({ Filters: odd, MaxResults: 5 });
    const second = await page({ Filters: odd, MaxResults: 5, NextToken: first.NextToken });
    expect([...(first.Vpcs ?? []), ...(second.Vpcs ?? [])].map(({ VpcId }) => VpcId)).toEqual(
      ids.filter((_, i) => i % 2 === 1),
    );
    expect(second.NextToken).toBeUndefined();
  });

  test("go on where they were, whatever comes and goes meanwhile", async () => {
    const islet = await sharedIslet();
    const client = new EC2Client(configOf(islet, freshKeys(islet)));
    const made = await fill(client);
    const NextToken = await tokenAfter(5, client);
    const { Vpc } = await client.send(
      new CreateVpcCommand({
        CidrBlock: "10.0.0.0/16",
        TagSpecifications: [{ ResourceType: "vpc", Tags: [{ Key: "half", Value: "new" }] }],
      }),
    );
    const { Vpcs = [] } = await page({ NextToken }, client);
    expect(Vpcs.map(({ VpcId }) => VpcId)).toEqual([...made.slice(5), Vpc?.VpcId]);
  });

  test.each([
    [4, "greater than or equal to 5"],
    [0, "greater than or equal to 5"],
    [-1, "greater than or equal to 5"],
    [1001, "less than or equal to 1000"],
    [2_147_483_647, "less than or equal to 1000"],
  ])("of %i are not made", (MaxResults, bound) =>
    refused(
      page({ MaxResults }),
      "InvalidParameterValue",
      `Value ( ${MaxResults} ) for parameter maxResults is invalid. Expecting a value ${bound}.`,
    ),
  );

  test("are not for what was asked for by id", () =>
    refused(page({ VpcIds: ids.slice(0, 1), MaxResults: 5 }), "InvalidParameterCombination"));
});

describe("a token", () => {
  test("is good for nothing once a bit of it has changed", async () => {
    const sealed = Buffer.from(await tokenAfter(5), "base64url");
    const { length } = sealed;
    await fc.assert(
      fc.asyncProperty(fc.nat(length * 8 - 1), async (bit) => {
        const changed = Buffer.from(sealed);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        await refused(page({ NextToken: changed.toString("base64url") }), "InvalidPaginationToken");
      }),
      { seed: 6, numRuns: 60 },
    );
  });

  test("is not what anybody makes up", async () => {
    const token = await tokenAfter(5);
    const inventions = [
      "",
      "0",
      "5",
      " ",
      token.slice(1),
      token.slice(0, -1),
      `${token}A`,
      `${token}=`,
      `${token}\n`,
    ];
    const others = [token.toUpperCase(), Buffer.from("5").toString("base64"), "é", "A".repeat(10_000)];
    for (const NextToken of [...inventions.slice(1), ...others]) {
      await refused(page({ NextToken }), "InvalidPaginationToken");
    }
  });

  test("is good for its own operation, account and region alone", async () => {
    const islet = await sharedIslet();
    const NextToken = await tokenAfter(5);
    await refused(ec2.send(new DescribeSecurityGroupsCommand({ NextToken })), "InvalidPaginationToken");
    const elsewhere = new EC2Client(configOf(islet, keys, "eu-west-1"));
    await refused(page({ NextToken }, elsewhere), "InvalidPaginationToken");
    const other = new EC2Client(configOf(islet, freshKeys(islet)));
    await refused(page({ NextToken }, other), "InvalidPaginationToken");
    expect((await page({ NextToken })).Vpcs).toHaveLength(COUNT - 5);
  });

  test("outlives the server that gave it", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-pages-"));
    const first = await ownIslet({ memory: false, data });
    const own = freshKeys(first);
    const client = new EC2Client(configOf(first, own));
    const made = await fill(client);
    const NextToken = await tokenAfter(5, client);
    await first.close();
    const second = await ownIslet({ memory: false, data });
    const { Vpcs = [] } = await page({ NextToken }, new EC2Client(configOf(second, own)));
    expect(Vpcs.map(({ VpcId }) => VpcId)).toEqual(made.slice(5));
    await second.close();
    rmSync(data, { recursive: true });
  });
});
