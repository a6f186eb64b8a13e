/** Locks, tiers and fast restores: what becomes of a snapshot over time. */
import {
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DescribeFastSnapshotRestoresCommand,
  DescribeLockedSnapshotsCommand,
  DescribeSnapshotsCommand,
  DescribeSnapshotTierStatusCommand,
  DisableFastSnapshotRestoresCommand,
  EnableFastSnapshotRestoresCommand,
  LockSnapshotCommand,
  ModifySnapshotTierCommand,
  RestoreSnapshotTierCommand,
  UnlockSnapshotCommand,
  type LockSnapshotCommandInput,
  type RestoreSnapshotTierCommandInput,
} from "@aws-sdk/client-ec2";
import { afterAll, describe, expect, test } from "vitest";
import { freshClient, ownIslet, refused } from "../islet.ts";
import { operate } from "../operator.ts";

const islet = await ownIslet();
afterAll(() => islet.close());
const ec2 = await freshClient({ islet });
const HOUR = 3600;
const DAY = 24 * HOUR;
const advance = (Advance: number) => operate(islet, "POST clock", { Advance });
const MISSING = "snap-0123456789abcdef0";

const snapshot = async (Size = 1, client = ec2): Promise<string> => {
  const { VolumeId } = await client.send(
    new CreateVolumeCommand({ AvailabilityZone: "us-east-1a", Size, VolumeType: "gp3" }),
  );
  return (await client.send(new CreateSnapshotCommand({ VolumeId }))).SnapshotId ?? "";
};
const remove = (SnapshotId: string) => ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
const restored = (SnapshotId: string, AvailabilityZone = "us-east-1a") =>
  ec2.send(new CreateVolumeCommand({ AvailabilityZone, SnapshotId }));

describe("locks", () => {
  const lock = (SnapshotId: string, asked: Partial<LockSnapshotCommandInput>) =>
    ec2.send(new LockSnapshotCommand({ SnapshotId, LockMode: "governance", ...asked }));
  const unlock = (SnapshotId: string) => ec2.send(new UnlockSnapshotCommand({ SnapshotId }));
  const shown = async (SnapshotId: string) =>
    (await ec2.send(new DescribeLockedSnapshotsCommand({ SnapshotIds: [SnapshotId] }))).Snapshots?.[0];

  test("refuse to parse durations that are none, or two", async () => {
    const id = await snapshot();
    await refused(lock(id, {}), "MissingParameter");
    await refused(lock(id, { LockDuration: 0 }), "InvalidParameterValue");
    await refused(lock(id, { LockDuration: 36_501 }), "InvalidParameterValue");
    const ExpirationDate = new Date(Date.now() + 100 * DAY * 1000);
    await refused(lock(id, { LockDuration: 1, ExpirationDate }), "InvalidParameterCombination");
    await refused(lock(id, { ExpirationDate: new Date(0) }), "InvalidParameterValue");
    await refused(lock(id, { LockDuration: 1, CoolOffPeriod: 1 }), "InvalidParameterCombination");
    for (const CoolOffPeriod of [0, 73]) {
      await refused(
        lock(id, { LockMode: "compliance", LockDuration: 1, CoolOffPeriod }),
        "InvalidParameterValue",
      );
    }
    await refused(lock(MISSING, { LockDuration: 1 }), "InvalidSnapshot.NotFound");
    await refused(unlock(id), "IncorrectState");
  });

  test("keep a snapshot from being deleted, until they are taken off or expire", async () => {
    const id = await snapshot();
    expect(await lock(id, { LockDuration: 2 })).toMatchObject({
      SnapshotId: id,
      LockState: "governance",
      LockDuration: 2,
      LockCreatedOn: expect.any(Date) as Date,
      LockExpiresOn: expect.any(Date) as Date,
      LockDurationStartTime: expect.any(Date) as Date,
    });
    await refused(remove(id), "OperationNotPermitted");
    await unlock(id);
    expect(await shown(id)).toBeUndefined();
    await lock(id, { LockDuration: 1 });
    await advance(DAY + 1);
    expect(await shown(id)).toMatchObject({ LockState: "expired" });
    await refused(unlock(id), "IncorrectState");
    await remove(id);
  });

  test("in compliance mode can be taken off while they cool off, and then only last longer", async () => {
    const id = await snapshot();
    expect(await lock(id, { LockMode: "compliance", LockDuration: 10, CoolOffPeriod: 2 })).toMatchObject({
      LockState: "compliance-cooloff",
      CoolOffPeriod: 2,
      CoolOffPeriodExpiresOn: expect.any(Date) as Date,
    });
    await unlock(id);
    await lock(id, { LockMode: "compliance", LockDuration: 10, CoolOffPeriod: 2 });
    await advance(2 * HOUR + 1);
    expect(await shown(id)).toMatchObject({ LockState: "compliance" });
    await refused(unlock(id), "OperationNotPermitted");
    await refused(lock(id, { LockDuration: 20 }), "OperationNotPermitted");
    await refused(lock(id, { LockMode: "compliance", LockDuration: 9 }), "OperationNotPermitted");
    expect(await lock(id, { LockMode: "compliance", LockDuration: 20 })).toMatchObject({ LockDuration: 20 });
    await refused(remove(id), "OperationNotPermitted");
  });

  test("last until a date, and are found by their state", async () => {
    const client = ec2;
    const id = await snapshot();
    const { Snapshots: before } = await client.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] }));
    const ExpirationDate = new Date((before?.[0]?.StartTime?.getTime() ?? 0) + 30 * DAY * 1000);
    expect(await lock(id, { ExpirationDate })).toMatchObject({ LockExpiresOn: ExpirationDate });
    const found = async (state: string) =>
      (
        await client.send(
          new DescribeLockedSnapshotsCommand({ Filters: [{ Name: "lock-state", Values: [state] }] }),
        )
      ).Snapshots?.map(({ SnapshotId }) => SnapshotId);
    expect(await found("governance")).toContain(id);
    expect(await found("expired")).not.toContain(id);
  });
});

