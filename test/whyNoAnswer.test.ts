/** As a reader runs it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("examples/whyNoAnswer: four causes, four explanations", { timeout: 60_000 }, async () => {
  const example = "examples/whyNoAnswer/whyNoAnswer.mjs";
  const { stdout } = await promisify(execFile)(process.execPath, [example]);
  const said = [...stdout.matchAll(/^ {2}=> (.*)/gm)].map(([, text]) => text);
  expect(said).toEqual([
    "The analyzer finds the way there and back, and it is so.",
    "It does not answer, for no route back to the internet gateway: NO_ROUTE_TO_DESTINATION.",
    "It does not answer, for a network ACL that denies port 443: SUBNET_ACL_RESTRICTION.",
    "It does not answer, for a security group without a rule for it: SG_HAS_NO_RULES.",
    "It does not answer, for no public address: IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS.",
    "One run names all four.",
    "Once all are mended, it answers again.",
  ]);
});
