import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { imagesOf } from "./catalogue/images.ts";
import type { Encryption } from "./ebsEncryption.ts";

/** A snapshot, as far as a volume that is made of it needs to know. */
export interface VolumeSource extends Encryption {
  readonly snapshotId: string;
  readonly sizeGiB: number;
}

const byRegion = new Map<string, ReadonlyMap<string, VolumeSource>>();

/** The snapshots behind the devices of a region's public images. */
function catalogueSources(region: string): ReadonlyMap<string, VolumeSource> {
  const known = byRegion.get(region);
  if (known) return known;
  const sources = new Map<string, VolumeSource>();
  for (const { root, devices } of imagesOf(region)) {
    for (const device of [root, ...devices]) {
      if ("virtualName" in device) continue;
      const { snapshotId, sizeGiB, encrypted } = device;
      sources.set(snapshotId, { snapshotId, sizeGiB, encrypted, kmsKeyId: undefined });
    }
  }
  byRegion.set(region, sources);
  return sources;
}

/** Where the snapshots are that a caller may use: whoever has others adds itself here. */
export const volumeSources: ((ctx: Context, snapshotId: string) => VolumeSource | undefined)[] = [
  ({ region }, snapshotId) => catalogueSources(region).get(snapshotId),
];

/** @throws {ApiError} InvalidParameterValue, InvalidSnapshot.NotFound */
export function findVolumeSource(ctx: Context, snapshotId: string): VolumeSource {
  if (!/^snap-(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(snapshotId)) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${snapshotId}) for parameter snapshotId is invalid. Expected: 'snap-...'.`,
    );
  }
  for (const find of volumeSources) {
    const source = find(ctx, snapshotId);
    if (source) return source;
  }
  throw new ApiError("InvalidSnapshot.NotFound", snapshotId);
}
