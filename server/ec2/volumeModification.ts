import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { checkStorage } from "./storageQuota.ts";
import { volumes, type Volume } from "./volume.ts";
import { readShape, shownIops, type VolumeShape } from "./volumeType.ts";

/** The latest change of a volume's shape. Its id is the volume's. */
export interface VolumeModification extends ResourceRow {
  readonly state: "modifying" | "optimizing" | "completed";
  readonly original: VolumeShape;
  readonly target: VolumeShape;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly ended: number | undefined;
  /** When this and the volume's other modifications of the last day began: milliseconds since the epoch, in order. */
  readonly starts: readonly number[];
}

/** How long it takes until a new size is there, and then until the volume performs as it should. */
const MODIFYING_SECONDS = 5;
const OPTIMIZING_SECONDS = 60;

/** Of one volume, in any 24 hours. */
const MAX_MODIFICATIONS = 4;
const DAY = 24 * 3600 * 1000;

/** Per cent. */
function progressOf({ state, started }: VolumeModification, now: number): number {
  if (state === "completed") return 100;
  if (state === "modifying") return 0;
  const duration = (MODIFYING_SECONDS + OPTIMIZING_SECONDS) * 1000;
  return Math.min(Math.floor((100 * (now - started)) / duration), 99);
}

/** EC2 keeps one modification of a volume: the latest. */
export const volumeModifications = defineResource({
  type: "volume-modification",
  idPrefix: "vol",
  notFound: "InvalidVolumeModification.NotFound",
  malformed: "InvalidVolumeID.Malformed",
  ids: "VolumeIds",
  view: (modification: VolumeModification, { ctx }): Sdk.VolumeModification => {
    const { id, state, original, target, started, ended } = modification;
    return {
      VolumeId: id,
      ModificationState: state,
      OriginalSize: original.size,
      OriginalVolumeType: original.volumeType,
      OriginalIops: shownIops(original),
      OriginalThroughput: original.throughput,
      OriginalMultiAttachEnabled: original.multiAttach,
      TargetSize: target.size,
      TargetVolumeType: target.volumeType,
      TargetIops: shownIops(target),
      TargetThroughput: target.throughput,
      TargetMultiAttachEnabled: target.multiAttach,
      Progress: progressOf(modification, ctx.now),
      StartTime: new Date(started),
      EndTime: ended === undefined ? undefined : new Date(ended),
      Operator: { Managed: false },
    };
  },
  filters: {
    "modification-state": (modification) => modification.ModificationState,
    "original-iops": (modification) => modification.OriginalIops,
    "original-size": (modification) => modification.OriginalSize,
    "original-volume-type": (modification) => modification.OriginalVolumeType,
    originalMultiAttachEnabled: (modification) => modification.OriginalMultiAttachEnabled,
    "start-time": (modification) => modification.StartTime,
    "target-iops": (modification) => modification.TargetIops,
    "target-size": (modification) => modification.TargetSize,
    "target-volume-type": (modification) => modification.TargetVolumeType,
    targetMultiAttachEnabled: (modification) => modification.TargetMultiAttachEnabled,
    "volume-id": (modification) => modification.VolumeId,
  },
  indexes: { volume: ({ id }) => id },
  parents: { volume: "volume" },
  partOf: () => true,
  transitions: {
    optimizing: (ctx, { id, target }) => {
      volumes.update(ctx, id, target);
      volumeModifications.update(ctx, id, { state: "optimizing" });
      volumeModifications.soon(ctx, id, "completed", OPTIMIZING_SECONDS);
    },
    completed: (ctx, { id }) => volumeModifications.update(ctx, id, { state: "completed", ended: ctx.now }),
  },
  pages: [1, 500],
});

