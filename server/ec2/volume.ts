import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { findZone, zonesOf, type Zone } from "./catalogue/zones.ts";
import { encryptionOf, heritageOf, type Encryption, type Heritage } from "./ebsEncryption.ts";
import { discard, isRetained } from "./recycleBin.ts";
import { checkStorage } from "./storageQuota.ts";
import { fastRestores, findVolumeSource, type VolumeSource } from "./volumeSource.ts";
import { readShape, shownIops, type ShapeRequest, type VolumeShape } from "./volumeType.ts";

export interface VolumeAttachment {
  readonly instanceId: string;
  /** As the call named it: `/dev/sdf`. */
  readonly device: string;
  readonly state: "attaching" | "attached" | "detaching";
  /** Milliseconds since the epoch. */
  readonly attachTime: number;
  readonly deleteOnTermination: boolean;
}

export interface Volume extends ResourceRow, VolumeShape, Encryption, Heritage {
  /** Zone name: `us-east-1a`. */
  readonly zone: string;
  /** What it was made of; absent if it was made empty. */
  readonly snapshotId: string | undefined;
  /** The volume that it is a copy of. */
  readonly sourceVolumeId: string | undefined;
  readonly fastRestored: boolean;
  /** How fast the snapshot is to be loaded, in MiB a second, if the call said so. */
  readonly initializationRate: number | undefined;
  readonly state: "creating" | "available" | "in-use" | "deleting";
  readonly autoEnableIo: boolean;
  /** Since when nothing written to it gets there, nor read from it comes back. */
  readonly stalledSince?: number | undefined;
  /** In order of attachment; several only with `multiAttach`. */
  readonly attachments: readonly VolumeAttachment[];
}

export const viewVolumeAttachment = (
  { id }: Pick<Volume, "id">,
  attachment: VolumeAttachment,
): Sdk.VolumeAttachment => ({
  VolumeId: id,
  InstanceId: attachment.instanceId,
  Device: attachment.device,
  State: attachment.state,
  AttachTime: new Date(attachment.attachTime),
  DeleteOnTermination: attachment.deleteOnTermination,
});

/** A disk on the network: it lives in one zone and outlasts the instances that it is attached to. */
export const volumes = defineResource({
  type: "volume",
  idPrefix: "vol",
  notFound: "InvalidVolume.NotFound",
  malformed: "InvalidVolumeID.Malformed",
  ids: "VolumeIds",
  view: (volume: Volume, { tags, ctx }): Sdk.Volume => ({
    VolumeId: volume.id,
    State: volume.state,
    CreateTime: new Date(volume.created),
    AvailabilityZone: volume.zone,
    AvailabilityZoneId: findZone(ctx.region, volume.zone)?.id,
    Size: volume.size,
    VolumeType: volume.volumeType,
    Iops: shownIops(volume),
    Throughput: volume.throughput,
    SnapshotId: volume.snapshotId ?? "",
    SourceVolumeId: volume.sourceVolumeId,
    FastRestored: volume.fastRestored || undefined,
    VolumeInitializationRate: volume.initializationRate,
    Encrypted: volume.encrypted,
    KmsKeyId: volume.kmsKeyId,
    MultiAttachEnabled: volume.multiAttach,
    Attachments: volume.attachments.map((attachment) => viewVolumeAttachment(volume, attachment)),
    Operator: { Managed: false },
    Tags: tags,
  }),
  filters: {
    "attachment.attach-time": (volume) => volume.Attachments?.map(({ AttachTime }) => AttachTime),
    "attachment.delete-on-termination": (volume) =>
      volume.Attachments?.map(({ DeleteOnTermination }) => DeleteOnTermination),
    "attachment.device": (volume) => volume.Attachments?.map(({ Device }) => Device),
    "attachment.instance-id": (volume) => volume.Attachments?.map(({ InstanceId }) => InstanceId),
    "attachment.status": (volume) => volume.Attachments?.map(({ State }) => State),
    "availability-zone": (volume) => volume.AvailabilityZone,
    "availability-zone-id": (volume) => volume.AvailabilityZoneId,
    "create-time": (volume) => volume.CreateTime,
    encrypted: (volume) => volume.Encrypted,
    "fast-restored": (volume) => volume.FastRestored ?? false,
    "multi-attach-enabled": (volume) => volume.MultiAttachEnabled,
    "operator.managed": (volume) => volume.Operator?.Managed,
    "operator.principal": (volume) => volume.Operator?.Principal,
    size: (volume) => volume.Size,
    "snapshot-id": (volume) => volume.SnapshotId,
    status: (volume) => volume.State,
    "volume-id": (volume) => volume.VolumeId,
    "volume-type": (volume) => volume.VolumeType,
  },
  indexes: { instance: ({ attachments }) => attachments.map(({ instanceId }) => instanceId) },
  transitions: {
    available: (ctx, { id, state }) => {
      if (state === "creating") volumes.update(ctx, id, { state: "available" });
    },
    settled: (ctx, volume) => settleAttachments(ctx, volume),
    deleted: (ctx, { id }) => volumes.delete(ctx, id),
  },
});

