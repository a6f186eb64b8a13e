import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { checkQuota, declareQuota, type Quota } from "../kit/quotas.ts";
import type { VolumeShape } from "./volumeType.ts";

const quotaOf = (type: Sdk.VolumeType, code: string, title: string, usual: number): Quota =>
  declareQuota({
    code,
    name: `Storage for ${title} volumes, in TiB`,
    usual,
    error: (limit) => new ApiError("VolumeLimitExceeded", type, limit),
  });

/** @see https://docs.aws.amazon.com/general/latest/gr/ebs-service.html */
const quotas: Readonly<Record<Sdk.VolumeType, Quota>> = {
  gp2: quotaOf("gp2", "L-D18FCD1D", "General Purpose SSD (gp2)", 50),
  gp3: quotaOf("gp3", "L-7A658B76", "General Purpose SSD (gp3)", 50),
  io1: quotaOf("io1", "L-FD252861", "Provisioned IOPS SSD (io1)", 50),
  io2: quotaOf("io2", "L-09BD8365", "Provisioned IOPS SSD (io2)", 20),
  sc1: quotaOf("sc1", "L-17AF77E8", "Cold HDD (sc1)", 50),
  st1: quotaOf("st1", "L-82ACEF56", "Throughput Optimized HDD (st1)", 50),
  standard: quotaOf("standard", "L-9CF3C2EB", "Magnetic (standard)", 50),
};

const GIB_PER_TIB = 1024;

type Stored = Pick<VolumeShape, "volumeType" | "size">;

/**
 * Makes sure that there is room for one more volume of a type, or for a larger one.
 *
 * @param others the caller's other volumes
 * @throws {ApiError} VolumeLimitExceeded
 */
export function checkStorage(
  ctx: Context,
  others: () => readonly Stored[],
  { volumeType, size: wanted }: Stored,
): void {
  const total = (): number =>
    others()
      .filter((other) => other.volumeType === volumeType)
      .reduce((sum, { size }) => sum + size, wanted) / GIB_PER_TIB;
  checkQuota(ctx, quotas[volumeType], total, "");
}
