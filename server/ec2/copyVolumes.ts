import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { createVolume, volumes } from "./volume.ts";

export const operations = {
  CopyVolumes: (
    { SourceVolumeId, Size, VolumeType, Iops, Throughput, MultiAttachEnabled, ...input },
    ctx,
  ) => {
    const source = volumes.get(ctx, SourceVolumeId);
    if (source.state !== "available" && source.state !== "in-use") {
      throw new ApiError("IncorrectState", `Volume '${source.id}' is in the '${source.state}' state.`);
    }
    if (Size !== undefined && Size < source.size) {
      throw new ApiError(
        "InvalidParameterValue",
        `Volume of size ${Size}GB is smaller than volume '${source.id}', expect size >= ${source.size}GB`,
      );
    }
    const copy = createVolume(
      ctx,
      {
        zone: source.zone,
        copyOf: source,
        size: Size ?? source.size,
        volumeType: VolumeType,
        iops: Iops,
        throughput: Throughput,
        multiAttach: MultiAttachEnabled,
      },
      input.TagSpecifications,
    );
    return { Volumes: [volumes.show(ctx, copy)] };
  },
} satisfies Handlers;
