import {
  DescribeHostsCommand,
  AllocateHostsCommand,
  ReleaseHostsCommand,
  StopInstancesCommand,
  StartInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { configuredHosts } from "../server/hostsFile.ts";
import { Refusal } from "../server/refusal.ts";
import { launch } from "./ec2/launch.ts";
import { freshClient, ownIslet, refused } from "./islet.ts";
import { operate } from "./operator.ts";

const folder = mkdtempSync(join(tmpdir(), "islet-hosts-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(text: string): string {
  const file = join(folder, "hosts.json");
  writeFileSync(file, text);
  return file;
}

/** The largest of its family, which fills a host. */
const LARGEST = "m5.24xlarge";
const inZone = (zone: string) => ({ Placement: { AvailabilityZone: `us-east-1${zone}` } });
const FULL = "InsufficientInstanceCapacity";

describe("what it refuses", () => {
  test.each([
    ["0", "are no number from 1"],
    ["100001", "are no number from 1"],
    [join(folder, "missing.json"), "cannot read the hosts in"],
    [folder, "cannot read the hosts in"],
  ])("%s", (option, message) => {
    expect(() => configuredHosts(option)).toThrow(Refusal);
    expect(() => configuredHosts(option)).toThrow(message);
  });

  test.each([
    ["{", "is not a JSON object of hosts"],
    ["[]", "is not a JSON object of hosts"],
    ['{"mars-1a": {}}', '"mars-1a", which is no zone'],
    ['{"us-east-1a": 5}', 'no object of families for "us-east-1a"'],
    ['{"us-east-1a": {"m55": 1}}', '"m55", which is no family'],
    ['{"us-east-1a": {"m5": -1}}', "-1 hosts of m5, which is no number from 0"],
    ['{"us-east-1a": {"m5": 1.5}}', "1.5 hosts of m5"],
    ['{"us-east-1a": {"m5": "1"}}', '"1" hosts of m5'],
  ])("a file with %s", (text, message) => {
    expect(() => configuredHosts(fileOf(text))).toThrow(message);
  });
});

test("a zone has no more hosts of a family than were configured", async () => {
  const islet = await ownIslet({ hosts: "1" });
  const ec2 = await freshClient({ islet });
  const other = await freshClient({ islet });
  const id = await launch(ec2, { InstanceType: LARGEST, ...inZone("a") });
  await refused(launch(other, { InstanceType: "m5.large", ...inZone("a") }), FULL);
  await launch(other, { InstanceType: "m5.large", ...inZone("b") });
  await launch(other, { InstanceType: "c5.large", ...inZone("a") });
  await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  const squatter = await launch(other, { InstanceType: "m5.large", ...inZone("a") });
  await refused(ec2.send(new StartInstancesCommand({ InstanceIds: [id] })), FULL);
  await other.send(new TerminateInstancesCommand({ InstanceIds: [squatter] }));
  await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
  await islet.close();
});

test("a fixed fleet is there from the start, and is all there is", async () => {
  const islet = await ownIslet({ hosts: fileOf('{"us-east-1a": {"m5": 2}, "eu-west-1a": {"t3": 3}}') });
  const ec2 = await freshClient({ islet });
  const hostsIn = async (Region: string) => {
    const { Hosts } = (await operate(islet, "GET hosts", { Region })) as {
      Hosts: { host: string; zone: string; family: string; instances: number }[];
    };
    return Hosts.map(({ zone, family, instances }) => [zone, family, instances]);
  };
  expect(await hostsIn("us-east-1")).toEqual([
    ["us-east-1a", "m5", 0],
    ["us-east-1a", "m5", 0],
  ]);
  expect(await hostsIn("eu-west-1")).toHaveLength(3);
  await refused(launch(ec2, { InstanceType: "m5.large", ...inZone("b") }), FULL);
  await refused(launch(ec2, { InstanceType: "c5.large", ...inZone("a") }), FULL);
  await launch(ec2, { InstanceType: LARGEST, ...inZone("a") });

  // A Dedicated Host takes the place of one that nobody uses, while there is one.
  const allocate = () =>
    ec2.send(
      new AllocateHostsCommand({ AvailabilityZone: "us-east-1a", InstanceType: "m5.large", Quantity: 1 }),
    );
  const { HostIds = [] } = await allocate();
  await refused(allocate(), "InsufficientHostCapacity");
  await refused(launch(ec2, { InstanceType: "m5.large", ...inZone("a") }), FULL);
  expect((await ec2.send(new DescribeHostsCommand({}))).Hosts).toHaveLength(1);
  expect(await hostsIn("us-east-1")).toHaveLength(2);
  await ec2.send(new ReleaseHostsCommand({ HostIds }));
  await launch(ec2, { InstanceType: "m5.large", ...inZone("a") });
  await islet.close();
});
