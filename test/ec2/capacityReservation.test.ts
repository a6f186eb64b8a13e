import {
  CancelCapacityReservationCommand,
  CreateCapacityReservationBySplittingCommand,
  CreatePlacementGroupCommand,
  DeletePlacementGroupCommand,
  DescribeCapacityReservationsCommand,
  DescribeInstancesCommand,
  EC2Client,
  GetCapacityReservationUsageCommand,
  GetGroupsForCapacityReservationCommand,
  ModifyCapacityReservationCommand,
  ModifyInstanceCapacityReservationAttributesCommand,
  MoveCapacityReservationInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
  type CapacityReservationSpecification,
  type CreateCapacityReservationCommandInput,
  type ModifyCapacityReservationCommandInput,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { configOf, freshClient, freshKeys, ownIslet, refused, sharedIslet } from "../islet.ts";
import { operate } from "../operator.ts";
import { withOwn } from "../ownServer.ts";
import { launch, launchAll, launchStopped, shownInstance } from "./launch.ts";
import { hardware, placeOf } from "./placeOf.ts";
import { DAY, inDays, reserve as reserveWith, reserveInAdvance, shownReservation } from "./reservation.ts";

const islet = await sharedIslet();
const ec2 = await freshClient();

type Asked = Partial<CreateCapacityReservationCommandInput>;

const reserve = (asked: Asked = {}, client = ec2) => reserveWith(client, asked);

/** One that is of use to nobody but who names it. */
const reserveTargeted = (asked: Asked = {}, client = ec2) =>
  reserve({ InstanceMatchCriteria: "targeted", ...asked }, client);

const shown = (id: string, client = ec2) => shownReservation(client, id);

const available = async (id: string, client = ec2) => (await shown(id, client)).AvailableInstanceCount;

const cancel = (CapacityReservationId: string, client = ec2) =>
  client.send(new CancelCapacityReservationCommand({ CapacityReservationId }));

const modify = (
  CapacityReservationId: string,
  asked: Omit<ModifyCapacityReservationCommandInput, "CapacityReservationId">,
  client = ec2,
) => client.send(new ModifyCapacityReservationCommand({ CapacityReservationId, ...asked }));

const split = (SourceCapacityReservationId: string, InstanceCount: number, client = ec2) =>
  client.send(
    new CreateCapacityReservationBySplittingCommand({ SourceCapacityReservationId, InstanceCount }),
  );

const move = (from: string, to: string, InstanceCount: number) =>
  ec2.send(
    new MoveCapacityReservationInstancesCommand({
      SourceCapacityReservationId: from,
      DestinationCapacityReservationId: to,
      InstanceCount,
    }),
  );

const into = (id: string) => ({ CapacityReservationTarget: { CapacityReservationId: id } });

const launchWith = (
  CapacityReservationSpecification?: CapacityReservationSpecification,
  client = ec2,
  InstanceType: "m5.large" | "m5.xlarge" = "m5.large",
) => launch(client, { InstanceType, CapacityReservationSpecification });

const attribute = (InstanceId: string, asked: CapacityReservationSpecification) =>
  ec2.send(
    new ModifyInstanceCapacityReservationAttributesCommand({
      InstanceId,
      CapacityReservationSpecification: asked,
    }),
  );

const stop = (id: string, client = ec2) => client.send(new StopInstancesCommand({ InstanceIds: [id] }));
const start = (id: string, client = ec2) => client.send(new StartInstancesCommand({ InstanceIds: [id] }));
const terminate = (...InstanceIds: string[]) => ec2.send(new TerminateInstancesCommand({ InstanceIds }));
const reservationOf = async (id: string, client = ec2) =>
  (await shownInstance(client, id)).CapacityReservationId;

const UNKNOWN = "cr-0123456789abcdef0";
const badValue = "InvalidParameterValue";
const badCombination = "InvalidParameterCombination";

describe("what it refuses to parse", () => {
  const future = {
    StartDate: inDays(10),
    CommitmentDuration: 14 * DAY,
    DeliveryPreference: "incremental",
    InstanceMatchCriteria: "targeted",
    InstanceCount: 20,
  } as const;
  test.each<[string, Asked, string]>([
    ["another type", { InstanceType: "m5.tiny" }, badValue],
    ["no zone", { AvailabilityZone: undefined }, "MissingParameter"],
    ["another zone", { AvailabilityZone: "us-east-1z" }, badValue],
    ["none", { InstanceCount: 0 }, badValue],
    ["too many", { InstanceCount: 1001 }, badValue],
    ["an end that is none", { EndDateType: "limited" }, "MissingParameter"],
    ["an end of what never ends", { EndDateType: "unlimited", EndDate: inDays(1) }, badCombination],
    ["an end in the past", { EndDate: new Date(0) }, badValue],
    ["an Outpost", { OutpostArn: "arn:x" }, "InvalidOutpostArn.NotFound"],
    ["EBS optimization of a type without", { InstanceType: "t2.micro", EbsOptimized: true }, badCombination],
    ["a group that is not there", { PlacementGroupArn: "arn:x" }, "InvalidPlacementGroup.Unknown"],
    ["a start without a commitment", { StartDate: inDays(10) }, "MissingParameter"],
    ["a commitment without a start", { CommitmentDuration: DAY }, "MissingParameter"],
    ["no delivery", { ...future, DeliveryPreference: undefined }, "MissingParameter"],
    ["another delivery", { ...future, DeliveryPreference: "fixed" }, badValue],
    ["a commitment to nothing", { ...future, CommitmentDuration: 0 }, badValue],
    ["too short a commitment", { ...future, CommitmentDuration: 14 * DAY - 1 }, badValue],
    ["a start too soon", { ...future, StartDate: inDays(4) }, badValue],
    ["a start too late", { ...future, StartDate: inDays(121) }, badValue],
    ["another family in advance", { ...future, InstanceType: "x1.32xlarge" }, badValue],
    ["too few vCPUs in advance", { ...future, InstanceCount: 15 }, badValue],
    ["open ones in advance", { ...future, InstanceMatchCriteria: "open" }, badCombination],
    ["a group in advance", { ...future, PlacementGroupArn: "arn:x" }, badCombination],
    ["an end within the commitment", { ...future, EndDate: inDays(11) }, badValue],
  ])("%s", async (_, asked, code) => {
    if (asked.PlacementGroupArn !== undefined && asked.StartDate) {
      const { PlacementGroup } = await ec2.send(new CreatePlacementGroupCommand({ GroupName: "early" }));
      await refused(reserve({ ...asked, PlacementGroupArn: PlacementGroup?.GroupArn }), code);
      return;
    }
    await refused(reserve(asked), code);
  });

  test("ids that are none", async () => {
    await refused(
      shown("cr-x"),
      "InvalidCapacityReservationId.Malformed",
      'Invalid id: "cr-x" (expecting "cr-...")',
    );
    await refused(
      shown(UNKNOWN),
      "InvalidCapacityReservationId.NotFound",
      `The capacity reservation ID '${UNKNOWN}' was not found`,
    );
  });

  test("choices that are none", async () => {
    const { id } = await reserveTargeted();
    const arn = { CapacityReservationResourceGroupArn: "arn:x" };
    await refused(
      launchWith({ CapacityReservationTarget: arn }),
      badValue,
      "The given resource group arn arn:x does not exist.",
    );
    await refused(
      launchWith({ CapacityReservationTarget: { ...arn, CapacityReservationId: id } }),
      badCombination,
    );
    await refused(launchWith({ ...into(id), CapacityReservationPreference: "none" }), badCombination);
    await refused(launchWith(into(UNKNOWN)), "InvalidCapacityReservationId.NotFound");
    const stopped = await launchStopped(ec2, { InstanceType: "m5.large" });
    await refused(attribute(stopped, {}), "MissingParameter");
    await cancel(id);
  });
});

describe("what it refuses to do", () => {
  test("to reserve more than there is, and keeps nothing of it", () =>
    withOwn(async (own, client) => {
      await refused(
        reserve({ InstanceType: "u-3tb1.56xlarge", InstanceCount: 1000 }, client).then(() =>
          reserve({ InstanceType: "u-3tb1.56xlarge", InstanceCount: 1 }, client),
        ),
        "InsufficientInstanceCapacity",
      );
      const { held } = await hardware(own);
      await refused(
        launch(client, { InstanceType: "m5.large", MinCount: 1 }).then(() =>
          launchAll(client, {
            InstanceType: "u-3tb1.56xlarge",
            CapacityReservationSpecification: { CapacityReservationPreference: "none" },
          }),
        ),
        "InsufficientInstanceCapacity",
      );
      expect((await hardware(own)).held).toBe(held);
    }));

  test("room of another account's, whatever it is asked for by", async () => {
    const { id } = await reserve();
    const stranger = await freshClient();
    await refused(launchWith(into(id), stranger), "InvalidCapacityReservationId.NotFound");
    const instance = await launchWith(undefined, stranger);
    expect(await reservationOf(instance, stranger)).toBeUndefined();
    expect(await available(id)).toBe(1);
    await cancel(id);
  });

  test("instances that do not fit into the one that they name, or find no room there", async () => {
    const { id } = await reserveTargeted();
    const exceeded = "ReservationCapacityExceeded";
    await refused(
      launchWith(into(id), ec2, "m5.xlarge"),
      exceeded,
      "The requested reservation does not have sufficient compatible and available capacity for this request.",
    );
    const tenancy = { Placement: { Tenancy: "dedicated" as const } };
    const asked = { InstanceType: "m5.large" as const, CapacityReservationSpecification: into(id) };
    await refused(launch(ec2, { ...asked, ...tenancy }), exceeded);
    await refused(launchAll(ec2, { ...asked, MinCount: 2, MaxCount: 2 }), exceeded);
    expect(await available(id)).toBe(1);
    expect(await launchAll(ec2, { ...asked, MinCount: 1, MaxCount: 2 })).toHaveLength(1);
    await refused(launchWith({ CapacityReservationPreference: "capacity-reservations-only" }), exceeded);
    await cancel(id);
    await refused(launchWith(into(id)), "InvalidCapacityReservationState");
  });

  test("to change what is used, or is over", async () => {
    const { id } = await reserveTargeted({ InstanceCount: 2 });
    const instance = await launchWith(into(id));
    await refused(modify(id, {}), "MissingParameter");
    await refused(modify(id, { InstanceCount: 0 }), badValue);
    await refused(modify(id, { InstanceCount: 1003 }), badValue);
    await refused(modify(id, { EndDateType: "limited" }), "MissingParameter");
    await refused(modify(id, { Accept: true }), "UnsupportedOperation");
    await refused(modify(id, { StartDate: inDays(9) }), "MissingParameter");
    await refused(modify(id, { AdditionalInfo: "x" }), "UnsupportedOperation");
    await refused(modify(id, { InstanceMatchCriteria: "open" }), "OperationNotPermitted");
    const other = await launchWith(into(id));
    await refused(modify(id, { InstanceCount: 1 }), badValue);
    await refused(attribute(instance, { CapacityReservationPreference: "none" }), "IncorrectInstanceState");
    await cancel(id);
    await refused(cancel(id), "InvalidCapacityReservationState", /'cancelled' state/);
    await refused(modify(id, { InstanceCount: 3 }), "InvalidCapacityReservationState");
    await refused(split(id, 1), "InvalidCapacityReservationState");
    await terminate(instance, other);
  });

  test("to split or move what is not there, or does not fit", async () => {
    const { id } = await reserveTargeted({ InstanceCount: 3 });
    const { id: other } = await reserveTargeted({ InstanceType: "m5.xlarge" });
    await refused(split(id, 0), badValue);
    await refused(split(id, 3), badValue, /must be less than the size/);
    await refused(move(id, id, 1), badValue);
    await refused(move(id, other, 1), badValue, /same instance type/);
    const { id: twin } = await reserveTargeted();
    // Who names the reservation stays in it.
    const instance = await launchWith(into(id));
    await refused(move(id, twin, 3), badValue, /does not have so much available capacity/);
    for (const each of [id, other, twin]) await cancel(each);
    await terminate(instance);
  });

  test("to delete a placement group in which room is reserved; another group's instances", async () => {
    const GroupName = "reserved";
    const { PlacementGroup } = await ec2.send(new CreatePlacementGroupCommand({ GroupName }));
    const spread = await ec2.send(
      new CreatePlacementGroupCommand({ GroupName: "apart", Strategy: "spread" }),
    );
    const PlacementGroupArn = PlacementGroup?.GroupArn;
    await refused(reserve({ PlacementGroupArn: spread.PlacementGroup?.GroupArn }), badValue);
    await refused(reserve({ InstanceType: "t3.micro", PlacementGroupArn }), badCombination);
    const precise = await ec2.send(
      new CreatePlacementGroupCommand({ GroupName: "precise", Strategy: "precision-time" }),
    );
    const inPrecise = { PlacementGroupArn: precise.PlacementGroup?.GroupArn };
    await refused(reserve(inPrecise), badCombination, /Precision time/);
    await cancel((await reserve({ ...inPrecise, InstanceType: "m7i.large" })).id);
    const { id } = await reserve({ PlacementGroupArn });
    expect((await shown(id)).PlacementGroupArn).toBe(PlacementGroupArn);
    const remove = () => ec2.send(new DeletePlacementGroupCommand({ GroupName }));
    await refused(remove(), "InvalidPlacementGroup.InUse");
    const outside = await launchWith();
    expect(await reservationOf(outside)).toBeUndefined();
    const inside = await launch(ec2, { InstanceType: "m5.large", Placement: { GroupName } });
    expect(await reservationOf(inside)).toBe(id);
    await terminate(inside, outside);
    await cancel(id);
    await remove();
  });

  test("more than the quota, in which it counts like instances", async () => {
    const folder = mkdtempSync(join(tmpdir(), "islet-quotas-"));
    const quotas = join(folder, "quotas.json");
    writeFileSync(quotas, JSON.stringify({ "L-1216C47A": 8 }));
    const own = await ownIslet({ quotas });
    try {
      const client = await freshClient({ islet: own });
      await refused(reserve({ InstanceCount: 5 }, client), "VcpuLimitExceeded");
      const { id } = await reserve({ InstanceCount: 4 }, client);
      await refused(launchWith(undefined, client, "m5.xlarge"), "VcpuLimitExceeded");
      await refused(modify(id, { InstanceCount: 5 }, client), "VcpuLimitExceeded");
      const launched = await launchAll(client, { InstanceType: "m5.large", MinCount: 4, MaxCount: 4 });
      expect(launched.map((each) => each.CapacityReservationId)).toEqual([id, id, id, id]);
      await refused(launchWith(undefined, client), "VcpuLimitExceeded");
    } finally {
      await own.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("what it does", () => {
  test("a reservation is shown, filtered and tagged", async () => {
    const client = await freshClient();
    const EndDate = new Date(Math.floor(inDays(2).getTime() / 1000) * 1000);
    const made = await reserve(
      {
        InstanceCount: 3,
        EndDate,
        EbsOptimized: true,
        InstanceMatchCriteria: "targeted",
        Tenancy: "dedicated",
        TagSpecifications: [{ ResourceType: "capacity-reservation", Tags: [{ Key: "team", Value: "a" }] }],
      },
      client,
    );
    const { id, ...view } = made;
    const arn = String.raw`^arn:aws:ec2:us-east-1:\d{12}:capacity-reservation/${id}$`;
    expect(view).toEqual({
      CapacityReservationId: id,
      CapacityReservationArn: expect.stringMatching(new RegExp(arn)) as unknown,
      OwnerId: expect.stringMatching(/^\d{12}$/) as unknown,
      State: "active",
      AvailabilityZone: "us-east-1a",
      AvailabilityZoneId: "use1-az6",
      InstanceType: "m5.large",
      InstancePlatform: "Linux/UNIX",
      Tenancy: "dedicated",
      TotalInstanceCount: 3,
      AvailableInstanceCount: 3,
      CapacityAllocations: [],
      EbsOptimized: true,
      EphemeralStorage: false,
      InstanceMatchCriteria: "targeted",
      CreateDate: expect.any(Date) as unknown,
      StartDate: expect.any(Date) as unknown,
      EndDate,
      EndDateType: "limited",
      ReservationType: "default",
      Interruptible: false,
      LaunchStatus: "launchable",
      Tags: [{ Key: "team", Value: "a" }],
    });
    const open = await reserve({ AvailabilityZone: "us-east-1b" }, client);
    const by = async (Name: string, value: string) => {
      const { CapacityReservations = [] } = await client.send(
        new DescribeCapacityReservationsCommand({ Filters: [{ Name, Values: [value] }] }),
      );
      return CapacityReservations.map((each) => each.CapacityReservationId);
    };
    for (const [name, value] of Object.entries({
      "end-date": EndDate.toISOString(),
      "end-date-type": "limited",
      "instance-match-criteria": "targeted",
      tenancy: "dedicated",
      "tag:team": "a",
      "start-date": made.StartDate?.toISOString() ?? "",
      "availability-zone": "us-east-1a",
    })) {
      expect([name, await by(name, value)]).toEqual([name, [id]]);
    }
    for (const [name, value] of Object.entries({
      "instance-type": "m5.large",
      "instance-platform": "Linux/UNIX",
      state: "active",
      "owner-id": made.OwnerId ?? "",
    })) {
      expect([name, await by(name, value)]).toEqual([name, [id, open.id]]);
    }
    expect(await by("outpost-arn", "*")).toEqual([]);
    expect(await by("placement-group-arn", "*")).toEqual([]);
    const page = await client.send(new DescribeCapacityReservationsCommand({ MaxResults: 1 }));
    expect(page.CapacityReservations).toHaveLength(1);
    const { CapacityReservations: rest } = await client.send(
      new DescribeCapacityReservationsCommand({ NextToken: page.NextToken }),
    );
    expect(rest?.map((each) => each.CapacityReservationId)).toEqual([open.id]);
  });

  test(
    "its room is nobody else's, until it is cancelled",
    () =>
      withOwn(async (own, client) => {
        const InstanceType = "u-3tb1.56xlarge";
        const { id } = await reserveTargeted({ InstanceType, InstanceCount: 1000 }, client);
        const other = await freshClient({ islet: own });
        await refused(launch(other, { InstanceType }), "InsufficientInstanceCapacity");
        const instance = await launch(client, {
          InstanceType,
          CapacityReservationSpecification: into(id),
        });
        expect(await available(id, client)).toBe(999);
        await stop(instance, client);
        expect(await available(id, client)).toBe(1000);
        await refused(launch(other, { InstanceType }), "InsufficientInstanceCapacity");
        await start(instance, client);
        expect(await reservationOf(instance, client)).toBe(id);
        await cancel(id, client);
        expect(await hardware(own)).toMatchObject({ instances: 1, held: 0 });
        await launch(other, { InstanceType });
        // What ran in it runs on.
        expect(await shownInstance(client, instance)).toMatchObject({ State: { Name: "running" } });
        expect(await reservationOf(instance, client)).toBeUndefined();
        await stop(instance, client);
        await refused(start(instance, client), "InvalidCapacityReservationState");
      }),
    60_000,
  );

  test("what matches an open one is in it, if it does not want otherwise", async () => {
    const { id } = await reserve({ InstanceCount: 2 });
    const inside = await launchWith();
    const outside = await launchWith({ CapacityReservationPreference: "none" });
    const only = await launchWith({ CapacityReservationPreference: "capacity-reservations-only" });
    const late = await launchWith();
    const all = [inside, outside, only, late];
    expect(await Promise.all(all.map((each) => reservationOf(each)))).toEqual([id, undefined, id, undefined]);
    expect((await placeOf(islet, inside))?.reservation).toBe(id);
    expect((await shownInstance(ec2, only)).CapacityReservationSpecification).toEqual({
      CapacityReservationPreference: "capacity-reservations-only",
    });
    const usage = await ec2.send(new GetCapacityReservationUsageCommand({ CapacityReservationId: id }));
    expect(usage).toMatchObject({
      CapacityReservationId: id,
      InstanceType: "m5.large",
      TotalInstanceCount: 2,
      AvailableInstanceCount: 0,
      State: "active",
      InstanceUsages: [{ AccountId: expect.stringMatching(/^\d{12}$/) as unknown, UsedInstanceCount: 2 }],
    });
    expect((await shown(id)).CapacityAllocations).toEqual([{ AllocationType: "used", Count: 2 }]);
    const { CapacityReservationGroups } = await ec2.send(
      new GetGroupsForCapacityReservationCommand({ CapacityReservationId: id }),
    );
    expect(CapacityReservationGroups).toEqual([]);
    const { Reservations = [] } = await ec2.send(
      new DescribeInstancesCommand({ Filters: [{ Name: "capacity-reservation-id", Values: [id] }] }),
    );
    expect(Reservations).toHaveLength(2);
    await terminate(...all);
    expect(await available(id)).toBe(2);
    await cancel(id);
  });

  test("what runs already comes into one that is made, and into one that grows or opens", () =>
    withOwn(async (own, client) => {
      const [one = "", two = "", three = ""] = (
        await launchAll(client, { InstanceType: "m5.large", MinCount: 3, MaxCount: 3 })
      ).map(({ InstanceId }) => InstanceId ?? "");
      const { id, ...view } = await reserve({ InstanceCount: 2 }, client);
      expect(view).toMatchObject({ TotalInstanceCount: 2, AvailableInstanceCount: 0 });
      expect(await hardware(own)).toMatchObject({ instances: 3, held: 0 });
      await modify(id, { InstanceCount: 4 }, client);
      expect(await available(id, client)).toBe(1);
      expect((await hardware(own)).held).toBe(1);
      expect(await reservationOf(three, client)).toBe(id);
      expect((await placeOf(own, three))?.reservation).toBe(id);
      await stop(one, client);
      expect((await hardware(own)).held).toBe(2);
      await modify(id, { InstanceCount: 2 }, client);
      expect(await hardware(own)).toMatchObject({ instances: 2, held: 0 });
      await cancel(id, client);
      const { id: targeted } = await reserve({ InstanceCount: 1, InstanceMatchCriteria: "targeted" }, client);
      expect(await available(targeted, client)).toBe(1);
      await modify(targeted, { InstanceMatchCriteria: "open" }, client);
      expect(await available(targeted, client)).toBe(0);
      expect(await reservationOf(two, client)).toBe(targeted);
      await operate(own, "POST reset", { Region: "us-east-1" });
      expect(await hardware(own)).toMatchObject({ instances: 0, held: 0 });
    }));

  test("a stopped instance names another, or none", async () => {
    const { id } = await reserveTargeted();
    const stopped = await launchStopped(ec2, { InstanceType: "m5.large" });
    expect(await attribute(stopped, into(id))).toMatchObject({ Return: true });
    await start(stopped);
    expect(await shownInstance(ec2, stopped)).toMatchObject({
      CapacityReservationId: id,
      CapacityReservationSpecification: into(id),
    });
    await stop(stopped);
    expect(await reservationOf(stopped)).toBeUndefined();
    await attribute(stopped, { CapacityReservationPreference: "none" });
    await start(stopped);
    expect(await reservationOf(stopped)).toBeUndefined();
    await terminate(stopped);
    await cancel(id);
  });

  test("one with an end date ends by itself, if the end is not put off", () =>
    withOwn(async (own, client) => {
      const one = await reserve({ EndDate: inDays(1) }, client);
      const other = await reserve({ EndDate: inDays(1) }, client);
      const late = await reserve({ EndDate: inDays(1) }, client);
      const instance = await launchWith(into(one.id), client);
      await modify(other.id, { EndDateType: "unlimited" }, client);
      await modify(late.id, { EndDate: inDays(3) }, client);
      await advanceClock(own, DAY + 60);
      expect(await shown(one.id, client)).toMatchObject({ State: "expired", AvailableInstanceCount: 0 });
      expect(await reservationOf(instance, client)).toBeUndefined();
      expect(await shown(other.id, client)).toMatchObject({ State: "active", EndDateType: "unlimited" });
      expect((await shown(late.id, client)).State).toBe("active");
      expect((await hardware(own)).held).toBe(2);
      await advanceClock(own, 2 * DAY);
      expect((await hardware(own)).held).toBe(1);
      await advanceClock(own, DAY);
      await refused(shown(one.id, client), "InvalidCapacityReservationId.NotFound");
    }));

  test("one in advance is assessed, begins when it is said to, and is not cancelled before its time", () =>
    withOwn(async (own, client) => {
      const { id, ...made } = await reserveInAdvance(client, 10);
      expect(made).toMatchObject({ State: "assessing", AvailableInstanceCount: 0 });
      expect(await shown(id, client)).toMatchObject({
        State: "scheduled",
        DeliveryPreference: "incremental",
        CommitmentInfo: {
          CommittedInstanceCount: 16,
          CommitmentDuration: 20 * DAY,
          CommitmentEndDate: expect.any(Date) as unknown,
        },
      });
      await refused(cancel(id, client), "OperationNotPermitted");
      await refused(modify(id, { InstanceCount: 17 }, client), "InvalidCapacityReservationState");
      await refused(modify(id, { EndDate: inDays(29) }, client), "OperationNotPermitted");
      await modify(id, { EndDate: inDays(40) }, client);
      expect((await hardware(own)).held).toBe(0);
      await advanceClock(own, 10 * DAY + 60);
      expect(await shown(id, client)).toMatchObject({ State: "active", AvailableInstanceCount: 16 });
      expect((await hardware(own)).held).toBe(16);
      await refused(cancel(id, client), "OperationNotPermitted");
      await refused(modify(id, { InstanceCount: 15 }, client), "OperationNotPermitted");
      await refused(modify(id, { EndDate: inDays(12) }, client), "OperationNotPermitted");
      await refused(split(id, 1, client), "OperationNotPermitted");
      await modify(id, { InstanceCount: 18 }, client);
      await modify(id, { InstanceCount: 16 }, client);
      await advanceClock(own, 21 * DAY);
      await cancel(id, client);
      expect((await hardware(own)).held).toBe(0);
    }));

  test(
    "one in advance that finds no room is late, and binds nobody then",
    () =>
      withOwn(async (own, client) => {
        const InstanceType = "m5.24xlarge";
        const asked = { InstanceType, InstanceCount: 1 } as const;
        const { id } = await reserveInAdvance(client, 5.5, asked);
        const { id: unwanted } = await reserveInAdvance(client, 5.5, asked);
        const { id: vain } = await reserveInAdvance(client, 5.5, { ...asked, EndDate: inDays(26) });
        const all = await reserveTargeted({ InstanceType, InstanceCount: 1000 }, client);
        await advanceClock(own, 6 * DAY);
        expect((await shown(id, client)).State).toBe("delayed");
        await cancel(unwanted, client);
        await advanceClock(own, 20.5 * DAY);
        expect((await shown(vain, client)).State).toBe("expired");
        await cancel(all.id, client);
        await advanceClock(own, 3601);
        expect((await shown(id, client)).State).toBe("active");
        await cancel(id, client);
      }),
    60_000,
  );

  test("a part of one becomes another, first what is free, then what runs", () =>
    withOwn(async (own, client) => {
      const source = await reserve({ InstanceCount: 4, EbsOptimized: true }, client);
      const launched = await launchAll(client, { InstanceType: "m5.large", MinCount: 2, MaxCount: 2 });
      const answer = await split(source.id, 3, client);
      const made = answer.DestinationCapacityReservation?.CapacityReservationId ?? "";
      expect(answer).toMatchObject({
        InstanceCount: 3,
        SourceCapacityReservation: { TotalInstanceCount: 1, AvailableInstanceCount: 0 },
        DestinationCapacityReservation: {
          State: "active",
          EbsOptimized: true,
          TotalInstanceCount: 3,
          AvailableInstanceCount: 2,
          Tags: [],
        },
      });
      const where = await Promise.all(
        launched.map(async ({ InstanceId = "" }) => [
          await reservationOf(InstanceId, client),
          (await placeOf(own, InstanceId))?.reservation,
        ]),
      );
      expect(where).toEqual([
        [made, made],
        [source.id, source.id],
      ]);
      expect(await hardware(own)).toMatchObject({ instances: 2, held: 2 });
      await stop(launched[0]?.InstanceId ?? "", client);
      expect(await available(made, client)).toBe(3);
      expect((await hardware(own)).held).toBe(3);
    }));

  test("room moves from one to another; what is left without is cancelled", async () => {
    const from = await reserveTargeted({ InstanceCount: 3 });
    const to = await reserveTargeted();
    expect(await move(from.id, to.id, 2)).toMatchObject({
      InstanceCount: 2,
      SourceCapacityReservation: { TotalInstanceCount: 1, State: "active" },
      DestinationCapacityReservation: { TotalInstanceCount: 3, AvailableInstanceCount: 3 },
    });
    const last = await move(from.id, to.id, 1);
    expect(last.SourceCapacityReservation?.State).toBe("cancelled");
    expect(await available(to.id)).toBe(4);
    await cancel(to.id);
  });

  test("dedicated ones are for dedicated instances", async () => {
    const { id } = await reserve({ Tenancy: "dedicated" });
    const shared = await launchWith();
    const dedicated = await launch(ec2, {
      InstanceType: "m5.large",
      Placement: { Tenancy: "dedicated" },
    });
    expect(await reservationOf(shared)).toBeUndefined();
    expect(await reservationOf(dedicated)).toBe(id);
    await terminate(shared, dedicated);
    await cancel(id);
  });

  test("a restart of the server keeps the room, and who was in it", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-"));
    const options = { memory: false, data } as const;
    try {
      const before = await ownIslet(options);
      const keys = freshKeys(before);
      const client = new EC2Client(configOf(before, keys));
      const { id } = await reserve({ InstanceCount: 3 }, client);
      const gone = await reserve({}, client);
      await cancel(gone.id, client);
      const instance = await launchWith(undefined, client);
      await before.close();

      const after = await ownIslet(options);
      const again = new EC2Client(configOf(after, keys));
      expect((await placeOf(after, instance))?.reservation).toBe(id);
      expect(await hardware(after)).toMatchObject({ instances: 1, held: 2 });
      expect(await available(id, again)).toBe(2);
      await stop(instance, again);
      expect((await hardware(after)).held).toBe(3);
      await cancel(id, again);
      expect((await hardware(after)).held).toBe(0);
      await after.close();
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });
});
