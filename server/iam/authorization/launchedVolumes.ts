import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../../kit/context.ts";
import type { AskedVolume } from "../../ec2/conditionKeys/volume.ts";
import { lookUpImage } from "../../ec2/image.ts";
import { subnets } from "../../ec2/subnet.ts";

/** The volumes that each instance of a launch gets: those of the image, as the launch changes them, and its own. */
export function launchedVolumes(ctx: Context, input: Sdk.RunInstancesRequest): AskedVolume[] {
  const image = lookUpImage(ctx, input.ImageId ?? "");
  const volumes = new Map<string, AskedVolume>();
  for (const device of image ? [image.root, ...image.devices] : []) {
    if ("virtualName" in device) continue;
    const { name, type, sizeGiB, snapshotId, encrypted } = device;
    volumes.set(name, { VolumeType: type, Size: sizeGiB, SnapshotId: snapshotId, Encrypted: encrypted });
  }
  for (const { DeviceName = "", Ebs, NoDevice } of input.BlockDeviceMappings ?? []) {
    if (NoDevice !== undefined) volumes.delete(DeviceName);
    if (!Ebs) continue;
    const before = volumes.get(DeviceName);
    volumes.set(DeviceName, {
      VolumeType: Ebs.VolumeType ?? before?.VolumeType,
      Size: Ebs.VolumeSize ?? before?.Size,
      SnapshotId: Ebs.SnapshotId ?? before?.SnapshotId,
      Encrypted: Ebs.Encrypted ?? before?.Encrypted,
      Iops: Ebs.Iops,
      Throughput: Ebs.Throughput,
    });
  }
  const subnet = subnets.find(ctx, input.SubnetId ?? input.NetworkInterfaces?.[0]?.SubnetId ?? "");
  const AvailabilityZone = subnet?.zone ?? input.Placement?.AvailabilityZone;
  return Array.from(volumes.values(), (volume) => ({ ...volume, AvailabilityZone }));
}
