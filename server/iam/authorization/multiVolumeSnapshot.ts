import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../../kit/context.ts";
import { instances } from "../../ec2/instance.ts";
import { volumes } from "../../ec2/volume.ts";
import type { Parts } from "./launch.ts";

const NOTHING_MADE: Parts["made"] = new Map();

/** CreateSnapshots is about the volumes of the instance that it names, save those that it excludes. */
export function partsOfSnapshots(
  ctx: Context,
  { InstanceSpecification }: Partial<Sdk.CreateSnapshotsRequest>,
): Parts {
  const {
    InstanceId,
    ExcludeBootVolume,
    ExcludeDataVolumeIds = [],
  } = InstanceSpecification ?? {
    InstanceId: undefined,
  };
  const instance = instances.find(ctx, InstanceId ?? "");
  const taken = volumes
    .by(ctx, "instance", instance?.id ?? "")
    .filter(({ id, attachments }) =>
      attachments.some(({ device }) => device === instance?.image.rootDeviceName)
        ? !ExcludeBootVolume
        : !ExcludeDataVolumeIds.includes(id),
    );
  return { made: NOTHING_MADE, chosen: taken.map(({ id }) => id) };
}
