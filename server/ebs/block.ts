import { createHash } from "node:crypto";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { snapshots, type Snapshot } from "../ec2/snapshot.ts";

/** Of all blocks, in bytes. */
export const BLOCK_BYTES = 524_288;

const GIB = 1024 ** 3;

/** How many blocks a volume of so many GiB has. */
const blocksIn = (size: number): number => (size * GIB) / BLOCK_BYTES;

/** How long tokens of blocks are good for, in milliseconds: seven days. */
const TOKEN_LIFE = 7 * 24 * 3600 * 1000;

/** What the API says of what is not as it asks; the reason is one of its own enumeration. */
export const invalid = (reason: string, message: string): ApiError =>
  new ApiError("ValidationException", reason, message);

/** In base64, as the API has checksums. */
export const checksumOf = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("base64");

/** A snapshot that the caller may use. @throws {ApiError} ValidationException, ResourceNotFoundException */
export function findSnapshot(ctx: Context, id: string): Snapshot {
  if (id.length > 64 || !/^snap-[0-9a-f]+$/.test(id)) {
    throw invalid("INVALID_SNAPSHOT_ID", `The snapshot ID '${id.slice(0, 64)}' is not valid.`);
  }
  const row = snapshots.find(ctx, id);
  if (row) return row;
  throw new ApiError(
    "ResourceNotFoundException",
    "SNAPSHOT_NOT_FOUND",
    `The snapshot '${id}' does not exist.`,
  );
}

/** @throws {ApiError} ValidationException for an index beyond the volume's end */
export function checkIndex({ id, size }: Snapshot, index: number): void {
  if (index >= 0 && index < blocksIn(size)) return;
  throw invalid("INVALID_BLOCK", `The block index ${index} is not valid for snapshot '${id}'.`);
}

/** Tokens are of the letters of base64, as the API's model has them. */
const toToken = (sealed: string): string => sealed.replaceAll("-", "+").replaceAll("_", "/");
const fromToken = (token: string): string => token.replaceAll("+", "-").replaceAll("/", "_");

export const expiryOf = ({ now }: Context): number => now + TOKEN_LIFE;

/** Good for this caller, this block and this content of it. */
const purposeOf = ({ account, region }: Context, snapshotId: string, index: number): string =>
  `block/${account}/${region}/${snapshotId}/${index}`;

export const blockToken = (ctx: Context, snapshotId: string, index: number, chunk: number): string =>
  toToken(ctx.seal.close(purposeOf(ctx, snapshotId, index), `${chunk}/${expiryOf(ctx)}`));

/** @throws {ApiError} ValidationException for a token that is not ours, not for this block, or too old */
export function checkBlockToken(ctx: Context, snapshotId: string, index: number, token: string): void {
  const [, expires] = ctx.seal.open(purposeOf(ctx, snapshotId, index), fromToken(token))?.split("/") ?? [];
  if (expires !== undefined && Number(expires) > ctx.now) return;
  throw invalid("INVALID_BLOCK_TOKEN", "The block token is not valid or has expired.");
}

/** A page's token has the index of the block that the next page begins with. */
const pagePurpose = ({ account, region, operation }: Context, of: string): string =>
  `page/${account}/${region}/${operation}/${of}`;

export const pageToken = (ctx: Context, of: string, index: number): string =>
  toToken(ctx.seal.close(pagePurpose(ctx, of), String(index)));

/** @throws {ApiError} ValidationException */
export function openPageToken(ctx: Context, of: string, token: string): number {
  const index = ctx.seal.open(pagePurpose(ctx, of), fromToken(token));
  if (index === undefined) throw invalid("INVALID_PAGE_TOKEN", "The page token is not valid.");
  return Number(index);
}
