import {
  AssociateInstanceEventWindowCommand,
  CreateInstanceEventWindowCommand,
  DeleteInstanceEventWindowCommand,
  DescribeInstanceEventWindowsCommand,
  DisassociateInstanceEventWindowCommand,
  ModifyInstanceEventWindowCommand,
  type CreateInstanceEventWindowCommandInput,
  type DescribeInstanceEventWindowsCommandInput,
  type InstanceEventWindowAssociationRequest,
  type InstanceEventWindowTimeRangeRequest,
} from "@aws-sdk/client-ec2";
import { beforeEach, describe, expect, test } from "vitest";
import { freshClient, refused } from "../islet.ts";
import { launch } from "./launch.ts";

let ec2 = await freshClient();
beforeEach(async () => {
  ec2 = await freshClient();
});

const MISSING = "iew-0123456789abcdef0";
const NIGHTS = "* 2-6 * * 1,3";
const range = (
  StartWeekDay: InstanceEventWindowTimeRangeRequest["StartWeekDay"],
  StartHour: number,
  EndWeekDay: InstanceEventWindowTimeRangeRequest["EndWeekDay"],
  EndHour: number,
): InstanceEventWindowTimeRangeRequest => ({ StartWeekDay, StartHour, EndWeekDay, EndHour });

const make = async (asked: CreateInstanceEventWindowCommandInput = { CronExpression: NIGHTS }) =>
  (await ec2.send(new CreateInstanceEventWindowCommand(asked))).InstanceEventWindow;
const makeOne = async (asked?: CreateInstanceEventWindowCommandInput) =>
  (await make(asked))?.InstanceEventWindowId ?? "";
const modify = (InstanceEventWindowId: string, asked: CreateInstanceEventWindowCommandInput) =>
  ec2.send(new ModifyInstanceEventWindowCommand({ InstanceEventWindowId, ...asked }));
const associate = (InstanceEventWindowId: string, AssociationTarget: InstanceEventWindowAssociationRequest) =>
  ec2.send(new AssociateInstanceEventWindowCommand({ InstanceEventWindowId, AssociationTarget }));
const disassociate = (
  InstanceEventWindowId: string,
  AssociationTarget: InstanceEventWindowAssociationRequest,
) => ec2.send(new DisassociateInstanceEventWindowCommand({ InstanceEventWindowId, AssociationTarget }));
const remove = (InstanceEventWindowId: string, ForceDelete?: boolean) =>
  ec2.send(new DeleteInstanceEventWindowCommand({ InstanceEventWindowId, ForceDelete }));
const describeAll = async (asked: DescribeInstanceEventWindowsCommandInput = {}) =>
  (await ec2.send(new DescribeInstanceEventWindowsCommand(asked))).InstanceEventWindows ?? [];
const filtered = async (Name: string, value: string) =>
  (await describeAll({ Filters: [{ Name, Values: [value] }] })).map((window) => window.InstanceEventWindowId);

const noTimes: readonly (readonly [string, CreateInstanceEventWindowCommandInput, string])[] = [
  ["no times at all", {}, "MissingParameter"],
  [
    "two kinds of times",
    { CronExpression: NIGHTS, TimeRanges: [range("monday", 2, "monday", 8)] },
    "InvalidParameterCombination",
  ],
  ["minutes", { CronExpression: "0 2-6 * * 1" }, "InvalidParameterValue"],
  ["single hours", { CronExpression: "* 2 * * 1" }, "InvalidParameterValue"],
  ["hours that end before they begin", { CronExpression: "* 6-2 * * 1" }, "InvalidParameterValue"],
  ["no such day", { CronExpression: "* 2-6 * * 7" }, "InvalidParameterValue"],
  ["days that are no range", { CronExpression: "* 2-6 * * 1-2-3" }, "InvalidParameterValue"],
  ["a field too many", { CronExpression: "* 2-6 * * 1 *" }, "InvalidParameterValue"],
  ["hours too short", { CronExpression: "* 2-3 * * 1,2,3,4,5" }, "InvalidParameterValue"],
  ["too little in all", { CronExpression: "* 2-5 * * 1" }, "InvalidParameterValue"],
  ["no such hour", { TimeRanges: [range("monday", 2, "monday", 24)] }, "InvalidParameterValue"],
  ["a range too short", { TimeRanges: [range("monday", 2, "monday", 3)] }, "InvalidParameterValue"],
  ["a range of nothing", { TimeRanges: [range("monday", 2, "monday", 2)] }, "InvalidParameterValue"],
  ["a range without its end", { TimeRanges: [{ StartWeekDay: "monday", StartHour: 2 }] }, "MissingParameter"],
  [
    "a range without an hour",
    { TimeRanges: [{ StartWeekDay: "monday", EndWeekDay: "tuesday", EndHour: 1 }] },
    "MissingParameter",
  ],
];

describe("what it refuses to parse", () => {
  test.each(noTimes)("%s", async (_what, asked, code) => {
    await refused(make(asked), code);
  });

  test("ids of another form, pages too short", async () => {
    await refused(remove("iew-1"), "InvalidInstanceEventWindowID.NotFound");
    await refused(describeAll({ MaxResults: 5 }), "InvalidParameterValue");
  });

  test("no targets, or two kinds of them", async () => {
    const window = await makeOne();
    await refused(associate(window, {}), "MissingParameter");
    const both = { InstanceIds: [await launch(ec2)], InstanceTags: [{ Key: "a", Value: "b" }] };
    await refused(associate(window, both), "InvalidParameterCombination");
    await refused(associate(window, { InstanceTags: [{ Value: "b" }] }), "MissingParameter");
  });
});

