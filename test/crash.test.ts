/**
 * Kills a loaded server twenty times and looks at what it left: every call that was answered is there, and nothing is
 * half done.
 */
import {
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeleteVpcCommand,
  DescribeInstancesCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeTagsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  EC2Client,
  EC2ServiceException,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { Home } from "./cli/islet.ts";
import { linux } from "./ec2/launch.ts";
import { operate as call } from "./http/send.ts";
import { configOf } from "./islet.ts";
import { sqliteBlocks } from "../server/state/blocks.ts";
import { openDatabase } from "../server/state/journal.ts";

const KILLS = 20;
const WORKERS = 6;
const KEYS = { accessKeyId: "123456789012", secretAccessKey: "test" };

/** What the server has said is so. */
interface Answered {
  /** VPCs by id, with their tag. */
  readonly vpcs: Map<string, string>;
  readonly deleted: Set<string>;
  /** Pairs of resources that were tagged in one call. */
  readonly tagged: Map<string, readonly [string, string]>;
  readonly instances: Set<string>;
  readonly terminated: Set<string>;
  /** Volumes that something was written to. */
  readonly written: Set<string>;
}

type Server = Parameters<typeof call>[0];

const Region = "us-east-1";

async function disksOf(ec2: EC2Client, instances: string[]): Promise<string[]> {
  const Filters = [{ Name: "attachment.instance-id", Values: instances }];
  const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({ Filters }));
  return Volumes.map(({ VolumeId = "" }) => VolumeId);
}

/** Calls without end, until the server is gone; whatever is answered is noted. */
async function work(server: Server, ec2: EC2Client, said: Answered, name: string): Promise<never> {
  for (let turn = 0; ; turn++) {
    const mark = `${name}-${turn}`;
    const { Vpc } = await ec2.send(
      new CreateVpcCommand({
        CidrBlock: "10.0.0.0/16",
        TagSpecifications: [{ ResourceType: "vpc", Tags: [{ Key: "mark", Value: mark }] }],
      }),
    );
    const VpcId = Vpc?.VpcId ?? "";
    said.vpcs.set(VpcId, mark);
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.0.0/24" }));
    const pair = [VpcId, Subnet?.SubnetId ?? ""] as const;
    await ec2.send(new CreateTagsCommand({ Resources: [...pair], Tags: [{ Key: "pair", Value: mark }] }));
    said.tagged.set(mark, pair);
    const launch = { ImageId: linux.id, InstanceType: "t3.nano", MinCount: 2, MaxCount: 2 } as const;
    const { Instances = [] } = await ec2.send(new RunInstancesCommand({ ...launch, SubnetId: pair[1] }));
    const ids = Instances.map(({ InstanceId = "" }) => InstanceId);
    for (const id of ids) said.instances.add(id);
    for (const id of await disksOf(ec2, ids)) {
      await call(server, "POST", "volumes/write", { Region, VolumeId: id, Offset: 0, Bytes: "c2VjcmV0" });
      said.written.add(id);
    }
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: ids.slice(0, 1) }));
    for (const id of ids.slice(0, 1)) said.terminated.add(id);
    const { Vpc: passing } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.1.0.0/16" }));
    await ec2.send(new DeleteVpcCommand({ VpcId: passing?.VpcId }));
    said.deleted.add(passing?.VpcId ?? "");
  }
}

/** Resolves when so many calls have been answered from now on. */
function answeredCalls(ec2: EC2Client, count: number): Promise<void> {
  return new Promise((resolve) => {
    let answered = 0;
    ec2.middlewareStack.add(
      (next) => async (call) => {
        const answer = await next(call);
        if (++answered === count) resolve();
        return answer;
      },
      { step: "initialize" },
    );
  });
}

/** How often each one is there. */
function countBy(ids: readonly (string | undefined)[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id ?? "", (counts.get(id ?? "") ?? 0) + 1);
  return counts;
}

