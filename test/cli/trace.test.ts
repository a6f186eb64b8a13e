/** `islet trace`, as a user types it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Home } from "./islet.ts";

let home: Home;
beforeAll(async () => {
  home = new Home();
  await home.start("--memory");
});
afterAll(() => home.remove());

test("draws the way, and fails when there is no answer", async () => {
  const { code, stdout, stderr } = await home.run("trace", "203.0.113.9", "10.0.0.1", "--tcp", "443");
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  expect(stdout.split("\n")).toEqual([
    "203.0.113.9:49152 → 10.0.0.1:443  tcp SYN",
    "  ✗     internet                                     IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
    "    Dropped: the destination is the public address of no interface.",
    expect.stringContaining("    To let it pass: let a public address lead to a running instance"),
    "",
    "The sender hears nothing.",
    "",
  ]);
});

test("--json prints what the operator's route answers", async () => {
  const { code, stdout } = await home.run("trace", "203.0.113.9", "198.51.100.1", "--udp", "53", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ Learned: "answer", Forward: { Outcome: "outside" } });
});

test.each([
  [["--tcp", "x"], "islet: --tcp x is no number\n"],
  [["--tcp", "1", "--udp", "2"], "islet: option '--tcp <port>' cannot be used with option '--udp <port>'\n"],
  [["--region", "nowhere"], "InvalidParameterValue|Value \\(nowhere\\) for Region is invalid"],
])("what is wrong with %j is said", async (flags, complaint) => {
  const { code, stderr } = await home.run("trace", "203.0.113.9", "198.51.100.1", ...flags);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(new RegExp(complaint));
});