/** @throws {ApiError} IncorrectState, IncorrectModificationState, VolumeModificationRateExceeded */
function checkModifiable(ctx: Context, { id, state }: Volume, last: VolumeModification | undefined): void {
  if (state !== "available" && state !== "in-use") {
    throw new ApiError("IncorrectState", `Volume '${id}' is in the '${state}' state.`);
  }
  if (!last) return;
  if (last.state !== "completed") {
    throw new ApiError(
      "IncorrectModificationState",
      `Volume ${id} cannot be modified in modification state ${last.state.toUpperCase()}`,
    );
  }
  const recent = last.starts.filter((start) => start > ctx.now - DAY);
  const [oldest] = recent;
  if (oldest !== undefined && recent.length >= MAX_MODIFICATIONS) {
    const next = new Date(oldest + DAY).toISOString();
    throw new ApiError(
      "VolumeModificationRateExceeded",
      `You've reached the maximum modification rate per volume limit of ${MAX_MODIFICATIONS} in 24 hours. You can modify volume ${id} again at ${next}.`,
    );
  }
}

const refusal = (reason: string): ApiError => new ApiError("InvalidParameterCombination", reason);

/** @see https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volumes-multi.html */
function checkMultiAttach({ attachments, ...before }: Volume, target: VolumeShape): void {
  if (before.multiAttach !== target.multiAttach) {
    if (before.volumeType !== "io2" || target.volumeType !== "io2") {
      throw refusal("Multi-Attach can be enabled or disabled only for io2 volumes.");
    }
    if (attachments.length > (target.multiAttach ? 0 : 1)) {
      throw new ApiError("VolumeInUse", `${before.id} is already attached to an instance`);
    }
    return;
  }
  if (!before.multiAttach) return;
  if (before.volumeType !== target.volumeType) {
    throw refusal("The volume type of a Multi-Attach enabled volume cannot be modified.");
  }
  if (before.volumeType === "io1" && (before.size !== target.size || before.iops !== target.iops)) {
    throw refusal("The size and iops of a Multi-Attach enabled io1 volume cannot be modified.");
  }
}

const describe = volumeModifications.describe("VolumesModifications");

export const operations = {
  DescribeVolumesModifications: Object.assign(
    (input: Sdk.DescribeVolumesModificationsRequest, ctx: Context) => {
      volumes.getAll(ctx, input.VolumeIds ?? []);
      return describe(input, ctx);
    },
    { filters: describe.filters },
  ),

  ModifyVolume: ({ VolumeId, Size, VolumeType, Iops, Throughput, MultiAttachEnabled }, ctx) => {
    const volume = volumes.get(ctx, VolumeId);
    const { id, size, volumeType, iops, throughput, multiAttach } = volume;
    const last = volumeModifications.find(ctx, id);
    checkModifiable(ctx, volume, last);
    const asked = [Size, VolumeType, Iops, Throughput, MultiAttachEnabled];
    if (asked.every((value) => value === undefined)) {
      throw new ApiError("MissingParameter", "size/volumeType/iops/throughput/multiAttachEnabled");
    }
    if (Size !== undefined && Size < size) {
      throw new ApiError("InvalidParameterValue", "New size cannot be smaller than existing size");
    }
    const original = { size, volumeType, iops, throughput, multiAttach };
    const target = readShape(
      {
        size: Size ?? size,
        volumeType: VolumeType,
        iops: Iops,
        throughput: Throughput,
        multiAttach: MultiAttachEnabled,
      },
      original,
    );
    checkMultiAttach(volume, target);
    checkStorage(ctx, () => volumes.own(ctx).filter((other) => other.id !== id), target);
    const fields = {
      state: "modifying",
      original,
      target,
      started: ctx.now,
      ended: undefined,
      starts: [...(last?.starts.filter((start) => start > ctx.now - DAY) ?? []), ctx.now],
    } as const;
    const modification = last
      ? volumeModifications.update(ctx, id, fields)
      : volumeModifications.create(ctx, fields, undefined, id);
    volumeModifications.soon(ctx, id, "optimizing", MODIFYING_SECONDS);
    return { VolumeModification: volumeModifications.show(ctx, modification) };
  },
} satisfies Handlers;
