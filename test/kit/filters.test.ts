import {
  CreateTagsCommand,
  CreateVpcCommand,
  DescribeVpcsCommand,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { matches } from "../../server/kit/filters.ts";
import { freshClient, refused } from "../islet.ts";

/** What a pattern means, by trying everything. */
function matchesNaively(pattern: string, value: string): boolean {
  if (pattern === "") return value === "";
  const [first = "", ...rest] = pattern;
  if (first === "\\" && rest.length > 0) {
    return value.startsWith(rest[0] ?? "") && matchesNaively(rest.slice(1).join(""), value.slice(1));
  }
  if (first === "*") {
    const tails = Array.from({ length: value.length + 1 }, (_, start) => value.slice(start));
    return tails.some((tail) => matchesNaively(rest.join(""), tail));
  }
  if (value === "" || (first !== "?" && first !== value[0])) return false;
  return matchesNaively(rest.join(""), value.slice(1));
}

describe("a pattern", () => {
  test("matches what it means", () => {
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?", "\\"), maxLength: 8 });
    const value = fc.string({ unit: fc.constantFrom("a", "b", "*", "?", "\\"), maxLength: 8 });
    fc.assert(
      fc.property(pattern, value, (one, other) => {
        expect(matches(one, other)).toBe(matchesNaively(one, other));
      }),
      { seed: 4, numRuns: 20_000 },
    );
  });

  test("is found in what was made to match it", () => {
    const part = fc.oneof(
      fc.string({ maxLength: 4 }).map((text) => [text.replaceAll(/[*?\\]/g, String.raw`\$&`), text]),
      fc.string({ maxLength: 4 }).map((text) => ["*", text]),
      fc.string({ minLength: 1, maxLength: 1 }).map((text) => ["?", text]),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const [pattern, value] = [0, 1].map((i) => parts.map((each) => each[i]).join(""));
        expect(matches(pattern ?? "", value ?? "")).toBe(true);
      }),
      { seed: 5, numRuns: 2000 },
    );
  });

  test("of many stars costs no more than the product of the lengths", () => {
    let reads = 0;
    const counted = new Proxy(new String("a".repeat(1000)), {
      get: (text, key) => {
        reads++;
        return Reflect.get(text, key, text) as unknown;
      },
    });
    const pattern = `${"*a".repeat(500)}b`;
    expect(matches(pattern, counted as unknown as string)).toBe(false);
    expect(reads).toBeLessThan(4 * 1000 * pattern.length);
  });
});

describe("filters of a call", () => {
  let ec2: EC2Client;
  const ids: Record<string, string> = {};
  beforeAll(async () => {
    ec2 = await freshClient();
    for (const name of ["alpha", "beta*", "alpine", ""]) {
      const { Vpc } = await ec2.send(
        new CreateVpcCommand({
          CidrBlock: "10.0.0.0/16",
          TagSpecifications: [{ ResourceType: "vpc", Tags: [{ Key: "Name", Value: name }] }],
        }),
      );
      ids[name] = Vpc?.VpcId ?? "";
    }
    await ec2.send(
      new CreateTagsCommand({ Resources: [ids["alpha"] ?? ""], Tags: [{ Key: "Stage", Value: "prod" }] }),
    );
  });

  const found = async (...filters: readonly (readonly [name: string, ...values: string[]])[]) => {
    const { Vpcs = [] } = await ec2.send(
      new DescribeVpcsCommand({ Filters: filters.map(([Name, ...Values]) => ({ Name, Values })) }),
    );
    const names = new Map(Object.entries(ids).map(([name, id]) => [id, name]));
    return Vpcs.flatMap(({ VpcId = "" }) => names.get(VpcId) ?? []);
  };

  test.each([
    ["one of the values must match", [["tag:Name", "alpha", "beta*"]], ["alpha", "beta*"]],
    ["a star stands for anything", [["tag:Name", "alp*"]], ["alpha", "alpine"]],
    ["an escaped star for itself", [["tag:Name", String.raw`*\*`]], ["beta*"]],
    ["a question mark for one character", [["tag:Name", "alp??"]], ["alpha"]],
    ["an empty value is a value", [["tag:Name", ""]], [""]],
    [
      "all of the filters must",
      [
        ["tag:Name", "alp*"],
        ["tag:Stage", "prod"],
      ],
      ["alpha"],
    ],
    [
      "even twice the same one",
      [
        ["tag:Name", "alp*"],
        ["tag:Name", "*ine"],
      ],
      ["alpine"],
    ],
    ["tags are found by their keys", [["tag-key", "St?ge"]], ["alpha"]],
    ["keys and values have upper and lower case", [["tag:name", "alpha"]], []],
    ["and so have values", [["tag:Name", "Alpha"]], []],
    ["no value matches nothing", [["tag:Name"]], []],
    ["a tag that is not there neither", [["tag:Nothing", "*"]], []],
    [
      "what is true is written true",
      [
        ["is-default", "true"],
        ["tag-key", "*"],
      ],
      [],
    ],
  ] as const)("%s", async (_, filters, names) => {
    expect(await found(...(filters as readonly (readonly [string, ...string[]])[]))).toEqual(names);
  });

  test.each(["colour", "", "Tag:Name", "tagName", "constructor", "__proto__", "VPC-ID"])(
    "there is no filter %j",
    (Name) =>
      refused(
        ec2.send(new DescribeVpcsCommand({ Filters: [{ Name, Values: ["x"] }] })),
        "InvalidParameterValue",
        `The filter '${Name}' is invalid`,
      ),
  );

  test("a filter has a name", () =>
    refused(
      ec2.send(new DescribeVpcsCommand({ Filters: [{ Values: ["x"] }] })),
      "InvalidParameterValue",
      "The filter 'null' is invalid",
    ));

  test("there are at most 50, of at most 200 values", async () => {
    const filters = (count: number, values: number) =>
      ec2.send(
        new DescribeVpcsCommand({
          Filters: Array.from({ length: count }, () => ({
            Name: "vpc-id",
            Values: Array.from({ length: values }, (_, i) => `vpc-${i}`),
          })),
        }),
      );
    expect((await filters(50, 1)).Vpcs).toEqual([]);
    expect((await filters(1, 200)).Vpcs).toEqual([]);
    await refused(filters(51, 1), "FilterLimitExceeded");
    await refused(filters(1, 201), "FilterLimitExceeded");
  });
});
