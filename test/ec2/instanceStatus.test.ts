import {
  DescribeInstanceStatusCommand,
  ReportInstanceStatusCommand,
  type DescribeInstanceStatusCommandInput,
} from "@aws-sdk/client-ec2";
import { beforeAll, describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { freshClient, ownIslet, refused } from "../islet.ts";
import { imageLike, launch, launchStopped } from "./launch.ts";

const ec2 = await freshClient();
let running = "";
let stopped = "";

const statuses = async (asked: DescribeInstanceStatusCommandInput = {}, client = ec2) =>
  (await client.send(new DescribeInstanceStatusCommand(asked))).InstanceStatuses;
const idsOf = async (asked: DescribeInstanceStatusCommandInput) =>
  (await statuses(asked))?.map(({ InstanceId }) => InstanceId);

beforeAll(async () => {
  running = await launch(ec2);
  stopped = await launchStopped(ec2);
});

const report = (id: string, times: { StartTime?: Date; EndTime?: Date } = {}) =>
  ec2.send(
    new ReportInstanceStatusCommand({
      Instances: [id],
      Status: "impaired",
      ReasonCodes: ["unresponsive"],
      ...times,
    }),
  );

describe("what it refuses to parse", () => {
  test("pages of instances that are named", async () => {
    await refused(statuses({ InstanceIds: [running], MaxResults: 5 }), "InvalidParameterCombination");
  });

  test("an unknown filter, and tags, which a status does not have", async () => {
    await refused(statuses({ Filters: [{ Name: "colour", Values: ["red"] }] }), "InvalidParameterValue");
    await refused(statuses({ Filters: [{ Name: "tag:Name", Values: ["x"] }] }), "InvalidParameterValue");
  });

  test("a report that ends before it starts", async () => {
    await refused(
      report(running, { StartTime: new Date(2000), EndTime: new Date(1000) }),
      "InvalidParameterValue",
    );
  });
});

describe("what it refuses to do", () => {
  test("instances that are not there", async () => {
    await refused(statuses({ InstanceIds: ["i-0123456789abcdef0"] }), "InvalidInstanceID.NotFound");
  });

  test("a report on what does not run", async () => {
    await refused(report(stopped), "IncorrectInstanceState");
  });
});

describe("what it does", () => {
  test("shows what runs, and all if asked", async () => {
    const checks = { Status: "ok", Details: [{ Name: "reachability", Status: "passed" }] };
    expect(await statuses()).toEqual([
      {
        InstanceId: running,
        AvailabilityZone: "us-east-1a",
        AvailabilityZoneId: "use1-az6",
        Events: [],
        InstanceState: { Code: 16, Name: "running" },
        InstanceStatus: checks,
        SystemStatus: checks,
        AttachedEbsStatus: checks,
        Operator: { Managed: false },
      },
    ]);
    expect(await statuses({ IncludeAllInstances: true })).toMatchObject([
      { InstanceId: running },
      { InstanceId: stopped, InstanceStatus: { Status: "not-applicable" } },
    ]);
    expect(await statuses({ InstanceIds: [stopped] })).toEqual([]);
  });

  test("filters, in pages", async () => {
    const of = (Name: string, value: string) => ({
      IncludeAllInstances: true,
      Filters: [{ Name, Values: [value] }],
    });
    expect(await idsOf(of("instance-status.status", "ok"))).toEqual([running]);
    expect(await idsOf(of("system-status.reachability", "passed"))).toEqual([running]);
    expect(await idsOf(of("instance-state-name", "stopped"))).toEqual([stopped]);
    expect(await idsOf(of("event.code", "*"))).toEqual([]);
    expect(await idsOf({ MaxResults: 5 })).toEqual([running]);
  });

  test("checks the disks of Nitro instances alone", async () => {
    const bios = imageLike(
      ({ architecture, bootMode, platform }) => architecture === "x86_64" && !bootMode && !platform,
    );
    const id = await launch(ec2, { ImageId: bios.id, InstanceType: "t2.micro" });
    const [status] = (await statuses({ InstanceIds: [id] })) ?? [];
    expect(status?.AttachedEbsStatus).toBeUndefined();
  });

  test("changes nothing by a report", async () => {
    await report(running);
    expect(await statuses({ InstanceIds: [running] })).toMatchObject([{ InstanceStatus: { Status: "ok" } }]);
  });

  test("checks a new instance after two minutes, at a real pace", async () => {
    const islet = await ownIslet({ pace: "real" });
    try {
      const client = await freshClient({ islet });
      await launch(client);
      await advanceClock(islet, 20);
      expect(await statuses({}, client)).toMatchObject([{ InstanceStatus: { Status: "initializing" } }]);
      await advanceClock(islet, 120);
      expect(await statuses({}, client)).toMatchObject([{ InstanceStatus: { Status: "ok" } }]);
    } finally {
      await islet.close();
    }
  });
});
