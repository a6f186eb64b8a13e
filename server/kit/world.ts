import type { Context } from "./context.ts";
import type { Change } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";

/** An instance that needs a host. */
export interface LaunchRequest {
  readonly instanceId: string;
  readonly account: string;
  readonly zone: string;
  /** `m5` of `m5.large`. */
  readonly family: string;
  readonly memoryMiB: number;
  readonly cores: number;
  readonly threadsPerCore: number;
  readonly tenancy: "default" | "dedicated" | "host";
  /** Only this Dedicated Host will do. */
  readonly host?: string;
}

/** What is in the snapshots of a region; snapshots that are not there are empty. An index counts blocks of 512 KiB. */
export interface SnapshotContents {
  /** How many blocks a snapshot has. */
  size(region: string, snapshotId: string): number;
  /** Its blocks from `from` on, in order. Two snapshots with the same `chunk` at an index have the same block there. */
  blocks(
    region: string,
    snapshotId: string,
    from: number,
  ): Iterable<{ readonly index: number; readonly chunk: number }>;
  /** Undefined where the snapshot is empty. */
  read(region: string, snapshotId: string, index: number): Uint8Array | undefined;
  /** Writes a whole block. */
  write(region: string, snapshotId: string, index: number, bytes: Uint8Array): void;
}

/** The simulated world behind the API, as far as handlers and the pipeline speak to it. */
export interface World {
  /**
   * Gives an instance a host with cores and zeroed memory, within the transaction: if that fails, they are given back.
   *
   * @throws {ApiError} InsufficientInstanceCapacity, Unsupported, InvalidHostID.NotFound
   */
  launch(ctx: Context, request: LaunchRequest): void;
  readonly snapshots: SnapshotContents;
  /** Brings hosts and network to what the rows of `unit` say after `changes`. */
  committed(unit: Unit, changes: readonly Change[]): void;
  /** Brings hosts and network to all rows of a unit that was just read: the power is back. */
  resumed(unit: Unit): void;
  /** Everything is gone. */
  emptied(): void;
}
