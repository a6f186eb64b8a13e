import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";

type Range = readonly [least: number, most: number];

/** What volumes of one type can be. */
interface VolumeTypeFacts {
  /** GiB. */
  readonly size: Range;
  /** Operations a second, where they are provisioned. */
  readonly iops?: {
    readonly range: Range;
    readonly perGiB: number;
    /** What a new volume has; absent where the call must say it. */
    readonly byDefault?: number;
  };
  /** MiB a second, where it is provisioned. */
  readonly throughput?: { readonly range: Range; readonly byDefault: number };
  readonly multiAttach?: boolean;
}

/** @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html */
const volumeTypes: Readonly<Record<Sdk.VolumeType, VolumeTypeFacts>> = {
  gp2: { size: [1, 16_384] },
  gp3: {
    size: [1, 65_536],
    iops: { range: [3000, 80_000], perGiB: 500, byDefault: 3000 },
    throughput: { range: [125, 2000], byDefault: 125 },
  },
  io1: { size: [4, 16_384], iops: { range: [100, 64_000], perGiB: 50 }, multiAttach: true },
  io2: { size: [4, 65_536], iops: { range: [100, 256_000], perGiB: 1000 }, multiAttach: true },
  sc1: { size: [125, 16_384] },
  st1: { size: [125, 16_384] },
  standard: { size: [1, 1024] },
};

const DEFAULT_TYPE: Sdk.VolumeType = "gp2";
/** What a volume gets that is changed to a type with provisioned operations. */
const IOPS_AFTER_CHANGE = 3000;
/** MiB a second for each operation a second. */
const MAX_THROUGHPUT_PER_IOPS = 0.25;

/** What a volume is like, apart from what is on it. */
export interface VolumeShape {
  /** GiB. */
  readonly size: number;
  readonly volumeType: Sdk.VolumeType;
  /** Operations a second, where they are provisioned. */
  readonly iops: number | undefined;
  /** MiB a second, where it is provisioned. */
  readonly throughput: number | undefined;
  /** Whether several instances may have it at a time. */
  readonly multiAttach: boolean;
}

export type ShapeRequest = { readonly [K in keyof VolumeShape]?: VolumeShape[K] | undefined };

/** Operations a second as EC2 shows them: those that are provisioned, or what a gp2 volume has for its size. */
export function shownIops({ volumeType, size, iops }: VolumeShape): number | undefined {
  return volumeType === "gp2" ? Math.min(Math.max(3 * size, 100), 16_000) : iops;
}

const invalid = (message: string): ApiError => new ApiError("InvalidParameterValue", message);

const unsupported = (parameter: string, volumeType: string): ApiError =>
  new ApiError(
    "InvalidParameterCombination",
    `The parameter ${parameter} is not supported for ${volumeType} volumes.`,
  );

function checkSize(size: number, volumeType: Sdk.VolumeType): void {
  const [least, most] = volumeTypes[volumeType].size;
  if (size >= least && size <= most) return;
  const [bound, limit] =
    size < least
      ? [`at least ${least} GiB`, "above the minimum limit"]
      : [`at most ${most} GiB`, "below the maximum limit"];
  throw invalid(
    `The volume size is invalid for ${volumeType} volumes: ${size} GiB. ${volumeType} volumes must be ${bound} in size. Please specify a volume size ${limit}`,
  );
}

function checkRange(what: string, value: number, [least, most]: Range): void {
  if (value < least) throw invalid(`Volume ${what} of ${value} is too low; minimum is ${least}.`);
  if (value > most) throw invalid(`Volume ${what} of ${value} is too high; maximum is ${most}.`);
}

function readIops(
  { iops: asked }: ShapeRequest,
  volumeType: Sdk.VolumeType,
  size: number,
  otherwise: number | undefined,
): number | undefined {
  const facts = volumeTypes[volumeType].iops;
  if (!facts) {
    if (asked !== undefined) throw unsupported("iops", volumeType);
    return undefined;
  }
  const iops = asked ?? otherwise ?? facts.byDefault;
  if (iops === undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      `The parameter iops must be specified for ${volumeType} volumes.`,
    );
  }
  checkRange("iops", iops, facts.range);
  // A gp3 volume has its 3,000 whatever its size.
  if (iops > facts.perGiB * size && iops !== facts.byDefault) {
    throw invalid(
      `Iops to volume size ratio of ${(iops / size).toFixed(6)} is too high; maximum is ${facts.perGiB}`,
    );
  }
  return iops;
}

function readThroughput(
  { throughput: asked }: ShapeRequest,
  volumeType: Sdk.VolumeType,
  iops: number | undefined,
  otherwise: number | undefined,
): number | undefined {
  const facts = volumeTypes[volumeType].throughput;
  if (!facts || iops === undefined) {
    if (asked !== undefined) throw unsupported("throughput", volumeType);
    return undefined;
  }
  const throughput = asked ?? otherwise ?? facts.byDefault;
  checkRange("throughput", throughput, facts.range);
  if (throughput > MAX_THROUGHPUT_PER_IOPS * iops) {
    throw invalid(
      `Throughput (MiBps) to iops ratio of ${(throughput / iops).toFixed(6)} is too high; maximum is ${MAX_THROUGHPUT_PER_IOPS.toFixed(6)} MiBps per iops`,
    );
  }
  return throughput;
}

/**
 * The shape of a new volume, or, with `before`, the one that a volume is to be changed to: what is not asked for stays
 * as it was, unless the type changes.
 *
 * @throws {ApiError} InvalidParameterValue out of the type's limits, InvalidParameterCombination for what the type does
 *   not have
 */
export function readShape(
  asked: ShapeRequest & { readonly size: number },
  before?: VolumeShape,
): VolumeShape {
  const { size } = asked;
  const volumeType = asked.volumeType ?? before?.volumeType ?? DEFAULT_TYPE;
  const kept = before?.volumeType === volumeType ? before : undefined;
  checkSize(size, volumeType);
  const iops = readIops(asked, volumeType, size, kept?.iops ?? (before && IOPS_AFTER_CHANGE));
  const throughput = readThroughput(asked, volumeType, iops, kept?.throughput);
  const multiAttach = asked.multiAttach ?? before?.multiAttach ?? false;
  if (multiAttach && !volumeTypes[volumeType].multiAttach)
    throw unsupported("multiAttachEnabled", volumeType);
  return { size, volumeType, iops, throughput, multiAttach };
}
