import { createHash } from "node:crypto";
import { ApiError } from "../errors.ts";
import { cancel, later, onDue } from "../kit/agenda.ts";
import type { Context } from "../kit/context.ts";
import type { EbsHandlers } from "../kit/handlers.ts";
import { checkTags, tagsOf } from "../kit/tags.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { encryptionOf, heritageOf } from "../ec2/ebsEncryption.ts";
import { checkReadable, completeSnapshot, freshSnapshot, snapshots, type Snapshot } from "../ec2/snapshot.ts";
import { BLOCK_BYTES, checkIndex, checksumOf, findSnapshot, invalid } from "./block.ts";

/** A snapshot that its owner is writing. Its id is the snapshot's. */
interface Upload extends Row {
  readonly account: string;
  /** How long after the last block it is given up, in minutes. */
  readonly timeout: number;
}

/** A block that was written. */
interface UploadedBlock extends Row {
  readonly account: string;
  readonly snapshotId: string;
  readonly index: number;
  /** SHA-256, base64. */
  readonly checksum: string;
}

const KIND = "snapshot-upload";
const uploads: TableDefinition<Upload> = { name: KIND };
const uploadedBlocks: TableDefinition<UploadedBlock> = {
  name: "snapshot-upload-block",
  indexes: { snapshot: ({ snapshotId }) => snapshotId },
};

const MAX_GIB = 65_536;
const TIMEOUT = { least: 10, most: 4320, usual: 60 };
const MAX_DESCRIPTION = 255;

const outOfBounds = (name: string, value: number | string): ApiError =>
  invalid("INVALID_PARAMETER_VALUE", `The value ${value} for ${name} is not valid.`);

function readSize(size: number, parent: Snapshot | undefined): number {
  if (size < 1 || size > MAX_GIB) {
    throw invalid("INVALID_VOLUME_SIZE", `The volume size must be between 1 and ${MAX_GIB} GiB.`);
  }
  if (parent && size < parent.size) {
    throw invalid(
      "INVALID_VOLUME_SIZE",
      `The volume size must be at least that of the parent snapshot: ${parent.size} GiB.`,
    );
  }
  return size;
}

function findParent(
  ctx: Context,
  id: string | undefined,
  encrypted: boolean | undefined,
): Snapshot | undefined {
  if (id === undefined) return undefined;
  if (encrypted !== undefined) {
    throw invalid("INVALID_PARAMETER_VALUE", "Encrypted and ParentSnapshotId cannot be specified together.");
  }
  const row = findSnapshot(ctx, id);
  try {
    checkReadable(row);
  } catch {
    throw invalid("INVALID_SNAPSHOT_ID", `The parent snapshot '${id}' is not complete, or is archived.`);
  }
  return row;
}

function readKey(ctx: Context, arn: string | undefined, parent: Snapshot | undefined): string | undefined {
  if (arn === undefined) return undefined;
  if (parent?.encrypted) {
    throw invalid("INVALID_CUSTOMER_KEY", "KmsKeyArn cannot be specified with an encrypted parent snapshot.");
  }
  if (/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/.+$/.test(arn) && arn.split(":")[3] === ctx.region)
    return arn;
  throw invalid("INVALID_CUSTOMER_KEY", "The KMS key is not valid.");
}

/** A snapshot that the caller writes. @throws {ApiError} as findSnapshot, AccessDeniedException, ValidationException */
function findPending(ctx: Context, id: string): { row: Snapshot; upload: Upload } {
  const row = findSnapshot(ctx, id);
  if (row.account !== ctx.account) {
    throw new ApiError(
      "AccessDeniedException",
      "UNAUTHORIZED_ACCOUNT",
      `Not authorized for snapshot '${id}'.`,
    );
  }
  const upload = ctx.unit.table(uploads).get(id);
  if (row.state === "pending" && upload) return { row, upload };
  throw invalid("INVALID_SNAPSHOT_ID", `The snapshot '${id}' is not in a state to be written.`);
}

const blockId = (snapshotId: string, index: number): string => `${snapshotId}/${index}`;

function note(ctx: Context, snapshotId: string, index: number, checksum: string): void {
  const table = ctx.unit.table(uploadedBlocks);
  const id = blockId(snapshotId, index);
  const known = table.get(id);
  if (known) table.replace({ ...known, checksum });
  else table.insert({ id, seq: ctx.unit.nextSeq(), account: ctx.account, snapshotId, index, checksum });
}

/** A checksum over the checksums of all blocks, in order of their indexes: the method `LINEAR`. */
function linearChecksum(blocks: readonly UploadedBlock[]): string {
  const sum = createHash("sha256");
  for (const { checksum } of blocks.toSorted((a, b) => a.index - b.index)) {
    sum.update(Buffer.from(checksum, "base64"));
  }
  return sum.digest("base64");
}

/** What was needed while it was written. */
function forget(ctx: Context, snapshotId: string): void {
  ctx.unit.table(uploads).remove(snapshotId);
  const blocks = ctx.unit.table(uploadedBlocks);
  for (const { id } of blocks.by("snapshot", snapshotId)) blocks.remove(id);
}

