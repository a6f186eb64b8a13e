import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { isDeviceName } from "./deviceName.ts";
import { instances, type Instance } from "./instance.ts";
import { interfacesOf, typeOf } from "./instanceView.ts";
import {
  attachVolume,
  checkAvailable,
  detachVolume,
  viewVolumeAttachment,
  volumes,
  type Volume,
  type VolumeAttachment,
} from "./volume.ts";
import { volumeModifications } from "./volumeModification.ts";

/** How many instances may have a volume at a time that several may have. */
const MAX_INSTANCES = 16;

/** @throws {ApiError} InvalidParameterValue for no name of a device, or for one that the instance has a volume at */
function checkDevice(ctx: Context, instance: Instance, device: string): void {
  if (!isDeviceName(device)) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${device}) for parameter device is invalid. ${device} is not a valid EBS device name.`,
    );
  }
  const taken = volumes
    .by(ctx, "instance", instance.id)
    .some(({ attachments }) =>
      attachments.some((each) => each.instanceId === instance.id && each.device === device),
    );
  if (taken) {
    throw new ApiError(
      "InvalidParameterValue",
      `Invalid value '${device}' for unixDevice. Attachment point ${device} is already in use`,
    );
  }
}

/**
 * The instance types that do not have a limit for volumes alone count interfaces, too.
 *
 * @throws {ApiError} AttachmentLimitExceeded
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/volume_limits.html
 */
function checkRoom(ctx: Context, instance: Instance): void {
  const { hypervisor, ebs } = typeOf(instance);
  const shared = hypervisor !== "xen" && ebs.maxAttachments < 32;
  // One interface is always there, and the limit has been lowered by it.
  const interfaces = shared ? Math.max(interfacesOf(ctx, instance.id).length - 1, 0) : 0;
  if (volumes.count(ctx, "instance", instance.id) + interfaces < ebs.maxAttachments) return;
  throw new ApiError(
    "AttachmentLimitExceeded",
    `You may attach up to ${ebs.maxAttachments} devices for this instance type. Please use a larger instance size to attach more volumes.`,
  );
}

/** @throws {ApiError} VolumeInUse, IncorrectState, OperationNotPermitted, AttachmentLimitExceeded */
function checkAttachable(ctx: Context, volume: Volume, instance: Instance): void {
  const { id, attachments, multiAttach } = volume;
  if (attachments.length === 0) checkAvailable(volume);
  else if (!multiAttach || attachments.some(({ instanceId }) => instanceId === instance.id)) {
    throw new ApiError("VolumeInUse", `${id} is already attached to an instance`);
  }
  if (volumeModifications.find(ctx, id)?.state === "modifying") {
    throw new ApiError(
      "OperationNotPermitted",
      `Cannot attach volume ${id} when it is in modification state: MODIFYING`,
    );
  }
  if (!multiAttach) return;
  if (typeOf(instance).hypervisor === "xen") {
    throw new ApiError(
      "UnsupportedOperation",
      `Multi-Attach is not supported for instance type ${instance.instanceType}.`,
    );
  }
  if (attachments.length >= MAX_INSTANCES) {
    throw new ApiError(
      "AttachmentLimitExceeded",
      `Volume ${id} may be attached to up to ${MAX_INSTANCES} instances.`,
    );
  }
}

/** @throws {ApiError} OperationNotPermitted, IncorrectState unless the instance is stopped */
function checkNotRoot({ id }: Volume, { instanceId, device }: VolumeAttachment, instance: Instance): void {
  if (device !== instance.image.rootDeviceName || instance.state === "stopped") return;
  throw new ApiError(
    instance.state === "running" ? "OperationNotPermitted" : "IncorrectState",
    `Unable to detach root volume '${id}' from instance '${instanceId}'`,
  );
}

/** @throws {ApiError} IncorrectState, MissingParameter, InvalidAttachment.NotFound */
function findAttachment(
  { id, state, multiAttach, attachments }: Volume,
  instanceId: string | undefined,
  device: string | undefined,
): VolumeAttachment {
  if (attachments.length === 0) {
    throw new ApiError("IncorrectState", `Volume '${id}' is in the '${state}' state.`);
  }
  if (multiAttach && instanceId === undefined) throw new ApiError("MissingParameter", "instanceId");
  const attachment = attachments.find(
    (each) =>
      (instanceId === undefined || each.instanceId === instanceId) &&
      (device === undefined || each.device === device),
  );
  if (!attachment) throw new ApiError("InvalidAttachment.NotFound", id, instanceId, device);
  return attachment;
}

const attachmentTo = ({ attachments }: Volume, instanceId: string): VolumeAttachment | undefined =>
  attachments.find((each) => each.instanceId === instanceId);

export const operations = {
  AttachVolume: ({ VolumeId, InstanceId, Device, EbsCardIndex = 0 }, ctx) => {
    const volume = volumes.get(ctx, VolumeId);
    const instance = instances.get(ctx, InstanceId);
    if (EbsCardIndex !== 0) {
      throw new ApiError(
        "InvalidParameterValue",
        `Value (${EbsCardIndex}) for parameter ebsCardIndex is invalid. The instance type ${instance.instanceType} has one EBS card.`,
      );
    }
    if (instance.state !== "running" && instance.state !== "stopped") {
      throw new ApiError("IncorrectState", `Instance '${instance.id}' is not 'running'.`);
    }
    checkAttachable(ctx, volume, instance);
    if (volume.zone !== instance.zone) {
      throw new ApiError("InvalidVolume.ZoneMismatch", volume.id, instance.id);
    }
    checkDevice(ctx, instance, Device);
    checkRoom(ctx, instance);
    const attached = attachVolume(ctx, volume, instance.id, Device, false);
    const attachment = attachmentTo(attached, instance.id);
    return attachment ? viewVolumeAttachment(attached, attachment) : {};
  },

  DetachVolume: ({ VolumeId, InstanceId, Device, Force }, ctx) => {
    const volume = volumes.get(ctx, VolumeId);
    if (InstanceId !== undefined) instances.get(ctx, InstanceId);
    const attachment = findAttachment(volume, InstanceId, Device);
    checkNotRoot(volume, attachment, instances.get(ctx, attachment.instanceId));
    const detached = detachVolume(ctx, volume, attachment.instanceId);
    // No guest is waited for.
    if (Force) volumes.later(ctx, volume.id, "settled", 0);
    return viewVolumeAttachment(detached, { ...attachment, state: "detaching" });
  },
} satisfies Handlers;
