import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeInstancesCommand,
  RebootInstancesCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { AuditRecord } from "../../hypervisor/audit.ts";
import type { Islet } from "../../server/index.ts";
import { linux } from "../ec2/launch.ts";
import { freshClient, ownIslet } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";

const Region = "us-east-1";
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** An instance, with one more volume. */
async function launch(ec2: EC2Client): Promise<{ InstanceId: string; VolumeId: string }> {
  const { Instances: [launched] = [] } = await ec2.send(
    new RunInstancesCommand({ ImageId: linux.id, InstanceType: "m5d.large", MinCount: 1, MaxCount: 1 }),
  );
  const InstanceId = launched?.InstanceId ?? "";
  await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
  const AvailabilityZone = launched?.Placement?.AvailabilityZone;
  const { VolumeId = "" } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone, Size: 1 }));
  await ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId, Device: "/dev/sdf" }));
  return { InstanceId, VolumeId };
}

async function end(ec2: EC2Client, { InstanceId, VolumeId }: { InstanceId: string; VolumeId: string }) {
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
  await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
  await ec2.send(new DeleteVolumeCommand({ VolumeId }));
}

async function write(
  islet: Islet,
  { InstanceId, VolumeId }: { InstanceId: string; VolumeId: string },
  bytes: Uint8Array,
) {
  const what = { Region, InstanceId, Bytes: base64(bytes) };
  await operate(islet, "POST memory/write", { ...what, Address: 4090 });
  await operate(islet, "POST stores/write", { ...what, Device: 0, Offset: 4090 });
  await operate(islet, "POST volumes/write", { ...what, VolumeId, Offset: 4090 });
}

async function recordsOf(islet: Islet, route: string, fields: object): Promise<AuditRecord[]> {
  const { Records, Certificates } = await operate(islet, route, { Region, ...fields });
  return (Records ?? Certificates) as AuditRecord[];
}

describe("what is written down", () => {
  test("certifies each release, and tells the life of a frame", async () => {
    const islet = await ownIslet();
    const ec2 = await freshClient({ islet });
    const launched = await launch(ec2);
    const { InstanceId, VolumeId } = launched;
    await write(islet, launched, Buffer.alloc(23, 7));
    const [{ host = "", account = "", runs = [] } = {}] = await recordsOf(islet, "GET audit", {
      InstanceId,
      Event: "allocated",
    });
    await ec2.send(new RebootInstancesCommand({ InstanceIds: [InstanceId] }));
    await write(islet, launched, Buffer.alloc(23, 7));
    await end(ec2, launched);

    const certificates = await recordsOf(islet, "GET audit/certificates", { InstanceId });
    const zeroed = { bytesDirty: 8192, bytesZeroed: 8192, verified: true };
    const frames = (8 * 1024 ** 3) / 4096;
    expect(certificates).toMatchObject([
      { event: "rebooted", frames, ...zeroed },
      { event: "store-erased", ...zeroed },
      { event: "scrubbed", reason: "terminate", account, host, runs, frames, ...zeroed },
    ]);
    const { since = 0, at = 0 } = certificates[2] ?? {};
    expect(at - since).toBeGreaterThanOrEqual(0);
    expect(await recordsOf(islet, "GET audit/certificates", { VolumeId })).toMatchObject([
      { event: "volume-deleted", bytesDirty: 512 * 1024, bytesZeroed: 512 * 1024, verified: true },
    ]);

    const history = { HostId: host, Frame: runs[0]?.start };
    const life = await recordsOf(islet, "GET audit/frames", history);
    expect(life.map(({ event, instance }) => [event, instance])).toEqual([
      ["allocated", InstanceId],
      ["released", InstanceId],
      ["scrubbed", InstanceId],
    ]);
    expect(await recordsOf(islet, "GET audit/frames", { ...history, Frame: 0 })).toEqual([]);
    await islet.close();
  });

  test("comes page by page, by subject, or the newest of it", async () => {
    const islet = await ownIslet();
    const ec2 = await freshClient({ islet });
    const first = await launch(ec2);
    await end(ec2, first);
    await launch(ec2);
    const all = await recordsOf(islet, "GET audit", {});
    expect(all.map(({ seq }) => seq)).toEqual(all.map((_, index) => index + 1));
    const paged: AuditRecord[] = [];
    for (let From: number | undefined = 0; From !== undefined;) {
      const { Records, Next } = await operate(islet, "GET audit", { Region, From, Limit: 3 });
      expect((Records as AuditRecord[]).length).toBeLessThanOrEqual(3);
      paged.push(...(Records as AuditRecord[]));
      From = Next as number | undefined;
    }
    expect(paged).toEqual(all);
    expect(await recordsOf(islet, "GET audit", { Last: 2 })).toEqual(all.slice(-2));
    const { InstanceId } = first;
    expect(await recordsOf(islet, "GET audit", { InstanceId })).toEqual(
      all.filter(({ instance }) => instance === InstanceId),
    );
    expect(await recordsOf(islet, "GET audit", { Event: "released", AccountId: "000000000000" })).toEqual([]);
    await islet.close();
  });

  test("is asked for by what there is", async () => {
    const islet = await ownIslet();
    await operationRefused(islet, "GET audit", { Region: "mars-1" }, "InvalidParameterValue");
    await operationRefused(islet, "GET audit", { Region, Limit: 0 }, "InvalidParameterValue");
    await operationRefused(islet, "GET audit", { Region, From: "x" }, "InvalidParameterValue");
    await operationRefused(islet, "GET audit", { Region, Instance: "i-1" }, "UnknownParameter");
    await operationRefused(islet, "GET audit/verify", { Region: "mars-1" }, "InvalidParameterValue");
    await operationRefused(islet, "GET audit/frames", { Region, Frame: 1 }, "InvalidParameterValue");
    const nowhere = { Region, HostId: "h-1", Frame: 1 };
    await operationRefused(islet, "GET audit/frames", nowhere, "InvalidHostID.NotFound");
    await islet.close();
  });
});

