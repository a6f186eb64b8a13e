import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../../kit/context.ts";
import { snapshots } from "../snapshot.ts";
import type { Volume } from "../volume.ts";
import { arnOf, inZone, toBeInZone, type TypeKeys } from "./typeKeys.ts";

/** A volume as a call asks for it: CreateVolume, or a launch for one of its devices. */
export type AskedVolume = Pick<
  Sdk.CreateVolumeRequest,
  | "AvailabilityZone"
  | "AvailabilityZoneId"
  | "Encrypted"
  | "VolumeInitializationRate"
  | "Iops"
  | "Size"
  | "SnapshotId"
  | "Throughput"
  | "VolumeType"
>;

const snapshotArn = ({ region }: Context, id: string | undefined): string | undefined =>
  id && `arn:aws:ec2:${region}::snapshot/${id}`;

const snapshotOf = ({ SnapshotId = "" }: AskedVolume, ctx: Context) => snapshots.find(ctx, SnapshotId);

export const volumeKeys: TypeKeys<Volume, AskedVolume> = {
  rows: {
    ...inZone,
    "ec2:Encrypted": ({ encrypted }) => encrypted,
    "ec2:ParentSnapshot": ({ snapshotId }, ctx) => snapshotArn(ctx, snapshotId),
    "ec2:ParentVolume": ({ account, sourceVolumeId }, ctx) =>
      sourceVolumeId && arnOf(ctx, account, "volume", sourceVolumeId),
    "ec2:VolumeInitializationRate": ({ initializationRate }) => initializationRate,
    "ec2:VolumeIops": ({ iops }) => iops,
    "ec2:VolumeSize": ({ size }) => size,
    "ec2:VolumeThroughput": ({ throughput }) => throughput,
    "ec2:VolumeType": ({ volumeType }) => volumeType,
  },
  asked: {
    ...toBeInZone,
    "ec2:Encrypted": (input, ctx) => input.Encrypted ?? snapshotOf(input, ctx)?.encrypted ?? false,
    "ec2:ParentSnapshot": ({ SnapshotId }, ctx) => snapshotArn(ctx, SnapshotId),
    "ec2:VolumeInitializationRate": ({ VolumeInitializationRate }) => VolumeInitializationRate,
    "ec2:VolumeIops": ({ Iops }) => Iops,
    "ec2:VolumeSize": (input, ctx) => input.Size ?? snapshotOf(input, ctx)?.size,
    "ec2:VolumeThroughput": ({ Throughput }) => Throughput,
    "ec2:VolumeType": ({ VolumeType = "gp2" }) => VolumeType,
  },
};
