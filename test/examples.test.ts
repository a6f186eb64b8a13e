/** The examples that are programs, as a reader runs them. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("examples/secret: a secret is gone, unless a bug is planted", { timeout: 60_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["examples/secret/secret.mjs"]);
  const [sound = "", broken = ""] = stdout.split("2. With a bug planted");
  expect(sound).toMatch(/A reads memory: "correct horse battery staple"/);
  expect(sound).toMatch(/B reads memory: zeros\n.*B reads local disk: zeros\n.*B reads volume: zeros\n/);
  expect(sound).toMatch(/=> The secret is gone\./);
  expect(broken).toMatch(/B reads memory: "correct horse battery staple"/);
  expect(broken).toMatch(/=> LEAK, and caught: B read A's memory/);
});

/** The conclusions that an example comes to. */
const conclusionsOf = async (file: string): Promise<string[]> => {
  const { stdout } = await promisify(execFile)(process.execPath, [`examples/${file}.mjs`]);
  return [...stdout.matchAll(/^ {2}=> (.*)/gm)].map(([, text = ""]) => text);
};

test("examples/policies: who may what, and why not", { timeout: 60_000 }, async () => {
  expect(await conclusionsOf("policies/policies")).toEqual([
    "The tag decides, and who may not set it cannot make it so.",
    "A launch is one call on many resources; of the instance, the policy asks for type and tag.",
    "The trust policy names who, and the external id for whom: both must be right.",
    "The type was m5.large, and T3WithATeam asks for t3.*: that is why.",
  ]);
});

test.each([
  [
    "reply-trap",
    [
      "It answers: the group remembers the client.",
      "The request arrives, the answer does not",
      "It answers again.",
    ],
  ],
  [
    "nat-instance",
    ["The NAT instance never sees the packet", "The server answers the NAT instance", "in both directions."],
  ],
  [
    "spoofing",
    [
      "nobody sends under another's address",
      "the answer goes to whose address it is",
      "The MAC address is checked all the same.",
      "CAUGHT: the frame from a strange MAC address was delivered",
    ],
  ],
  [
    "tenants",
    [
      "Each reaches its own server, by the same address.",
      "Nobody reaches the other's",
      "By public addresses they meet",
      "CAUGHT: A's packet was delivered to B's instance",
    ],
  ],
])("examples/network/%s", { timeout: 60_000 }, async (name, conclusions) => {
  const said = await conclusionsOf(`network/${name}`);
  expect(said).toHaveLength(conclusions.length);
  for (const [i, conclusion] of conclusions.entries()) expect(said[i]).toContain(conclusion);
});
