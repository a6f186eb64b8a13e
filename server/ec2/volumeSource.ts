import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { ImageVolume } from "./catalogue/image.ts";
import { imagesOf } from "./catalogue/images.ts";
import type { Encryption, Heritage } from "./ebsEncryption.ts";

/** A snapshot, as far as a volume that is made of it needs to know. */
export interface VolumeSource extends Encryption, Heritage {
  readonly snapshotId: string;
  readonly sizeGiB: number;
}

/** What nobody ever wrote to: the snapshot behind a device of an image that comes from no volume here. */
export const catalogueSource = (
  snapshotId: string,
  { sizeGiB, encrypted }: Pick<ImageVolume, "sizeGiB" | "encrypted">,
): VolumeSource => ({
  snapshotId,
  sizeGiB,
  encrypted,
  kmsKeyId: undefined,
  dataKeyId: undefined,
  lineage: snapshotId,
});

const byRegion = new Map<string, ReadonlyMap<string, VolumeSource>>();

/** The snapshots behind the devices of a region's public images. */
function catalogueSources(region: string): ReadonlyMap<string, VolumeSource> {
  const known = byRegion.get(region);
  if (known) return known;
  const sources = new Map<string, VolumeSource>();
  for (const { root, devices } of imagesOf(region)) {
    for (const device of [root, ...devices]) {
      if ("virtualName" in device || device.snapshotId === undefined) continue;
      sources.set(device.snapshotId, catalogueSource(device.snapshotId, device));
    }
  }
  byRegion.set(region, sources);
  return sources;
}

/** Where the snapshots are that a caller may use, by themselves or as those of an image: whoever has others adds itself here. */
export const volumeSources: ((
  ctx: Context,
  snapshotId: string,
  imageId: string | undefined,
) => VolumeSource | undefined)[] = [({ region }, snapshotId) => catalogueSources(region).get(snapshotId)];

/** Whether a snapshot's volumes have full performance at once in a zone: who makes that so adds itself here. */
export const fastRestores: ((ctx: Context, snapshotId: string, zone: string) => boolean)[] = [];

/**
 * @param imageId the image that is launched with it
 * @throws {ApiError} InvalidParameterValue, InvalidSnapshot.NotFound, IncorrectState
 */
export function findVolumeSource(ctx: Context, snapshotId: string, imageId?: string): VolumeSource {
  if (!/^snap-(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(snapshotId)) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${snapshotId}) for parameter snapshotId is invalid. Expected: 'snap-...'.`,
    );
  }
  for (const find of volumeSources) {
    const source = find(ctx, snapshotId, imageId);
    if (source) return source;
  }
  throw new ApiError("InvalidSnapshot.NotFound", snapshotId);
}