/** About what EC2 takes to make, attach, detach or delete a volume. */
const SECONDS = 5;

/** What may be asked of a new volume, be it made alone or together with its instance. */
export interface VolumeRequest extends ShapeRequest {
  /** Zone name: `us-east-1a`. */
  readonly zone: string;
  readonly snapshotId?: string | undefined;
  /** The image that the snapshot is a part of, in a launch. */
  readonly imageId?: string | undefined;
  /** Copied instead of a snapshot. */
  readonly copyOf?: Volume | undefined;
  /** MiB a second. */
  readonly initializationRate?: number | undefined;
  readonly encrypted?: boolean | undefined;
  readonly kmsKeyId?: string | undefined;
}

/** Regions in which io1 volumes can be attached to several instances; io2 volumes can everywhere. */
const IO1_MULTI_ATTACH: ReadonlySet<string> = new Set(["us-east-1", "us-west-2", "ap-northeast-2"]);

/** GiB of a new volume: what was asked for, or else what its snapshot has. */
function readSize(ctx: Context, asked: number | undefined, source: VolumeSource | undefined): number {
  const size = asked ?? source?.sizeGiB;
  if (size === undefined) throw new ApiError("MissingParameter", "size/snapshot");
  if (source && size < source.sizeGiB) {
    throw new ApiError(
      ctx.operation === "CreateVolume" ? "InvalidParameterValue" : "InvalidBlockDeviceMapping",
      `Volume of size ${size}GB is smaller than snapshot '${source.snapshotId}', expect size >= ${source.sizeGiB}GB`,
    );
  }
  return size;
}

