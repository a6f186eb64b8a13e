import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { tagsFor, tagsOf } from "../kit/tags.ts";
import { instances } from "./instance.ts";
import { createSnapshot, readDescription, refuseElsewhere, viewNew } from "./snapshot.ts";
import { volumes, type Volume } from "./volume.ts";

/** As many data volumes as one call may leave out. */
const MAX_EXCLUDED = 40;

const invalid = (message: string): ApiError => new ApiError("InvalidParameterValue", message);

/**
 * The volumes of an instance that a call asks for.
 *
 * @throws {ApiError} InvalidParameterValue for an excluded volume that is not one of its data volumes, or if none is left
 */
function chooseVolumes(
  ctx: Context,
  { InstanceId, ExcludeBootVolume, ExcludeDataVolumeIds: excluded = [] }: Sdk.InstanceSpecification,
): Volume[] {
  if (InstanceId === undefined) throw new ApiError("MissingParameter", "InstanceSpecification.InstanceId");
  const { id, image } = instances.get(ctx, InstanceId);
  if (excluded.length > MAX_EXCLUDED) {
    throw invalid(`The maximum number of excluded data volumes is ${MAX_EXCLUDED}.`);
  }
  const attached = volumes.by(ctx, "instance", id);
  const isRoot = ({ attachments }: Volume): boolean =>
    attachments.some(({ instanceId, device }) => instanceId === id && device === image.rootDeviceName);
  for (const volumeId of excluded) {
    const volume = attached.find((each) => each.id === volumeId);
    if (!volume) throw invalid(`The volume '${volumeId}' is not attached to instance '${id}'.`);
    if (isRoot(volume)) {
      throw invalid(`The volume '${volumeId}' is the root volume. Use ExcludeBootVolume to exclude it.`);
    }
  }
  const chosen = attached.filter((volume) =>
    isRoot(volume) ? !ExcludeBootVolume : !excluded.includes(volume.id),
  );
  if (chosen.length === 0) throw invalid(`The instance '${id}' has no volumes that are not excluded.`);
  return chosen;
}

/** What the call asks for; over it, the volume's own tags are laid beneath where it asks for those, too. */
function tagsOfSnapshot(ctx: Context, volume: Volume, asked: readonly Sdk.Tag[], copied: boolean): Sdk.Tag[] {
  const own = copied ? tagsOf(ctx, volume.id) : [];
  return [...own.filter(({ Key }) => asked.every((tag) => tag.Key !== Key)), ...asked];
}

export const operations = {
  // The call is one transaction: no write comes between the first volume and the last.
  CreateSnapshots: (input, ctx) => {
    refuseElsewhere(input);
    const description = readDescription(input.Description);
    const asked = tagsFor(input.TagSpecifications, "snapshot");
    const made = chooseVolumes(ctx, input.InstanceSpecification).map((volume) =>
      createSnapshot(
        ctx,
        volume,
        description,
        tagsOfSnapshot(ctx, volume, asked, input.CopyTagsFromSource === "volume"),
      ),
    );
    return {
      Snapshots: made.map((row): Sdk.SnapshotInfo => {
        const view = viewNew(ctx, row);
        return {
          SnapshotId: row.id,
          VolumeId: view.VolumeId,
          VolumeSize: row.size,
          OwnerId: row.account,
          Description: row.description,
          State: row.state,
          Progress: view.Progress,
          StartTime: view.StartTime,
          Encrypted: row.encrypted,
          Tags: view.Tags,
        };
      }),
    };
  },
} satisfies Handlers;
