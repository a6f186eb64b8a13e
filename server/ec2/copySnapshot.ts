import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { tagsOf } from "../kit/tags.ts";
import { regions } from "./catalogue/regions.ts";
import { encryptionOf, heritageOf, type Encryption, type Heritage } from "./ebsEncryption.ts";
import { checkReadable, freshSnapshot, readDescription, snapshots, type Snapshot } from "./snapshot.ts";

/** About what EC2 takes for a small copy, in seconds. */
const SECONDS = 15;

/** A copy that is to be complete in time may be given so many minutes, in steps. */
const STEP = 15;
const LONGEST = 2880;

/** @throws {ApiError} InvalidParameterValue */
export function readDuration(minutes: number | undefined): number | undefined {
  if (minutes === undefined || (minutes >= STEP && minutes <= LONGEST && minutes % STEP === 0))
    return minutes;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${minutes}) for parameter completionDurationMinutes is invalid. Specify ${STEP} to ${LONGEST} minutes in steps of ${STEP}.`,
  );
}

/** What is to be copied, in the region where it is. */
export interface CopySource extends Encryption, Heritage {
  readonly region: string;
  readonly id: string;
  readonly size: number;
}

/** @throws {ApiError} InvalidParameterValue for a region there is not, InvalidSnapshot.NotFound, IncorrectState */
function findSource(ctx: Context, region: string, id: string): CopySource {
  if (!regions.has(region)) {
    throw new ApiError("InvalidParameterValue", `Value (${region}) for parameter sourceRegion is invalid.`);
  }
  const row: Snapshot = snapshots.get({ ...ctx, region, unit: ctx.unitOf(region) }, id);
  checkReadable(row);
  return { ...row, region };
}

/** @throws {ApiError} InvalidOutpostArn.NotFound, InvalidParameterValue: there are no Outposts and no Local Zones */
function refuseElsewhere(ctx: Context, input: Sdk.CopySnapshotRequest): void {
  if (input.DestinationOutpostArn !== undefined) {
    throw new ApiError("InvalidOutpostArn.NotFound", input.DestinationOutpostArn);
  }
  if (input.DestinationAvailabilityZone !== undefined) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${input.DestinationAvailabilityZone}) for parameter destinationAvailabilityZone is invalid. It is not a Local Zone.`,
    );
  }
  if (input.DestinationRegion !== undefined && input.DestinationRegion !== ctx.region) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${input.DestinationRegion}) for parameter destinationRegion is invalid. The copy is made in ${ctx.region}.`,
    );
  }
}

interface CopyWish {
  readonly encrypted: boolean | undefined;
  readonly kmsKeyId: string | undefined;
  readonly description: string;
  /** How long it may take; undefined for as long as it does. */
  readonly minutes: number | undefined;
}

/** Begins a copy in the caller's region. @throws {ApiError} InvalidParameterDependency, InvalidParameterValue for the key */
export function startCopy(
  ctx: Context,
  source: CopySource,
  { encrypted, kmsKeyId, description, minutes }: CopyWish,
  tags: readonly Sdk.TagSpecification[] | readonly Sdk.Tag[] | undefined,
): Snapshot {
  // Not the source's key, unless that is the account's default or asked for.
  const encryption = encryptionOf(ctx, { encrypted, kmsKeyId }, { ...source, kmsKeyId: undefined });
  const id = snapshots.newId(ctx);
  const row = snapshots.create(
    ctx,
    {
      ...freshSnapshot,
      ...encryption,
      ...heritageOf(ctx, id, encryption, source.region === ctx.region ? source : undefined),
      origin: { kind: "copy", region: source.region, snapshotId: source.id },
      description,
      size: source.size,
      duration: SECONDS,
      transfer: { minutes },
    },
    tags,
    id,
  );
  snapshots.soon(ctx, id, "completed", SECONDS);
  return row;
}

export const operations = {
  // The signature of PresignedUrl proves to the source region what the call's own signature proves here.
  CopySnapshot: (input, ctx) => {
    refuseElsewhere(ctx, input);
    const minutes = readDuration(input.CompletionDurationMinutes);
    const source = findSource(ctx, input.SourceRegion, input.SourceSnapshotId);
    if (input.Encrypted === false && source.encrypted) {
      throw new ApiError(
        "InvalidParameterValue",
        "Encrypted snapshots cannot be copied to unencrypted ones: the parameter Encrypted cannot be false.",
      );
    }
    const row = startCopy(
      ctx,
      source,
      {
        encrypted: input.Encrypted,
        kmsKeyId: input.KmsKeyId,
        description: readDescription(input.Description),
        minutes,
      },
      input.TagSpecifications,
    );
    return { SnapshotId: row.id, Tags: [...tagsOf(ctx, row.id)] };
  },
} satisfies Handlers;