/** @see https://docs.aws.amazon.com/ebs/latest/userguide/initalize-volume.html */
function readInitializationRate(
  rate: number | undefined,
  source: VolumeSource | undefined,
): number | undefined {
  if (rate === undefined) return undefined;
  if (!source) {
    throw new ApiError(
      "InvalidParameterDependency",
      "The parameter VolumeInitializationRate requires the parameter SnapshotId to be set.",
    );
  }
  if (rate < 100 || rate > 300) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${rate}) for parameter volumeInitializationRate is invalid. It must be between 100 and 300 MiB/s.`,
    );
  }
  return rate;
}

/**
 * Makes a volume, attached to nothing.
 *
 * @param tags the call's TagSpecifications, or this volume's own tags
 * @throws {ApiError} as readShape, encryptionOf and findVolumeSource do, MissingParameter without a size,
 *   InvalidParameterValue (in a launch InvalidBlockDeviceMapping) for a size below the snapshot's
 */
export function createVolume(
  ctx: Context,
  { zone, snapshotId, imageId, copyOf, initializationRate, encrypted, kmsKeyId, ...shape }: VolumeRequest,
  tags?: readonly Sdk.TagSpecification[] | readonly Sdk.Tag[],
): Volume {
  const source = snapshotId === undefined ? undefined : findVolumeSource(ctx, snapshotId, imageId);
  const { volumeType, multiAttach, ...measures } = readShape({
    ...shape,
    size: readSize(ctx, shape.size, source),
  });
  if (multiAttach && volumeType === "io1" && !IO1_MULTI_ATTACH.has(ctx.region)) {
    throw new ApiError(
      "UnsupportedOperation",
      `Multi-Attach is not supported for io1 volumes in ${ctx.region}.`,
    );
  }
  checkStorage(ctx, () => volumes.own(ctx), { volumeType, size: measures.size });
  const id = volumes.newId(ctx);
  const encryption = encryptionOf(ctx, { encrypted, kmsKeyId }, copyOf ?? source);
  const volume = volumes.create(
    ctx,
    {
      ...measures,
      ...encryption,
      ...heritageOf(ctx, id, encryption, copyOf ?? source),
      volumeType,
      multiAttach,
      zone,
      snapshotId,
      sourceVolumeId: copyOf?.id,
      fastRestored: snapshotId !== undefined && fastRestores.some((isFast) => isFast(ctx, snapshotId, zone)),
      initializationRate: readInitializationRate(initializationRate, source),
      state: "creating",
      autoEnableIo: false,
      attachments: [],
    },
    tags,
    id,
  );
  volumes.soon(ctx, id, "available", SECONDS);
  return volume;
}

const reattached = (
  attachments: readonly VolumeAttachment[],
): Pick<Volume, "attachments"> & { state: "in-use" | "available" } => ({
  attachments,
  state: attachments.length > 0 ? "in-use" : "available",
});

const settle = (attachment: VolumeAttachment): VolumeAttachment => ({ ...attachment, state: "attached" });

/** The attachments, of which the one to an instance is changed. */
function changed(
  attachments: readonly VolumeAttachment[],
  instanceId: string,
  fields: Partial<VolumeAttachment>,
): readonly VolumeAttachment[] {
  const place = attachments.findIndex((attachment) => attachment.instanceId === instanceId);
  const before = attachments[place];
  return before ? attachments.with(place, { ...before, ...fields }) : attachments;
}

/** Ends what was begun: what is attaching is attached, what is detaching is gone. */
function settleAttachments(ctx: Context, { id, state, attachments }: Volume): void {
  if (state === "deleting") return;
  const kept = attachments.filter((attachment) => attachment.state !== "detaching");
  volumes.update(ctx, id, reattached(kept.map(settle)));
}

/**
 * Attaches a volume to an instance; that they fit together, and that the device is free, is the caller's to see.
 *
 * @param settled whether it is attached at once, as a volume is that an instance boots with
 */
export function attachVolume(
  ctx: Context,
  { id, attachments }: Volume,
  instanceId: string,
  device: string,
  deleteOnTermination: boolean,
  { settled = false }: { readonly settled?: boolean } = {},
): Volume {
  const attachment: VolumeAttachment = {
    instanceId,
    device,
    state: settled ? "attached" : "attaching",
    attachTime: ctx.now,
    deleteOnTermination,
  };
  const volume = volumes.update(ctx, id, reattached([...attachments, attachment]));
  if (!settled) volumes.soon(ctx, id, "settled", SECONDS);
  return volume;
}

/** Begins to detach a volume from an instance. */
export function detachVolume(ctx: Context, { id, attachments }: Volume, instanceId: string): Volume {
  const volume = volumes.update(ctx, id, {
    attachments: changed(attachments, instanceId, { state: "detaching" }),
  });
  volumes.soon(ctx, id, "settled", SECONDS);
  return volume;
}

/**
 * What becomes of a volume when its instance is terminated: detached, and deleted if that was to be and no other
 * instance has it.
 *
 * @see https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volumes-multi.html
 */
export function releaseVolume(ctx: Context, volume: Volume, instanceId: string): void {
  const released = volume.attachments.find((attachment) => attachment.instanceId === instanceId);
  const others = volume.attachments.filter((attachment) => attachment !== released);
  if (released?.deleteOnTermination && others.length === 0) deleteVolume(ctx, volume);
  else volumes.update(ctx, volume.id, reattached(others));
}

/** Begins to delete a volume, whatever it is attached to; where a retention rule covers it, it is in the bin at once. */
export function deleteVolume(ctx: Context, volume: Volume): void {
  const { id } = volume;
  if (isRetained(ctx, "EBS_VOLUME", id)) {
    discard(ctx, "EBS_VOLUME", volumes, { ...volume, state: "available", attachments: [] });
    return;
  }
  volumes.update(ctx, id, { state: "deleting", attachments: [] });
  volumes.soon(ctx, id, "deleted", SECONDS);
}

/** Decides whether a volume goes away together with an instance that it is attached to. */
export function setDeleteOnTermination(
  ctx: Context,
  volumeId: string,
  instanceId: string,
  deleteOnTermination: boolean,
): void {
  const { attachments } = volumes.get(ctx, volumeId);
  volumes.update(ctx, volumeId, {
    attachments: changed(attachments, instanceId, { deleteOnTermination }),
  });
}

/** @throws {ApiError} IncorrectState for a volume that is being made or deleted */
export function checkAvailable({ id, state }: Volume): void {
  if (state !== "available") throw new ApiError("IncorrectState", `${id} is not 'available'.`);
}

/**
 * The zone of a new volume, by its name or its id.
 *
 * @throws {ApiError} InvalidParameterCombination, MissingParameter, InvalidZone.NotFound
 */
export function readZone(
  { region }: Context,
  {
    AvailabilityZone: name,
    AvailabilityZoneId: id,
  }: Pick<Sdk.CreateVolumeRequest, "AvailabilityZone" | "AvailabilityZoneId">,
): Zone {
  if (name !== undefined && id !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter AvailabilityZone cannot be used with the parameter AvailabilityZoneId",
    );
  }
  const asked = name ?? id;
  if (asked === undefined) throw new ApiError("MissingParameter", "zone");
  const zone = zonesOf(region).find((each) => each.name === name || each.id === id);
  if (!zone) throw new ApiError("InvalidZone.NotFound", asked);
  return zone;
}

export const operations = {
  CreateVolume: (input, ctx) => {
    if (input.OutpostArn !== undefined) throw new ApiError("InvalidOutpostArn.NotFound", input.OutpostArn);
    if (input.Operator?.Principal !== undefined) {
      throw new ApiError("UnsupportedOperation", "The operator parameter is reserved for internal use.");
    }
    const volume = createVolume(
      ctx,
      {
        zone: readZone(ctx, input).name,
        size: input.Size,
        volumeType: input.VolumeType,
        iops: input.Iops,
        throughput: input.Throughput,
        multiAttach: input.MultiAttachEnabled,
        snapshotId: input.SnapshotId,
        initializationRate: input.VolumeInitializationRate,
        encrypted: input.Encrypted,
        kmsKeyId: input.KmsKeyId,
      },
      input.TagSpecifications,
    );
    return { ...volumes.show(ctx, volume), Attachments: undefined };
  },

  DeleteVolume: ({ VolumeId }, ctx) => {
    const volume = volumes.get(ctx, VolumeId);
    const [attachment] = volume.attachments;
    if (attachment) {
      throw new ApiError(
        "VolumeInUse",
        `Volume ${volume.id} is currently attached to ${attachment.instanceId}`,
      );
    }
    checkAvailable(volume);
    deleteVolume(ctx, volume);
    return {};
  },

  DescribeVolumeAttribute: ({ VolumeId, Attribute }, ctx) => {
    const { id, autoEnableIo } = volumes.get(ctx, VolumeId);
    return Attribute === "autoEnableIO"
      ? { VolumeId: id, AutoEnableIO: { Value: autoEnableIo } }
      : { VolumeId: id, ProductCodes: [] };
  },

  DescribeVolumes: volumes.describe("Volumes"),

  ModifyVolumeAttribute: ({ VolumeId, AutoEnableIO }, ctx) => {
    const { id } = volumes.get(ctx, VolumeId);
    if (AutoEnableIO?.Value === undefined) throw new ApiError("MissingParameter", "autoEnableIO");
    volumes.update(ctx, id, { autoEnableIo: AutoEnableIO.Value });
    return {};
  },
} satisfies Handlers;