describe("tiers", () => {
  const archive = (SnapshotId: string) =>
    ec2.send(new ModifySnapshotTierCommand({ SnapshotId, StorageTier: "archive" }));
  const restore = (SnapshotId: string, asked: Partial<RestoreSnapshotTierCommandInput>) =>
    ec2.send(new RestoreSnapshotTierCommand({ SnapshotId, ...asked }));
  const status = async (SnapshotId: string, Name = "snapshot-id", value = SnapshotId) => {
    const Filters = [{ Name, Values: [value] }];
    const { SnapshotTierStatuses = [] } = await ec2.send(new DescribeSnapshotTierStatusCommand({ Filters }));
    return SnapshotTierStatuses.find((each) => each.SnapshotId === SnapshotId);
  };

  test("refuse what cannot be moved, or how", async () => {
    const id = await snapshot();
    await refused(restore(id, { PermanentRestore: true }), "IncorrectState");
    await archive(id);
    await refused(archive(id), "IncorrectState");
    await refused(restore(id, {}), "MissingParameter");
    await refused(
      restore(id, { PermanentRestore: true, TemporaryRestoreDays: 1 }),
      "InvalidParameterCombination",
    );
    for (const TemporaryRestoreDays of [0, 181]) {
      await refused(restore(id, { TemporaryRestoreDays }), "InvalidParameterValue");
    }
    await refused(restored(id), "IncorrectState", /archived/);
    await refused(
      ec2.send(new LockSnapshotCommand({ SnapshotId: id, LockMode: "governance", LockDuration: 1 })),
      "IncorrectState",
    );
  });

  test("archive a snapshot, restore it for days, and for good", async () => {
    const id = await snapshot();
    expect(await status(id)).toMatchObject({ StorageTier: "standard", Status: "completed" });
    expect(await archive(id)).toMatchObject({ SnapshotId: id, TieringStartTime: expect.any(Date) as Date });
    expect(await status(id)).toMatchObject({
      StorageTier: "archive",
      LastTieringOperationStatus: "archival-completed",
      LastTieringProgress: 100,
      ArchivalCompleteTime: expect.any(Date) as Date,
    });
    expect(await restore(id, { TemporaryRestoreDays: 2 })).toMatchObject({
      RestoreDuration: 2,
      IsPermanentRestore: false,
      RestoreStartTime: expect.any(Date) as Date,
    });
    await restored(id);
    expect(await status(id, "last-tiering-operation", "temporary-restore-completed")).toMatchObject({
      StorageTier: "standard",
      RestoreExpiryTime: expect.any(Date) as Date,
    });
    await advance(2 * DAY + 1);
    await refused(restored(id), "IncorrectState", /archived/);
    await restore(id, { TemporaryRestoreDays: 1 });
    expect(await restore(id, { PermanentRestore: true })).toMatchObject({ IsPermanentRestore: true });
    await advance(3 * DAY);
    expect(await status(id)).toMatchObject({
      StorageTier: "standard",
      LastTieringOperationStatus: "permanent-restore-completed",
    });
    await restored(id);
  });

  test("are found by volume", async () => {
    const id = await snapshot();
    const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] }));
    expect(await status(id, "volume-id", Snapshots?.[0]?.VolumeId)).toMatchObject({ SnapshotId: id });
  });
});

