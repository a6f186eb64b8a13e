import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { reclaim, recycledIn, viewStay } from "./recycleBin.ts";
import { snapshots, volumeIdOf, type Snapshot } from "./snapshot.ts";
import { resumeTiering } from "./snapshotTier.ts";

export const operations = {
  ListSnapshotsInRecycleBin: describeList({
    output: "Snapshots",
    filters: {},
    of: ({ SnapshotIds }: Sdk.ListSnapshotsInRecycleBinRequest, ctx): Sdk.SnapshotRecycleBinInfo[] =>
      recycledIn<Snapshot>(ctx, "EBS_SNAPSHOT", snapshots, SnapshotIds).map((kept) => ({
        SnapshotId: kept.id,
        ...viewStay(kept),
        Description: kept.resource.description,
        VolumeId: volumeIdOf(kept.resource),
      })),
  }),

  RestoreSnapshotFromRecycleBin: ({ SnapshotId }, ctx) => {
    snapshots.checkForm(SnapshotId);
    const row = reclaim(ctx, "EBS_SNAPSHOT", snapshots, SnapshotId);
    if (!row) throw new ApiError("InvalidSnapshot.NotFound", SnapshotId);
    resumeTiering(ctx, row);
    const { VolumeId, VolumeSize, OwnerId, Description, State, Progress, StartTime, Encrypted } =
      snapshots.show(ctx, row);
    return {
      SnapshotId: row.id,
      VolumeId,
      VolumeSize,
      OwnerId,
      Description,
      State,
      Progress,
      StartTime,
      Encrypted,
    };
  },
} satisfies Handlers;
