/** CPU credits: earned and spent by the server's clock, at the published rates. */
import {
  DescribeInstanceCreditSpecificationsCommand,
  EC2Client,
  ModifyInstanceCreditSpecificationCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { imageLike, launch, launchAll } from "../ec2/launch.ts";
import { configOf, freshClient, freshKeys, ownIslet } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";

const islet = await ownIslet();
await operate(islet, "POST clock", { Frozen: true });
afterAll(() => islet.close());
const ec2 = await freshClient({ islet });
const Region = "us-east-1";
const HOUR = 3600;
const DAY = 24 * HOUR;

const work = (InstanceId: string, Percent: number) =>
  operate(islet, "POST workloads", { Region, InstanceId, Percent });
const creditsOf = async (InstanceId: string, server = islet) =>
  ((await operate(server, "GET credits", { Region, InstanceId }))["Credits"] as object[])[0];
const micro = (CpuCredits?: string) =>
  launch(ec2, { InstanceType: "t3.micro", ...(CpuCredits && { CreditSpecification: { CpuCredits } }) });
const stop = (id: string) => ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
const start = (id: string) => ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
const modify = (InstanceId: string, CpuCredits: string) =>
  ec2.send(
    new ModifyInstanceCreditSpecificationCommand({
      InstanceCreditSpecifications: [{ InstanceId, CpuCredits }],
    }),
  );
const bios = imageLike(
  ({ architecture, bootMode, platform }) => architecture === "x86_64" && !bootMode && !platform,
);

describe("what it refuses", () => {
  test("loads that are none, and instances that are not there", async () => {
    const id = await micro();
    const ask = (fields: object, code: string) =>
      operationRefused(islet, "POST workloads", { Region, InstanceId: id, Percent: 5, ...fields }, code);
    await ask({ Percent: 101 }, "InvalidParameterValue");
    await ask({ Percent: "5" }, "InvalidParameterValue");
    await ask({ InstanceId: "i-0123456789abcdef0" }, "InvalidInstanceID.NotFound");
    await ask({ Load: 5 }, "UnknownParameter");
    await stop(id);
    await ask({}, "IncorrectInstanceState");
  });
});

describe("what it does", () => {
  test("earns while idle, spends while busy, and is held down when nothing is left", async () => {
    const id = await micro("standard");
    await advanceClock(islet, 9 * HOUR);
    expect(await creditsOf(id)).toEqual({
      InstanceId: id,
      InstanceType: "t3.micro",
      Percent: 0,
      CPUUtilization: 0,
      CpuCredits: "standard",
      CPUCreditUsage: 0,
      CPUCreditBalance: 108,
      CPUSurplusCreditBalance: 0,
      CPUSurplusCreditsCharged: 0,
    });
    expect(await work(id, 100)).toMatchObject({ Percent: 100, CPUUtilization: 100 });
    await advanceClock(islet, HOUR);
    expect(await creditsOf(id)).toMatchObject({
      CPUCreditUsage: 120,
      CPUCreditBalance: 0,
      CPUUtilization: 10,
    });
    await work(id, 0);
    await advanceClock(islet, 30 * HOUR);
    expect(await creditsOf(id)).toMatchObject({ CPUCreditBalance: 288 });
  });

  test("goes into surplus without limits, which is charged when it ends", async () => {
    const id = await micro();
    await work(id, 100);
    await advanceClock(islet, HOUR);
    const spent = { CpuCredits: "unlimited", CPUCreditBalance: 0, CPUSurplusCreditBalance: 108 };
    expect(await creditsOf(id)).toMatchObject({ ...spent, CPUSurplusCreditsCharged: 0, CPUUtilization: 100 });
    await modify(id, "standard");
    expect(await creditsOf(id)).toMatchObject({
      CpuCredits: "standard",
      CPUSurplusCreditBalance: 0,
      CPUSurplusCreditsCharged: 108,
      CPUUtilization: 10,
    });
    const { InstanceCreditSpecifications } = await ec2.send(
      new DescribeInstanceCreditSpecificationsCommand({ InstanceIds: [id] }),
    );
    expect(InstanceCreditSpecifications).toEqual([{ InstanceId: id, CpuCredits: "standard" }]);
    await modify(id, "unlimited");
    await advanceClock(islet, 10 * HOUR);
    // 108 an hour beyond what comes in: what is more than a day's earnings is charged at once.
    expect(await creditsOf(id)).toMatchObject({
      CPUSurplusCreditBalance: 288,
      CPUSurplusCreditsCharged: 108 + 10 * 108 - 288,
    });
  });

  test("T3 keeps its credits for seven days while it is stopped", async () => {
    const id = await micro();
    await advanceClock(islet, 10 * HOUR);
    await work(id, 5);
    await stop(id);
    await advanceClock(islet, 6 * DAY);
    expect(await creditsOf(id)).toMatchObject({ Percent: 0, CPUCreditBalance: 120 });
    await start(id);
    expect(await creditsOf(id)).toMatchObject({ Percent: 0, CPUCreditBalance: 120, CPUCreditUsage: 0 });
    await stop(id);
    await advanceClock(islet, 8 * DAY);
    expect(await creditsOf(id)).toMatchObject({ CPUCreditBalance: 0 });
    await start(id);
    expect(await creditsOf(id)).toMatchObject({ CPUCreditBalance: 0 });
  });

  test("T2 starts with launch credits, and loses all when it stops", async () => {
    const id = await launch(ec2, { ImageId: bios.id, InstanceType: "t2.small" });
    expect(await creditsOf(id)).toMatchObject({ CpuCredits: "standard", CPUCreditBalance: 30 });
    await advanceClock(islet, 5 * HOUR);
    expect(await creditsOf(id)).toMatchObject({ CPUCreditBalance: 90 });
    await stop(id);
    expect(await creditsOf(id)).toMatchObject({ CPUCreditBalance: 0 });
    await start(id);
    expect(await creditsOf(id)).toMatchObject({ CPUCreditBalance: 30 });
  });

  test("T2 goes without launch credits from the hundred and first start of a day on", async () => {
    const client = await freshClient({ islet });
    const t2 = (count: number, CpuCredits = "standard") =>
      launchAll(client, {
        ImageId: bios.id,
        InstanceType: "t2.nano",
        MinCount: count,
        MaxCount: count,
        CreditSpecification: { CpuCredits },
      });
    const balanceOf = async ({ InstanceId = "" }: { InstanceId?: string | undefined } = {}) => {
      const { CPUCreditBalance } = (await creditsOf(InstanceId)) as { CPUCreditBalance: number };
      return CPUCreditBalance;
    };
    // Neither of these would have any.
    await t2(1, "unlimited");
    await launch(client, { InstanceType: "t3.nano", CreditSpecification: { CpuCredits: "standard" } });
    const [first] = await t2(98);
    const again = [first?.InstanceId ?? ""];
    const restart = async () => {
      await client.send(new StopInstancesCommand({ InstanceIds: again }));
      await client.send(new StartInstancesCommand({ InstanceIds: again }));
    };
    await restart();
    const [hundredth, next] = await t2(2);
    expect([await balanceOf(first), await balanceOf(hundredth), await balanceOf(next)]).toEqual([30, 30, 0]);
    await restart();
    expect(await balanceOf(first)).toBe(0);
    expect(await balanceOf((await t2(1))[0])).toBe(0);
    // Another account has a hundred of its own.
    expect(await creditsOf(await launch(ec2, { ImageId: bios.id, InstanceType: "t2.nano" }))).toMatchObject({
      CPUCreditBalance: 30,
    });
    await advanceClock(islet, DAY);
    expect(await balanceOf((await t2(1))[0])).toBe(30);
  });

  test("shows all that have any", async () => {
    const id = await micro();
    const m5 = await launch(ec2, { InstanceType: "m5.large" });
    expect(await work(m5, 50)).toEqual({
      InstanceId: m5,
      InstanceType: "m5.large",
      Percent: 50,
      CPUUtilization: 50,
    });
    const { Credits } = await operate(islet, "GET credits", { Region });
    const ids = (Credits as { InstanceId: string }[]).map(({ InstanceId }) => InstanceId);
    expect(ids).toContain(id);
    expect(ids).not.toContain(m5);
  });

  test("knows after a restart of the server how busy everybody was", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-"));
    try {
      const first = await ownIslet({ memory: false, data });
      await operate(first, "POST clock", { Frozen: true });
      const client = new EC2Client(configOf(first, freshKeys(first)));
      const id = await launch(client, { InstanceType: "t3.micro" });
      await operate(first, "POST workloads", { Region, InstanceId: id, Percent: 100 });
      const { Now } = await operate(first, "GET clock");
      await first.close();
      const second = await ownIslet({ memory: false, data });
      const later = new Date(Date.parse(String(Now)) + HOUR * 1000).toISOString();
      await operate(second, "POST clock", { Frozen: true, Now: later });
      expect(await creditsOf(id, second)).toMatchObject({ Percent: 100, CPUSurplusCreditBalance: 108 });
      await second.close();
    } finally {
      rmSync(data, { recursive: true });
    }
  });
});