/** The time that is left begins anew. */
const keepWaiting = (ctx: Context, { id, timeout }: Upload): void =>
  later(ctx, KIND, id, "give-up", timeout * 60);

onDue(KIND, (ctx, id) => {
  if (!ctx.unit.table(uploads).get(id)) return;
  forget(ctx, id);
  // It may have been deleted since.
  if (snapshots.table(ctx).get(id)?.state !== "pending") return;
  snapshots.update(ctx, id, { state: "error", stateMessage: "The snapshot was not completed in time." });
});

export const operations = {
  CompleteSnapshot: ({ SnapshotId, ChangedBlocksCount, Checksum, ChecksumAggregationMethod }, ctx) => {
    const { row } = findPending(ctx, SnapshotId);
    const blocks = ctx.unit.table(uploadedBlocks).by("snapshot", row.id);
    if (ChangedBlocksCount !== blocks.length) {
      throw invalid(
        "INVALID_PARAMETER_VALUE",
        `ChangedBlocksCount is ${ChangedBlocksCount}, but ${blocks.length} blocks were written.`,
      );
    }
    if (Checksum !== undefined && ChecksumAggregationMethod === undefined) {
      throw invalid("INVALID_PARAMETER_VALUE", "Checksum requires ChecksumAggregationMethod.");
    }
    if (Checksum !== undefined && Checksum !== linearChecksum(blocks)) {
      throw invalid("INVALID_PARAMETER_VALUE", "The checksum does not match that of the blocks written.");
    }
    forget(ctx, row.id);
    cancel(ctx, KIND, row.id);
    completeSnapshot(ctx, row);
    return { Status: "completed" };
  },

  PutSnapshotBlock: ({ SnapshotId, BlockIndex, BlockData, DataLength, Checksum, Progress }, ctx) => {
    const { row, upload } = findPending(ctx, SnapshotId);
    checkIndex(row, BlockIndex);
    if (DataLength !== BLOCK_BYTES || BlockData.length !== BLOCK_BYTES) {
      throw invalid("INVALID_BLOCK", `Blocks have ${BLOCK_BYTES} bytes.`);
    }
    if (Progress !== undefined && (Progress < 0 || Progress > 100)) throw outOfBounds("Progress", Progress);
    const checksum = checksumOf(BlockData);
    if (Checksum !== checksum) {
      throw invalid("INVALID_BLOCK", "The checksum does not match the data of the block.");
    }
    ctx.world.hosts.snapshots.write(ctx.region, row.id, BlockIndex, BlockData);
    note(ctx, row.id, BlockIndex, checksum);
    if (Progress !== undefined) snapshots.update(ctx, row.id, { written: Progress });
    keepWaiting(ctx, upload);
    return { Checksum: checksum, ChecksumAlgorithm: "SHA256" };
  },

  StartSnapshot: (
    { VolumeSize, ParentSnapshotId, Description = "", Encrypted, KmsKeyArn, ...input },
    ctx,
  ) => {
    const { least, most, usual } = TIMEOUT;
    const timeout = input.Timeout ?? usual;
    if (timeout < least || timeout > most) throw outOfBounds("Timeout", timeout);
    if (Description.length > MAX_DESCRIPTION) throw outOfBounds("Description", "given");
    const parent = findParent(ctx, ParentSnapshotId, Encrypted);
    const kmsKeyId = readKey(ctx, KmsKeyArn, parent);
    if (kmsKeyId !== undefined && Encrypted !== true && !parent) {
      throw invalid("INVALID_CUSTOMER_KEY", "KmsKeyArn requires Encrypted to be true.");
    }
    const encryption = encryptionOf(
      ctx,
      { encrypted: Encrypted ?? (kmsKeyId === undefined ? undefined : true), kmsKeyId },
      parent,
    );
    const id = snapshots.newId(ctx);
    const row = snapshots.create(
      ctx,
      {
        ...freshSnapshot,
        ...encryption,
        ...heritageOf(ctx, id, encryption, parent),
        lineage: parent?.lineage ?? id,
        origin: { kind: "upload", parentId: parent?.id },
        description: Description,
        size: readSize(VolumeSize, parent),
        duration: undefined,
      },
      checkTags(input.Tags ?? []),
      id,
    );
    const upload = { id, seq: ctx.unit.nextSeq(), account: ctx.account, timeout };
    ctx.unit.table(uploads).insert(upload);
    keepWaiting(ctx, upload);
    return {
      SnapshotId: id,
      OwnerId: row.account,
      Status: "pending",
      StartTime: new Date(row.created),
      VolumeSize: row.size,
      BlockSize: BLOCK_BYTES,
      Description: row.description,
      Tags: [...tagsOf(ctx, id)],
      ParentSnapshotId: parent?.id,
      KmsKeyArn: row.kmsKeyId,
      SseType: row.encrypted ? "sse-kms" : "none",
    };
  },
} satisfies EbsHandlers;