describe("fast restores", () => {
  const zones = { AvailabilityZones: ["us-east-1a"] };
  const enable = (ids: string[], asked: object = zones) =>
    ec2.send(new EnableFastSnapshotRestoresCommand({ SourceSnapshotIds: ids, ...asked }));
  const disable = (ids: string[], asked: object = zones) =>
    ec2.send(new DisableFastSnapshotRestoresCommand({ SourceSnapshotIds: ids, ...asked }));
  const shown = async (Name: string, value: string) =>
    (await ec2.send(new DescribeFastSnapshotRestoresCommand({ Filters: [{ Name, Values: [value] }] })))
      .FastSnapshotRestores ?? [];

  test("refuse zones that are none, and ids that are none", async () => {
    const id = await snapshot();
    await refused(enable([id], {}), "MissingParameter");
    await refused(enable([id], { AvailabilityZones: ["us-east-1z"] }), "InvalidZone.NotFound");
    await refused(enable(["vol-1"]), "InvalidSnapshotID.Malformed");
    await refused(
      enable([id], { AvailabilityZones: ["us-east-1a"], AvailabilityZoneIds: ["use1-az1"] }),
      "InvalidParameterCombination",
    );
  });

  test("tell for each snapshot what could not be done", async () => {
    const id = await snapshot();
    const { Successful, Unsuccessful } = await enable([id, MISSING]);
    expect(Successful).toMatchObject([{ SnapshotId: id, State: "enabling" }]);
    expect(Unsuccessful).toMatchObject([
      {
        SnapshotId: MISSING,
        FastSnapshotRestoreStateErrors: [
          { AvailabilityZone: "us-east-1a", Error: { Code: "InvalidSnapshot.NotFound" } },
        ],
      },
    ]);
    const large = await snapshot(16_385);
    expect((await enable([large])).Unsuccessful).toHaveLength(1);
    expect((await disable([large])).Unsuccessful).toHaveLength(1);
  });

  test("make volumes fast in their zone, and keep the snapshot from being deleted", async () => {
    const id = await snapshot();
    expect((await enable([id])).Successful).toMatchObject([
      {
        SnapshotId: id,
        AvailabilityZone: "us-east-1a",
        State: "enabling",
        StateTransitionReason: "Client.UserInitiated",
        EnablingTime: expect.any(Date) as Date,
      },
    ]);
    expect(await shown("snapshot-id", id)).toMatchObject([
      {
        State: "enabled",
        StateTransitionReason: "Client.UserInitiated - Lifecycle state transition",
        OptimizingTime: expect.any(Date) as Date,
        EnabledTime: expect.any(Date) as Date,
      },
    ]);
    expect((await enable([id])).Successful).toMatchObject([{ State: "enabled" }]);
    expect(await restored(id)).toMatchObject({ FastRestored: true });
    expect((await restored(id, "us-east-1b")).FastRestored).toBeUndefined();
    await refused(
      remove(id),
      "InvalidSnapshot.InUse",
      `The snapshot ${id} is currently enabled for fast restores in us-east-1a. Fast snapshot restores must be disabled within all Availability Zones before the snapshot may be deleted.`,
    );
    await refused(
      ec2.send(new ModifySnapshotTierCommand({ SnapshotId: id, StorageTier: "archive" })),
      "InvalidSnapshot.InUse",
    );
    const [{ AvailabilityZoneId = "", OwnerId = "" } = {}] = await shown("snapshot-id", id);
    for (const [name, value] of [
      ["availability-zone", "us-east-1a"],
      ["availability-zone-id", AvailabilityZoneId],
      ["owner-id", OwnerId],
      ["state", "enabled"],
    ] as const) {
      expect((await shown(name, value)).map(({ SnapshotId }) => SnapshotId)).toContain(id);
    }
    const ids = { AvailabilityZoneIds: [AvailabilityZoneId] };
    expect((await disable([id], ids)).Successful).toMatchObject([{ State: "disabling" }]);
    expect(await shown("snapshot-id", id)).toMatchObject([{ State: "disabled" }]);
    expect((await enable([id])).Successful).toMatchObject([{ State: "enabling" }]);
    await disable([id]);
    await remove(id);
    await advance(2 * HOUR);
    expect(await shown("snapshot-id", id)).toEqual([]);
  });
});
