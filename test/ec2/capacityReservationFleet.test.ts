import {
  CancelCapacityReservationFleetsCommand,
  CreateCapacityReservationFleetCommand,
  DescribeCapacityReservationFleetsCommand,
  DescribeCapacityReservationsCommand,
  ModifyCapacityReservationFleetCommand,
  type CapacityReservationFleet,
  type CreateCapacityReservationFleetCommandInput,
  type ModifyCapacityReservationFleetCommandInput,
  type ReservationFleetInstanceSpecification,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { freshClient, refused } from "../islet.ts";
import { withOwn } from "../ownServer.ts";
import { note } from "../seen.ts";
import { launch, shownInstance } from "./launch.ts";
import { hardware } from "./placeOf.ts";

const ec2 = await freshClient();

const type = (
  InstanceType: ReservationFleetInstanceSpecification["InstanceType"],
  asked: ReservationFleetInstanceSpecification = {},
): ReservationFleetInstanceSpecification => ({
  InstanceType,
  InstancePlatform: "Linux/UNIX",
  AvailabilityZone: "us-east-1a",
  ...asked,
});

type Asked = Partial<CreateCapacityReservationFleetCommandInput>;

const create = (asked: Asked = {}, client = ec2) =>
  client.send(
    new CreateCapacityReservationFleetCommand({
      InstanceTypeSpecifications: [type("m5.large")],
      TotalTargetCapacity: 2,
      ...asked,
    }),
  );

async function created(asked: Asked, client = ec2): Promise<string> {
  const { CapacityReservationFleetId } = await create(asked, client);
  return CapacityReservationFleetId ?? "";
}

async function shown(id: string, client = ec2): Promise<CapacityReservationFleet> {
  const { CapacityReservationFleets = [] } = await client.send(
    new DescribeCapacityReservationFleetsCommand({ CapacityReservationFleetIds: [id] }),
  );
  return CapacityReservationFleets[0] ?? {};
}

/** What its reservations are for, and how many instances each. */
async function parts(id: string, client = ec2): Promise<[string | undefined, number | undefined][]> {
  const { InstanceTypeSpecifications = [] } = await shown(id, client);
  return InstanceTypeSpecifications.map(({ InstanceType, TotalInstanceCount, FulfilledCapacity }) => [
    InstanceType,
    FulfilledCapacity === 0 ? 0 : TotalInstanceCount,
  ]);
}

const modify = (
  CapacityReservationFleetId: string,
  asked: Omit<ModifyCapacityReservationFleetCommandInput, "CapacityReservationFleetId">,
  client = ec2,
) => client.send(new ModifyCapacityReservationFleetCommand({ CapacityReservationFleetId, ...asked }));

const cancel = (CapacityReservationFleetIds: string[], client = ec2) =>
  client.send(new CancelCapacityReservationFleetsCommand({ CapacityReservationFleetIds }));

const inDays = (days: number): Date => new Date(Date.now() + days * 24 * 3_600_000);
const DAY = 24 * 3600;

describe("what it refuses to parse", () => {
  const one = (asked: ReservationFleetInstanceSpecification) => ({
    InstanceTypeSpecifications: [type("m5.large", asked)],
  });
  test.each<[string, Asked, string]>([
    ["no type", one({ InstanceType: undefined }), "MissingParameter"],
    ["no platform", one({ InstancePlatform: undefined }), "MissingParameter"],
    ["no zone", one({ AvailabilityZone: undefined }), "MissingParameter"],
    ["no weight", one({ Weight: 0 }), "InvalidParameterValue"],
    ["a priority below all", one({ Priority: -1 }), "InvalidParameterValue"],
    ["no units", { TotalTargetCapacity: 0 }, "InvalidParameterValue"],
    ["a zone of the whole", { AvailabilityZone: "us-east-1a" }, "UnsupportedOperation"],
    [
      "requirements",
      { InstanceRequirements: { VCpuCount: { Min: 1 }, MemoryMiB: { Min: 1 } } },
      "UnsupportedOperation",
    ],
    ["no types", { InstanceTypeSpecifications: undefined }, "MissingParameter"],
    ["another strategy", { AllocationStrategy: "lowest" }, "InvalidParameterValue"],
    ["an end in the past", { EndDate: new Date(0) }, "InvalidParameterValue"],
    [
      "two zones",
      {
        InstanceTypeSpecifications: [type("m5.large"), type("m5.large", { AvailabilityZone: "us-east-1b" })],
      },
      "InvalidParameterCombination",
    ],
  ])("%s", async (_, asked, code) => {
    await refused(create(asked), code);
  });

  test("ids that are none", async () => {
    await refused(shown("crf-x"), "InvalidCapacityReservationFleetId.Malformed");
    await refused(shown("crf-0123456789abcdef0"), "InvalidCapacityReservationFleetId.NotFound");
  });
});

describe("what it refuses to do", () => {
  test("to change nothing, to end and not to end, and what is over", async () => {
    const id = await created({});
    await refused(modify(id, {}), "MissingParameter");
    await refused(modify(id, { TotalTargetCapacity: 0 }), "InvalidParameterValue");
    await refused(modify(id, { EndDate: inDays(1), RemoveEndDate: true }), "InvalidParameterCombination");
    await cancel([id]);
    await refused(modify(id, { TotalTargetCapacity: 3 }), "InvalidCapacityReservationState");
    const unknown = "crf-0123456789abcdef0";
    const { FailedFleetCancellations = [], ...answer } = await cancel([id, unknown]);
    expect(answer.SuccessfulFleetCancellations).toEqual([]);
    const codes = FailedFleetCancellations.map((each) => [
      each.CapacityReservationFleetId,
      each.CancelCapacityReservationFleetError?.Code,
    ]);
    for (const [, code = ""] of codes) note("CancelCapacityReservationFleets", code);
    expect(codes).toEqual([
      [id, "InvalidCapacityReservationState"],
      [unknown, "InvalidCapacityReservationFleetId.NotFound"],
    ]);
  });

  test(
    "to reserve what there is not: it fails, and is forgotten",
    () =>
      withOwn(async (own, client) => {
        const all = [type("u-3tb1.56xlarge")];
        await created({ InstanceTypeSpecifications: all, TotalTargetCapacity: 1000 }, client);
        const id = await created({ InstanceTypeSpecifications: all }, client);
        expect(await shown(id, client)).toMatchObject({ State: "failed", TotalFulfilledCapacity: 0 });
        await advanceClock(own, 3600);
        await refused(shown(id, client), "InvalidCapacityReservationFleetId.NotFound");
      }),
    60_000,
  );
});

describe("what it does", () => {
  test("units are reserved by weight, of the type with the first priority", async () => {
    const Tags = [{ Key: "k", Value: "v" }];
    const answer = await create({
      InstanceTypeSpecifications: [
        type("m5.xlarge", { Weight: 4, Priority: 2 }),
        type("m5.large", { Weight: 2, Priority: 1, EbsOptimized: true }),
      ],
      TotalTargetCapacity: 7,
      TagSpecifications: [{ ResourceType: "capacity-reservation-fleet", Tags }],
    });
    const id = answer.CapacityReservationFleetId ?? "";
    expect(answer).toMatchObject({
      State: "submitted",
      TotalTargetCapacity: 7,
      TotalFulfilledCapacity: 8,
      InstanceMatchCriteria: "open",
      AllocationStrategy: "prioritized",
      Tenancy: "default",
      Tags,
      FleetCapacityReservations: [
        {
          CapacityReservationId: expect.stringMatching(/^cr-/) as unknown,
          InstanceType: "m5.large",
          InstancePlatform: "Linux/UNIX",
          AvailabilityZone: "us-east-1a",
          TotalInstanceCount: 4,
          FulfilledCapacity: 8,
          EbsOptimized: true,
          Weight: 2,
          Priority: 1,
        },
      ],
    });
    expect(await shown(id)).toMatchObject({
      State: "active",
      CapacityReservationFleetArn: expect.stringMatching(
        new RegExp(`:capacity-reservation-fleet/${id}$`),
      ) as unknown,
    });
    const CapacityReservationIds = [answer.FleetCapacityReservations?.[0]?.CapacityReservationId ?? ""];
    const { CapacityReservations } = await ec2.send(
      new DescribeCapacityReservationsCommand({ CapacityReservationIds }),
    );
    expect(CapacityReservations?.[0]).toMatchObject({ CapacityReservationFleetId: id, Tags });
    const instance = await launch(ec2, { InstanceType: "m5.large" });
    expect((await shownInstance(ec2, instance)).CapacityReservationId).toBe(CapacityReservationIds[0]);
    for (const [Name, value] of Object.entries({
      state: "active",
      "instance-match-criteria": "open",
      tenancy: "default",
      "allocation-strategy": "prioritized",
      "tag:k": "v",
    })) {
      const found = await ec2.send(
        new DescribeCapacityReservationFleetsCommand({ Filters: [{ Name, Values: [value] }] }),
      );
      const ids = found.CapacityReservationFleets?.map((each) => each.CapacityReservationFleetId);
      expect([Name, ids]).toEqual([Name, expect.arrayContaining([id]) as unknown]);
    }
    expect(await cancel([id])).toMatchObject({
      SuccessfulFleetCancellations: [
        {
          CapacityReservationFleetId: id,
          PreviousFleetState: "active",
          CurrentFleetState: "cancelled",
        },
      ],
    });
    expect((await shownInstance(ec2, instance)).CapacityReservationId).toBeUndefined();
  });

  test(
    "it takes the next type where there is no room for the first, and grows and shrinks",
    () =>
      withOwn(async (own, client) => {
        const big = type("u-3tb1.56xlarge", { Priority: 0, Weight: 10 });
        const all = await created({ InstanceTypeSpecifications: [big], TotalTargetCapacity: 9990 }, client);
        expect(await parts(all, client)).toEqual([["u-3tb1.56xlarge", 999]]);
        const id = await created(
          {
            InstanceTypeSpecifications: [type("m5.large", { Priority: 1 }), big],
            TotalTargetCapacity: 11,
          },
          client,
        );
        // Two of the first would be needed, and one is left.
        expect(await parts(id, client)).toEqual([["m5.large", 11]]);
        await modify(id, { TotalTargetCapacity: 5 }, client);
        expect(await parts(id, client)).toEqual([["m5.large", 5]]);
        expect((await shown(id, client)).State).toBe("active");
        await modify(id, { TotalTargetCapacity: 15 }, client);
        expect(await parts(id, client)).toEqual([
          ["m5.large", 5],
          ["u-3tb1.56xlarge", 1],
        ]);
        const lacking = [type("u-3tb1.56xlarge")];
        await modify(all, { TotalTargetCapacity: 20_000 }, client);
        expect((await shown(all, client)).State).toBe("partially_fulfilled");
        expect(await created({ InstanceTypeSpecifications: lacking }, client)).toMatch(/^crf-/);
        await cancel([id], client);
        await modify(all, { TotalTargetCapacity: 10_000 }, client);
        expect(await parts(all, client)).toEqual([["u-3tb1.56xlarge", 1000]]);
        expect((await hardware(own)).hosts).toBeGreaterThan(1000);
      }),
    60_000,
  );

  test("it ends at its end date with all its reservations, unless that is taken away", () =>
    withOwn(async (own, client) => {
      const ending = await created({ EndDate: inDays(1) }, client);
      const staying = await created({ EndDate: inDays(1) }, client);
      await modify(staying, { RemoveEndDate: true }, client);
      await modify(ending, { EndDate: inDays(2) }, client);
      await advanceClock(own, DAY + 60);
      expect((await shown(ending, client)).State).toBe("active");
      await advanceClock(own, DAY);
      expect(await shown(ending, client)).toMatchObject({ State: "expired", TotalFulfilledCapacity: 0 });
      expect((await shown(staying, client)).State).toBe("active");
      expect((await hardware(own)).held).toBe(2);
    }));
});
