import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { reclaim, recycledIn, viewStay, type Recycled } from "./recycleBin.ts";
import { findZone } from "./catalogue/zones.ts";
import { volumes, type Volume } from "./volume.ts";
import { shownIops } from "./volumeType.ts";

function view(region: string, kept: Recycled<Volume>): Sdk.VolumeRecycleBinInfo {
  const volume = kept.resource;
  return {
    VolumeId: volume.id,
    VolumeType: volume.volumeType,
    State: volume.state,
    Size: volume.size,
    Iops: shownIops(volume),
    Throughput: volume.throughput,
    AvailabilityZone: volume.zone,
    AvailabilityZoneId: findZone(region, volume.zone)?.id,
    SourceVolumeId: volume.sourceVolumeId,
    SnapshotId: volume.snapshotId ?? "",
    Operator: { Managed: false },
    CreateTime: new Date(volume.created),
    ...viewStay(kept),
  };
}

export const operations = {
  ListVolumesInRecycleBin: describeList({
    output: "Volumes",
    filters: {},
    pages: [5, 500],
    of: ({ VolumeIds }: Sdk.ListVolumesInRecycleBinRequest, ctx): Sdk.VolumeRecycleBinInfo[] =>
      recycledIn<Volume>(ctx, "EBS_VOLUME", volumes, VolumeIds).map((kept) => view(ctx.region, kept)),
  }),

  RestoreVolumeFromRecycleBin: ({ VolumeId }, ctx) => {
    volumes.checkForm(VolumeId);
    if (!reclaim(ctx, "EBS_VOLUME", volumes, VolumeId)) {
      throw new ApiError("InvalidVolume.NotFound", VolumeId);
    }
    return { Return: true };
  },
} satisfies Handlers;