describe("in the folder of a server", () => {
  const data = mkdtempSync(join(tmpdir(), "islet-audit-"));
  const file = join(data, "audit", `${Region}.jsonl`);
  afterAll(() => rmSync(data, { recursive: true }));
  const start = () => ownIslet({ memory: false, data });

  test("it goes on over a restart, and says that the power was gone", async () => {
    const one = await start();
    await launch(await freshClient({ islet: one }));
    const before = await recordsOf(one, "GET audit", {});
    await one.close();
    const other = await start();
    const records = await recordsOf(other, "GET audit", {});
    expect(records.slice(0, before.length)).toEqual(before);
    expect(records[before.length]).toMatchObject({ event: "power-lost" });
    const verdict = await operate(other, "GET audit/verify", { Region });
    expect(verdict).toMatchObject({ intact: true, records: records.length });
    const { Verdicts } = await operate(other, "GET audit/verify");
    expect(Verdicts).toEqual([{ Region, ...verdict }]);
    await other.close();
  });

  test("a server sees what was changed or cut off behind its back", async () => {
    const islet = await start();
    const lines = readFileSync(file, "utf8");
    writeFileSync(file, lines.replace("host-racked", "host-failed"));
    expect(await operate(islet, "GET audit/verify", { Region })).toEqual({
      intact: false,
      seq: 1,
      reason: "content",
    });
    const whole = lines.trimEnd().split("\n");
    writeFileSync(file, `${whole.slice(0, -1).join("\n")}\n`);
    expect(await operate(islet, "GET audit/verify", { Region })).toEqual({
      intact: false,
      seq: whole.length,
      reason: "gap",
    });
    await operate(islet, "POST reset");
    expect(await recordsOf(islet, "GET audit", {})).toEqual([]);
    await islet.close();
  });
});

describe("N5: what the operator sees does not depend on a byte of a guest", () => {
  const READS = ["GET hosts", "GET audit", "GET audit/certificates"] as const;

  async function views(islet: Islet): Promise<string> {
    const answers: unknown[] = [];
    for (const route of READS) answers.push(await operate(islet, route, { Region }));
    answers.push(await operate(islet, "GET audit/verify"));
    for (const { host } of (answers[0] as { Hosts: { host: string }[] }).Hosts) {
      answers.push(await operate(islet, "GET hosts/owners", { Region, HostId: host }));
      answers.push(await operate(islet, "GET audit/frames", { Region, HostId: host, Frame: 4096 }));
    }
    return JSON.stringify(answers);
  }

  test("by pairs of servers, in which the same is done with other bytes", async () => {
    const pair = await Promise.all(
      [0, 1].map(async () => {
        const islet = await ownIslet({ seed: "pair" });
        await operate(islet, "POST clock", { Frozen: true, Now: "2040-01-01T00:00:00.000Z" });
        return { islet, ec2: await freshClient({ islet }) };
      }),
    );
    const contents = fc.uint8Array({ minLength: 40, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(contents, contents, fc.boolean(), async (one, other, isEnded) => {
        const seen = await Promise.all(
          pair.map(async ({ islet, ec2 }, index) => {
            const launched = await launch(ec2);
            await write(islet, launched, index === 0 ? one : other);
            const during = await views(islet);
            if (isEnded) await end(ec2, launched);
            return [during, await views(islet)];
          }),
        );
        expect(seen[0]).toEqual(seen[1]);
      }),
      { seed: 5, numRuns: 6 },
    );
    await Promise.all(pair.map(({ islet }) => islet.close()));
  });
});
