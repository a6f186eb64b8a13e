import fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { Chance } from "../../server/kit/chance.ts";
import { call, operate, type Answered } from "../http/send.ts";
import { freshKeys, ownIslet } from "../islet.ts";

describe("chance", () => {
  test("is the same for the same seed, and for nothing else", () => {
    const draw = (chance: Chance) => Array.from({ length: 50 }, (_, i) => chance.hex(i));
    expect(draw(new Chance("a"))).toEqual(draw(new Chance("a")));
    const others = [
      new Chance("b"),
      new Chance(),
      new Chance(),
      new Chance("a").branch(""),
      new Chance("b").branch(""),
    ];
    const drawn = [new Chance("a"), ...others].map((chance) => draw(chance).join(""));
    expect(new Set(drawn).size).toBe(drawn.length);
  });

  test("of one branch does not depend on what is drawn elsewhere", () => {
    const trunk = new Chance("a");
    const first = trunk.branch("one").hex(32);
    trunk.bytes(5000);
    trunk.branch("two").bytes(10);
    expect(trunk.branch("one").hex(32)).toBe(first);
  });

  test("never gives the same bytes twice, however they are asked for", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 8, max: 9000 }), { maxLength: 20 }), (counts) => {
        const chance = new Chance("a");
        const drawn = counts.map((count) => {
          const bytes = chance.bytes(count);
          expect(bytes.length).toBe(count);
          return bytes;
        });
        // What was handed out is the caller's: nothing drawn later is written into it.
        const starts = drawn.map((bytes) => bytes.subarray(0, 8).toString("hex"));
        expect(new Set(starts).size).toBe(starts.length);
      }),
      { seed: 9, numRuns: 50 },
    );
  });

  test("has the forms that are asked for", () => {
    const chance = new Chance("a");
    expect(Array.from({ length: 20 }, (_, digits) => chance.hex(digits).length)).toEqual([
      ...Array(20).keys(),
    ]);
    for (let i = 0; i < 100; i++) {
      expect(chance.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
    const drawn = new Set(Array.from({ length: 500 }, () => chance.below(5)));
    expect(drawn).toEqual(new Set([0, 1, 2, 3, 4]));
    expect(chance.below(1)).toBe(0);
    expect(chance.below(2 ** 32)).toBeLessThan(2 ** 32);
  });
});

describe("two servers with the same seed and the clock at the same time", () => {
  const NOW = "2100-01-01T00:00:00Z";
  const SCRIPT = [
    { Action: "DescribeVpcs" },
    { Action: "CreateVpc", CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: "true" },
    { Action: "CreateKeyPair", KeyName: "one", KeyType: "ed25519" },
    { Action: "AllocateAddress" },
    { Action: "CreateVpc", CidrBlock: "not one" },
    { Action: "RunInstances", ImageId: "ami-0", MinCount: "1", MaxCount: "1" },
    { Action: "CreateVolume", AvailabilityZone: "us-east-1a", Size: "1" },
    { Action: "CreateSecurityGroup", GroupName: "one", GroupDescription: "one" },
    { Action: "DescribeSubnets", MaxResults: "5" },
    { Action: "DescribeNetworkAcls" },
    { Action: "DescribeRouteTables" },
    { Action: "NoSuchAction" },
  ];

  const open = async (options: { seed: string; data?: string }): Promise<Islet> => {
    const islet = await ownIslet({ ...options, memory: options.data === undefined });
    await operate(islet, "POST", "clock", { Frozen: true, Now: NOW });
    return islet;
  };

  async function play(islet: Islet, pause?: () => Promise<unknown>): Promise<unknown[]> {
    const keys = freshKeys(islet);
    const answers: unknown[] = [keys];
    for (const region of ["us-east-1", "eu-west-1"]) {
      for (const parameters of SCRIPT) {
        const { status, headers, text }: Answered = await call(islet, parameters, { keys, region });
        // Private keys alone are secret whatever the seed.
        const known = text.replace(
          /<keyMaterial>.*<\/keyMaterial>|<keyFingerprint>.*<\/keyFingerprint>/gs,
          "",
        );
        answers.push([status, headers["x-amzn-requestid"], known]);
        await pause?.();
      }
    }
    return answers;
  }

  test("answer the same bytes, be there pauses or not", async () => {
    const [one, two, other] = [
      await open({ seed: "s" }),
      await open({ seed: "s" }),
      await open({ seed: "t" }),
    ];
    const answers = await play(one);
    // Timers get a turn between two calls, or they do not.
    const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
    expect(await play(two, pause)).toEqual(answers);
    expect(await play(other)).not.toEqual(answers);
    for (const islet of [one, two, other]) await islet.close();
  });

  test("do not change what happens in one region by what happens in another", async () => {
    const [one, two] = [await open({ seed: "s" }), await open({ seed: "s" })];
    const ask = (islet: Islet, region: string) => call(islet, { Action: "DescribeDhcpOptions" }, { region });
    const idOf = ({ text }: Answered) => /dopt-0[0-9a-f]{16}/.exec(text)?.[0];
    const [elsewhere, direct] = [await ask(one, "eu-west-1"), await ask(one, "us-east-1")];
    expect(idOf(direct)).toBeDefined();
    expect(idOf(elsewhere)).not.toBe(idOf(direct));
    expect(idOf(await ask(two, "us-east-1"))).toBe(idOf(direct));
    for (const islet of [one, two]) await islet.close();
  });

  test("start again with other ids than they had given before", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-chance-"));
    const seen: string[] = [];
    for (let start = 0; start < 2; start++) {
      const islet = await ownIslet({ seed: "s", memory: false, data });
      const keys = freshKeys(islet);
      const ids = new Set<string>();
      for (const what of [
        "Vpcs",
        "Subnets",
        "RouteTables",
        "NetworkAcls",
        "SecurityGroupRules",
        "DhcpOptions",
      ]) {
        const { text } = await call(islet, { Action: `Describe${what}` }, { keys });
        for (const id of text.match(/(?<=-)0[0-9a-f]{16}/g) ?? []) ids.add(id);
      }
      expect(ids.size).toBeGreaterThan(10);
      seen.push(...ids);
      await islet.close();
    }
    expect(new Set(seen).size).toBe(seen.length);
    rmSync(data, { recursive: true });
  });
});
