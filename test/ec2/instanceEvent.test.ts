import {
  AssociateInstanceEventWindowCommand,
  CreateInstanceEventWindowCommand,
  CreateTagsCommand,
  DescribeInstanceStatusCommand,
  ModifyInstanceEventStartTimeCommand,
  RebootInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { freshClient, ownIslet, refused } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";
import { launch, shownInstance } from "./launch.ts";

const islet = await ownIslet();
await operate(islet, "POST clock", { Frozen: true });
afterAll(() => islet.close());
const ec2 = await freshClient({ islet });
const Region = "us-east-1";
const HOUR = 3600 * 1000;
const DAY = 24 * HOUR;
const MISSING = "instance-event-0123456789abcdef0";

const befall = (Kind: string, fields: object) => operate(islet, "POST faults", { Region, Kind, ...fields });
const scheduleFor = async (Kind: string, InstanceId: string, fields: object = {}) =>
  ((await befall(Kind, { InstanceId, ...fields })) as { Events: string[] }).Events[0] ?? "";
const now = async () => Date.parse(String((await operate(islet, "GET clock"))["Now"]));
const eventsOf = async (id: string) => {
  const { InstanceStatuses } = await ec2.send(
    new DescribeInstanceStatusCommand({ InstanceIds: [id], IncludeAllInstances: true }),
  );
  return InstanceStatuses?.[0]?.Events ?? [];
};
const move = (InstanceId: string, InstanceEventId: string, to: number) =>
  ec2.send(new ModifyInstanceEventStartTimeCommand({ InstanceId, InstanceEventId, NotBefore: new Date(to) }));
const think = (InstanceId: string) =>
  operate(islet, "POST memory/write", { Region, InstanceId, Address: 0, Bytes: "dGhvdWdodA==" });
const thought = async (InstanceId: string) =>
  Buffer.from(
    String(
      (await operate(islet, "POST memory/read", { Region, InstanceId, Address: 0, Length: 7 }))["Bytes"],
    ),
    "base64",
  ).toString();

describe("what it refuses to do", () => {
  test("to move what is not there, or another instance's", async () => {
    const [one, other] = [await launch(ec2), await launch(ec2)];
    const event = await scheduleFor("instance-reboot", one);
    const to = (await now()) + 2 * HOUR;
    await refused(move("i-0123456789abcdef0", event, to), "InvalidInstanceID.NotFound");
    await refused(move(one, MISSING, to), "InvalidInstanceEventIDNotFound");
    await refused(move(one, "event-1", to), "InvalidInstanceEventIDNotFound");
    await refused(move(other, event, to), "InvalidInstanceEventIDNotFound");
  });

  test("to move it too near or too far, or what cannot be moved", async () => {
    const id = await launch(ec2);
    const event = await scheduleFor("instance-reboot", id);
    const [{ NotBeforeDeadline: deadline } = {}] = await eventsOf(id);
    const start = await now();
    await refused(move(id, event, start + HOUR - 1000), "InvalidInstanceEventStartTime", /60 minutes/);
    const late = (deadline?.getTime() ?? 0) + 1000;
    await refused(move(id, event, late), "InvalidInstanceEventStartTime", /deadline/);
    const soon = new Date(start + 4 * 60 * 1000).toISOString();
    const imminent = await scheduleFor("instance-stop", id, { NotBefore: soon });
    await refused(move(id, imminent, start + 2 * HOUR), "InvalidInstanceEventStartTime", /about to/);
  });

  test("to put off maintenance of the system", async () => {
    const id = await launch(ec2, { InstanceType: "c5.large" });
    const event = await scheduleFor("host-maintenance", id);
    await refused(move(id, event, (await now()) + 2 * HOUR), "InvalidInstanceEventStartTime", /no deadline/);
  });

  test("tags on an event", async () => {
    const event = await scheduleFor("instance-stop", await launch(ec2));
    const tag = new CreateTagsCommand({ Resources: [event], Tags: [{ Key: "a", Value: "b" }] });
    await refused(ec2.send(tag), "InvalidID");
  });

  test("events of instances that are on no host, or at no time", async () => {
    const id = await launch(ec2);
    const stop = { Region, Kind: "instance-stop", InstanceId: id };
    await operationRefused(islet, "POST faults", { ...stop, NotBefore: "soon" }, "InvalidParameterValue");
    await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    await operationRefused(islet, "POST faults", stop, "IncorrectInstanceState");
  });
});

describe("what it does", () => {
  test("reboots an instance when it is time, and shows that for a week", async () => {
    const id = await launch(ec2);
    const start = await now();
    const event = await scheduleFor("instance-reboot", id);
    const shown = {
      InstanceEventId: event,
      Code: "instance-reboot",
      Description: "The instance is scheduled for a reboot",
      NotBefore: new Date(start + 14 * DAY),
      NotAfter: new Date(start + 14 * DAY + 2 * HOUR),
      NotBeforeDeadline: new Date(start + 21 * DAY),
    };
    expect(await eventsOf(id)).toEqual([shown]);
    expect(await scheduleFor("instance-reboot", id)).toBe(event);
    await think(id);
    await advanceClock(islet, (13 * DAY) / 1000);
    expect(await thought(id)).toBe("thought");
    await advanceClock(islet, DAY / 1000);
    expect(await thought(id)).toBe("\0".repeat(7));
    const Description = "[Completed] The instance is scheduled for a reboot";
    expect(await eventsOf(id)).toEqual([{ ...shown, Description }]);
    await advanceClock(islet, (7 * DAY) / 1000);
    expect(await eventsOf(id)).toEqual([]);
  });

  test("reboots all instances of a host", async () => {
    const ids = [
      await launch(ec2, { InstanceType: "m5a.large" }),
      await launch(ec2, { InstanceType: "m5a.large" }),
    ];
    const { Instances } = await befall("host-reboot", { InstanceId: ids[0] });
    expect(Instances).toEqual(ids);
    for (const id of ids) {
      await think(id);
      expect(await eventsOf(id)).toMatchObject([{ Code: "system-reboot" }]);
    }
    await advanceClock(islet, (14 * DAY) / 1000);
    for (const id of ids) expect(await thought(id)).toBe("\0".repeat(7));
  });

  test("happens when it is moved to", async () => {
    const id = await launch(ec2);
    const event = await scheduleFor("instance-stop", id);
    const to = (await now()) + 2 * HOUR;
    const { Event } = await move(id, event, to);
    expect(Event).toMatchObject({ Code: "instance-stop", NotBefore: new Date(to) });
    await advanceClock(islet, 2 * 3600);
    expect(await shownInstance(ec2, id)).toMatchObject({
      State: { Name: "stopped" },
      StateReason: {
        Code: "Server.ScheduledStop",
        Message: "Server.ScheduledStop: Stopped due to scheduled retirement",
      },
      StateTransitionReason: "Server.ScheduledStop: Stopped due to scheduled retirement",
    });
    await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
    expect(await shownInstance(ec2, id)).toMatchObject({ State: { Name: "running" } });
    await refused(move(id, event, to + 4 * HOUR), "InvalidInstanceEventStartTime", /has started/);
  });

  test("need not happen any more once the customer has done it", async () => {
    const id = await launch(ec2);
    await scheduleFor("instance-reboot", id);
    await scheduleFor("instance-stop", id);
    const codes = async () =>
      (await eventsOf(id)).map(({ Code, Description = "" }) => [Code, Description.startsWith("[Completed]")]);
    await ec2.send(new RebootInstancesCommand({ InstanceIds: [id] }));
    expect(await codes()).toEqual([
      ["instance-reboot", true],
      ["instance-stop", false],
    ]);
    await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    expect(await codes()).toEqual([
      ["instance-reboot", true],
      ["instance-stop", true],
    ]);
    const gone = await launch(ec2);
    await scheduleFor("instance-stop", gone);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [gone] }));
    expect(await eventsOf(gone)).toMatchObject([{ Description: /^\[Completed\]/ }]);
    await advanceClock(islet, 3600);
    await refused(eventsOf(gone), "InvalidInstanceID.NotFound");
  });

  test("happens within the window of the instance, be it named or tagged", async () => {
    const Tags = [{ Key: "team", Value: "night" }];
    const [named, tagged] = [
      await launch(ec2),
      await launch(ec2, { TagSpecifications: [{ ResourceType: "instance", Tags }] }),
    ];
    const windowOf = async (CronExpression: string, AssociationTarget: object) => {
      const { InstanceEventWindow } = await ec2.send(
        new CreateInstanceEventWindowCommand({ CronExpression }),
      );
      const { InstanceEventWindowId } = InstanceEventWindow ?? {};
      await ec2.send(new AssociateInstanceEventWindowCommand({ InstanceEventWindowId, AssociationTarget }));
    };
    await windowOf("* 2-6 * * 1", { InstanceIds: [named] });
    await windowOf("* 20-23 * * 5,6", { InstanceTags: Tags });
    const opens = async (kind: string, id: string) => {
      await scheduleFor(kind, id);
      const { NotBefore } = (await eventsOf(id)).at(-1) ?? {};
      const earliest = (await now()) + 14 * DAY;
      expect(NotBefore?.getTime()).toBeGreaterThanOrEqual(earliest);
      expect(NotBefore?.getTime()).toBeLessThan(earliest + 7 * DAY);
      return [NotBefore?.getUTCDay(), NotBefore?.getUTCHours()];
    };
    const [day, hour] = await opens("instance-stop", named);
    expect(day).toBe(1);
    expect([2, 3, 4, 5]).toContain(hour);
    const [weekend, evening] = await opens("instance-reboot", tagged);
    expect([5, 6]).toContain(weekend);
    expect([20, 21, 22]).toContain(evening);
  });

  test("is found by what it is", async () => {
    const id = await launch(ec2);
    const event = await scheduleFor("instance-reboot", id, { NotBefore: "2200-01-01T00:00:00Z" });
    const found = async (Name: string, value: string) => {
      const { InstanceStatuses } = await ec2.send(
        new DescribeInstanceStatusCommand({ Filters: [{ Name, Values: [value] }] }),
      );
      return InstanceStatuses?.map(({ InstanceId }) => InstanceId);
    };
    expect(await found("event.instance-event-id", event)).toEqual([id]);
    expect(await found("event.not-before", "2200-01-01T00:00:00.000Z")).toEqual([id]);
    expect(await found("event.not-after", "2200-01-01T02:00:00.000Z")).toEqual([id]);
    expect(await found("event.not-before-deadline", "2200-01-08T*")).toEqual([id]);
    expect(await found("event.code", "instance-reboot")).toContain(id);
    expect(await found("event.description", "*reboot")).toContain(id);
  });
});
