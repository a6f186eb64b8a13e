import type { Block, ChangedBlock } from "@aws-sdk/client-ebs";
import type { Context } from "../kit/context.ts";
import type { EbsHandlers } from "../kit/handlers.ts";
import type { Snapshot } from "../ec2/snapshot.ts";
import {
  BLOCK_BYTES,
  blockToken,
  checkBlockToken,
  checkIndex,
  checksumOf,
  expiryOf,
  findSnapshot,
  invalid,
  openPageToken,
  pageToken,
} from "./block.ts";

/** How many blocks a page has: at most, and at least at most. */
const MOST = 10_000;
const LEAST = 100;

interface ListRequest {
  readonly NextToken?: string | undefined;
  readonly MaxResults?: number | undefined;
  readonly StartingBlockIndex?: number | undefined;
}

/** Only what is complete can be read, and what is archived not at all. */
function readable(ctx: Context, id: string): Snapshot {
  const row = findSnapshot(ctx, id);
  if (row.state !== "completed") {
    throw invalid("INVALID_SNAPSHOT_ID", `The snapshot '${id}' is in the state ${row.state}.`);
  }
  if (row.tier === "archive") throw invalid("INVALID_SNAPSHOT_ID", `The snapshot '${id}' is archived.`);
  return row;
}

/** @throws {ApiError} ValidationException */
function openPage(ctx: Context, of: string, { NextToken, MaxResults, StartingBlockIndex = 0 }: ListRequest) {
  if (MaxResults !== undefined && (MaxResults < LEAST || MaxResults > MOST)) {
    throw invalid(
      "INVALID_PARAMETER_VALUE",
      `The value ${MaxResults} for MaxResults is not valid. It must be between ${LEAST} and ${MOST}.`,
    );
  }
  if (StartingBlockIndex < 0) {
    throw invalid(
      "INVALID_PARAMETER_VALUE",
      `The value ${StartingBlockIndex} for StartingBlockIndex is not valid.`,
    );
  }
  const from = NextToken === undefined ? StartingBlockIndex : openPageToken(ctx, of, NextToken);
  return { from, limit: MaxResults ?? MOST };
}

/** The first of `all`, and a token to go on with after them. */
function page<T extends { readonly index: number }>(
  ctx: Context,
  of: string,
  all: Iterable<T>,
  limit: number,
): { readonly items: T[]; readonly NextToken?: string } {
  const items: T[] = [];
  for (const item of all) {
    if (items.length === limit) return { items, NextToken: pageToken(ctx, of, item.index) };
    items.push(item);
  }
  return { items };
}

interface Difference {
  readonly index: number;
  readonly first: number | undefined;
  readonly second: number | undefined;
}

/** Where two snapshots do not have the same block, in order. */
function* differences(ctx: Context, first: string, second: string, from: number): Generator<Difference> {
  const before = new Map(
    Array.from(ctx.world.hosts.snapshots.blocks(ctx.region, first, from), ({ index, chunk }) => [
      index,
      chunk,
    ]),
  );
  const after = new Map(
    Array.from(ctx.world.hosts.snapshots.blocks(ctx.region, second, from), ({ index, chunk }) => [
      index,
      chunk,
    ]),
  );
  for (const index of [...new Set([...before.keys(), ...after.keys()])].toSorted((a, b) => a - b)) {
    const [was, is] = [before.get(index), after.get(index)];
    if (was !== is) yield { index, first: was, second: is };
  }
}

export const operations = {
  GetSnapshotBlock: ({ SnapshotId, BlockIndex, BlockToken }, ctx) => {
    const row = readable(ctx, SnapshotId);
    checkIndex(row, BlockIndex);
    checkBlockToken(ctx, row.id, BlockIndex, BlockToken);
    const block =
      ctx.world.hosts.snapshots.read(ctx.region, row.id, BlockIndex) ?? new Uint8Array(BLOCK_BYTES);
    return {
      DataLength: block.length,
      BlockData: block,
      Checksum: checksumOf(block),
      ChecksumAlgorithm: "SHA256",
    };
  },

  ListChangedBlocks: ({ FirstSnapshotId, SecondSnapshotId, ...request }, ctx) => {
    if (FirstSnapshotId === undefined) {
      throw invalid("INVALID_PARAMETER_VALUE", "FirstSnapshotId must be specified with SecondSnapshotId.");
    }
    const first = readable(ctx, FirstSnapshotId);
    const second = readable(ctx, SecondSnapshotId);
    if (first.lineage !== second.lineage) {
      throw invalid(
        "UNRELATED_SNAPSHOTS",
        `The snapshots '${first.id}' and '${second.id}' are not of the same lineage.`,
      );
    }
    const of = `${first.id}/${second.id}`;
    const { from, limit } = openPage(ctx, of, request);
    const { items, ...next } = page(ctx, of, differences(ctx, first.id, second.id, from), limit);
    return {
      ChangedBlocks: items.map(({ index, ...at }): ChangedBlock => ({
        BlockIndex: index,
        ...(at.first !== undefined && { FirstBlockToken: blockToken(ctx, first.id, index, at.first) }),
        ...(at.second !== undefined && { SecondBlockToken: blockToken(ctx, second.id, index, at.second) }),
      })),
      ExpiryTime: new Date(expiryOf(ctx)),
      VolumeSize: second.size,
      BlockSize: BLOCK_BYTES,
      ...next,
    };
  },

  ListSnapshotBlocks: ({ SnapshotId, ...request }, ctx) => {
    const { id, size } = readable(ctx, SnapshotId);
    const { from, limit } = openPage(ctx, id, request);
    const { items, ...next } = page(ctx, id, ctx.world.hosts.snapshots.blocks(ctx.region, id, from), limit);
    return {
      Blocks: items.map(({ index, chunk }): Block => ({
        BlockIndex: index,
        BlockToken: blockToken(ctx, id, index, chunk),
      })),
      ExpiryTime: new Date(expiryOf(ctx)),
      VolumeSize: size,
      BlockSize: BLOCK_BYTES,
      ...next,
    };
  },
} satisfies EbsHandlers;