describe("what it refuses to do", () => {
  test("anything with a window that is not there", async () => {
    const InstanceIds = [await launch(ec2)];
    for (const call of [
      associate(MISSING, { InstanceIds }),
      disassociate(MISSING, { InstanceIds }),
      modify(MISSING, { Name: "x" }),
      remove(MISSING),
      describeAll({ InstanceEventWindowIds: [MISSING] }),
    ]) {
      await refused(call, "InvalidInstanceEventWindowID.NotFound");
    }
  });

  test("targets that are not there", async () => {
    const window = await makeOne();
    const gone = { InstanceIds: ["i-0123456789abcdef0"] };
    await refused(associate(window, gone), "InvalidInstanceID.NotFound");
    await refused(associate(window, { DedicatedHostIds: ["h-0123456789abcdef0"] }), "InvalidHostID.NotFound");
    await refused(disassociate(window, { InstanceIds: [await launch(ec2)] }), "InvalidParameterValue");
  });

  test("a second kind of target, a second window for a target, too many of them", async () => {
    const window = await makeOne();
    const InstanceIds = [await launch(ec2)];
    await associate(window, { InstanceIds });
    const tags = { InstanceTags: [{ Key: "a", Value: "b" }] };
    await refused(associate(window, tags), "InvalidParameterCombination");
    const other = await makeOne();
    await refused(associate(other, { InstanceIds }), "InvalidParameterValue", /already associated/);
    const many = Array.from({ length: 51 }, (_, i) => ({ Key: "a", Value: `${i}` }));
    await refused(associate(other, { InstanceTags: many }), "InvalidParameterValue", /at most 50/);
  });

  test("deletion while it has targets, unless by force", async () => {
    const window = await makeOne();
    await associate(window, { InstanceTags: [{ Key: "a", Value: "b" }] });
    await refused(remove(window), "DependencyViolation");
    const { InstanceEventWindowState } = await remove(window, true);
    expect(InstanceEventWindowState).toEqual({ InstanceEventWindowId: window, State: "deleting" });
    expect(await describeAll()).toEqual([]);
  });
});

describe("what it does", () => {
  test("opens by ranges or by a cron expression, and shows its tags", async () => {
    const TimeRanges = [range("monday", 2, "wednesday", 8), range("thursday", 2, "friday", 8)];
    const Tags = [{ Key: "K1", Value: "V1" }];
    const made = await make({
      Name: "window",
      TimeRanges,
      TagSpecifications: [{ ResourceType: "instance-event-window", Tags }],
    });
    expect(made).toEqual({
      InstanceEventWindowId: expect.stringMatching(/^iew-[0-9a-f]{17}$/) as string,
      Name: "window",
      TimeRanges,
      State: "creating",
      Tags,
    });
    expect(await describeAll()).toEqual([{ ...made, State: "active" }]);
    const id = made?.InstanceEventWindowId ?? "";
    const { InstanceEventWindow } = await modify(id, { CronExpression: NIGHTS });
    expect(InstanceEventWindow).toMatchObject({ Name: "window", CronExpression: NIGHTS });
    expect(InstanceEventWindow?.TimeRanges ?? []).toEqual([]);
    await modify(id, { Name: "nights" });
    expect(await describeAll()).toMatchObject([{ Name: "nights", CronExpression: NIGHTS }]);
    await remove(id);
    expect(await describeAll()).toEqual([]);
  });

  test("takes targets and gives them up", async () => {
    const window = await makeOne();
    const ids = [await launch(ec2), await launch(ec2)] as const;
    await associate(window, { InstanceIds: [ids[0]] });
    const { InstanceEventWindow } = await associate(window, { InstanceIds: [...ids] });
    const nothing = { Tags: [], DedicatedHostIds: [] };
    expect(InstanceEventWindow?.AssociationTarget).toEqual({ InstanceIds: [...ids], ...nothing });
    await disassociate(window, { InstanceIds: [...ids] });
    await associate(window, { InstanceTags: [{ Key: "a", Value: "b" }] });
    expect(await describeAll()).toMatchObject([
      { AssociationTarget: { InstanceIds: [], Tags: [{ Key: "a", Value: "b" }], DedicatedHostIds: [] } },
    ]);
  });

  test("finds windows by what they are for, and by their own tags", async () => {
    const instance = await launch(ec2);
    const byId = await makeOne({ CronExpression: NIGHTS, Name: "one" });
    await associate(byId, { InstanceIds: [instance] });
    const byTag = await makeOne({
      CronExpression: NIGHTS,
      TagSpecifications: [{ ResourceType: "instance-event-window", Tags: [{ Key: "K", Value: "V" }] }],
    });
    await associate(byTag, { InstanceTags: [{ Key: "a", Value: "b" }] });
    expect(await filtered("instance-id", instance)).toEqual([byId]);
    expect(await filtered("event-window-name", "one")).toEqual([byId]);
    expect(await filtered("instance-tag", "a=b")).toEqual([byTag]);
    expect(await filtered("instance-tag-key", "a")).toEqual([byTag]);
    expect(await filtered("instance-tag-value", "b")).toEqual([byTag]);
    expect(await filtered("tag-value", "V")).toEqual([byTag]);
    expect(await filtered("tag:K", "V")).toEqual([byTag]);
    expect(await filtered("dedicated-host-id", "*")).toEqual([]);
  });
});