async function inspect(ec2: EC2Client, said: Answered, database: string): Promise<void> {
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({}));
  const vpcs = new Set(Vpcs.map(({ VpcId }) => VpcId ?? ""));
  for (const id of said.deleted) expect(vpcs).not.toContain(id);

  // Each VPC has what comes with one, once; nothing is there without its VPC.
  const usual = { Filters: [{ Name: "default", Values: ["true"] }] };
  const named = { Filters: [{ Name: "group-name", Values: ["default"] }] };
  const main = { Filters: [{ Name: "association.main", Values: ["true"] }] };
  const acls = await ec2.send(new DescribeNetworkAclsCommand(usual));
  const groups = await ec2.send(new DescribeSecurityGroupsCommand(named));
  const tables = await ec2.send(new DescribeRouteTablesCommand(main));
  for (const parts of [acls.NetworkAcls, groups.SecurityGroups, tables.RouteTables]) {
    expect(countBy((parts ?? []).map(({ VpcId }) => VpcId))).toEqual(countBy([...vpcs]));
  }

  const { Tags = [] } = await ec2.send(new DescribeTagsCommand({}));
  const marks = new Map(
    Tags.filter(({ Key }) => Key === "mark").map(({ ResourceId, Value }) => [ResourceId, Value]),
  );
  for (const [id, mark] of said.vpcs) expect(marks.get(id)).toBe(mark);
  const pairs = new Map<string, string[]>();
  for (const { Key, Value = "", ResourceId = "" } of Tags) {
    if (Key === "pair") pairs.set(Value, [...(pairs.get(Value) ?? []), ResourceId]);
  }
  for (const [mark, ids] of said.tagged) expect(pairs.get(mark)?.toSorted()).toEqual(ids.toSorted());
  for (const both of pairs.values()) expect(both).toHaveLength(2);

  // Each instance that has an interface and a disk has them whole, and whatever was launched, both were.
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
  for (const { Instances } of Reservations) expect(Instances).toHaveLength(2);
  const instances = Reservations.flatMap(({ Instances = [] }) => Instances);
  const ids = new Set(instances.map(({ InstanceId }) => InstanceId ?? ""));
  for (const id of said.instances) expect(ids).toContain(id);
  const running = instances
    .filter(({ State }) => State?.Name === "running")
    .map(({ InstanceId }) => InstanceId);
  for (const id of said.terminated) expect(running).not.toContain(id);
  const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand({}));
  const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({}));
  expect(countBy(NetworkInterfaces.map(({ Attachment }) => Attachment?.InstanceId))).toEqual(
    countBy(running),
  );
  expect(countBy(Volumes.map(({ Attachments }) => Attachments?.[0]?.InstanceId))).toEqual(countBy(running));

  // What was written to a volume is there, and nothing of one that is not.
  const volumes = new Set(Volumes.map(({ VolumeId }) => VolumeId));
  const kept = openDatabase(database);
  const blocks = new Set([...sqliteBlocks(kept).all()].map(({ volume }) => volume));
  kept.close();
  for (const id of blocks) expect(volumes).toContain(id);
  for (const id of [...said.written].filter((id) => volumes.has(id))) expect(blocks).toContain(id);
}

test("a server that is killed has done what it said, and nothing by half", { timeout: 120_000 }, async () => {
  const home = new Home();
  const data = join(home.path, "data");
  const said: Answered = {
    vpcs: new Map(),
    deleted: new Set(),
    tagged: new Map(),
    instances: new Set(),
    terminated: new Set(),
    written: new Set(),
  };
  const refusals: string[] = [];
  for (let kill = 0; kill <= KILLS; kill++) {
    const { child, line, ended } = await home.start("--data", data);
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    const server = { ...line, ca: readFileSync(line.caFile, "utf8"), credentials };
    const ec2 = new EC2Client(configOf(server, KEYS));
    await inspect(ec2, said, join(data, "islet.db"));
    if (kill < KILLS) {
      // However fast the machine is: some way into the work, wherever that is, in a handler, in the journal, in an answer.
      const enough = answeredCalls(ec2, 12 + ((kill * 17) % 28)).then(() => delay((kill * 7) % 10));
      const lost = Promise.allSettled(
        Array.from({ length: WORKERS }, (_, i) => work(server, ec2, said, `${kill}-${i}`)),
      );
      await Promise.race([enough, lost]);
      child.kill("SIGKILL");
      for (const outcome of await lost) {
        const { reason } = outcome as PromiseRejectedResult;
        if (reason instanceof EC2ServiceException) refusals.push(reason.message);
      }
    } else {
      child.kill("SIGTERM");
    }
    ec2.destroy();
    await ended;
  }
  // Whatever was under way, what was written down of the hosts is one chain.
  expect(await home.run("audit", "verify", "--data", data)).toMatchObject({ code: 0, stderr: "" });
  // What ended the work was the connection's end; no call was refused.
  expect(refusals).toEqual([]);
  expect(said.instances.size).toBeGreaterThan(KILLS);
  expect(said.written.size).toBeGreaterThan(KILLS);
  await home.remove();
});
