import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../../kit/context.ts";
import { volumeIdOf, type Snapshot } from "../snapshot.ts";
import { volumes } from "../volume.ts";
import { arnOf, type TypeKeys } from "./typeKeys.ts";

const volumeOf = ({ VolumeId }: Sdk.CreateSnapshotRequest, ctx: Context) => volumes.find(ctx, VolumeId ?? "");

export const snapshotKeys: TypeKeys<Snapshot, Sdk.CreateSnapshotRequest> = {
  rows: {
    "ec2:Encrypted": ({ encrypted }) => encrypted,
    "ec2:Owner": ({ account }) => account,
    "ec2:ParentVolume": (row, ctx) => arnOf(ctx, row.account, "volume", volumeIdOf(row)),
    "ec2:SnapshotTime": ({ created }) => new Date(created).toISOString(),
    "ec2:VolumeSize": ({ size }) => size,
  },
  asked: {
    "ec2:Encrypted": (input, ctx) => volumeOf(input, ctx)?.encrypted,
    "ec2:Owner": (_input, { account }) => account,
    "ec2:ParentVolume": ({ VolumeId }, ctx) => VolumeId && arnOf(ctx, ctx.account, "volume", VolumeId),
    "ec2:VolumeSize": (input, ctx) => volumeOf(input, ctx)?.size,
  },
};
