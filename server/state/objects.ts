import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** An object, to be read piece by piece: images of disks are larger than memory. */
interface StoredObject {
  /** Bytes. */
  readonly size: number;
  /** Up to `length` bytes from `offset` on: fewer at the end. */
  read(offset: number, length: number): Uint8Array;
}

/** What services leave in buckets of S3, by key. Keys come from whom they are checked by: they lead nowhere else. */
export interface Objects {
  /** @param owner the account for which a service leaves it; without one it is for everybody */
  put(bucket: string, key: string, bytes: Uint8Array, owner?: string): void;
  get(bucket: string, key: string): Uint8Array | undefined;
  /** @param account for which it is read: what is another's is not there; without one, whatever is there */
  open(bucket: string, key: string, account?: string): StoredObject | undefined;
  /** Sorted. */
  keys(bucket: string): string[];
  clear(): void;
}

const isFor = (account: string | undefined, owner: string | undefined): boolean =>
  account === undefined || owner === undefined || owner === account;

export function memoryObjects(): Objects {
  const buckets = new Map<string, Map<string, { readonly bytes: Uint8Array; readonly owner?: string }>>();
  return {
    put: (bucket, key, bytes, owner) => {
      const objects = buckets.get(bucket) ?? new Map();
      buckets.set(bucket, objects.set(key, { bytes, ...(owner !== undefined && { owner }) }));
    },
    get: (bucket, key) => buckets.get(bucket)?.get(key)?.bytes,
    open: (bucket, key, account) => {
      const { bytes, owner } = buckets.get(bucket)?.get(key) ?? {};
      if (!bytes || !isFor(account, owner)) return undefined;
      return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
    },
    keys: (bucket) => [...(buckets.get(bucket)?.keys() ?? [])].toSorted(),
    clear: () => buckets.clear(),
  };
}

/** Keeps objects as files: the bucket is a folder, and what stands between slashes of a key are folders in it. */
export function folderObjects(folder: string): Objects {
  const pathOf = (bucket: string, key: string): string => join(folder, bucket, key);
  // Beside the buckets, none of which has such a name: where an object is there is the whole of it, or what was there before.
  const unfinished = join(folder, ".unfinished");
  const ownerPathOf = (bucket: string, key: string): string => join(folder, ".owners", bucket, key);
  const write = (path: string, bytes: Uint8Array | string): void => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(unfinished, bytes, { mode: 0o600 });
    renameSync(unfinished, path);
  };
  const open: Objects["open"] = (bucket, key, account) => {
    if (!keysIn(folder, bucket).includes(key)) return undefined;
    return isFor(account, textIn(ownerPathOf(bucket, key))) ? openFile(pathOf(bucket, key)) : undefined;
  };
  return {
    put: (bucket, key, bytes, owner) => {
      const ownerPath = ownerPathOf(bucket, key);
      if (owner === undefined) rmSync(ownerPath, { force: true });
      else write(ownerPath, owner);
      write(pathOf(bucket, key), bytes);
    },
    get: (bucket, key) => {
      const object = open(bucket, key);
      return object?.read(0, object.size);
    },
    open,
    keys: (bucket) => keysIn(folder, bucket),
    clear: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function openFile(path: string): StoredObject | undefined {
  const size = sizeOf(path);
  if (size === undefined) return undefined;
  return {
    size,
    read: (offset, length) => {
      const bytes = new Uint8Array(length);
      const file = openSync(path, "r");
      try {
        return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
      } finally {
        closeSync(file);
      }
    },
  };
}

/** Undefined for what is no file that can be read, such as a link that leads nowhere, or to a folder. */
function sizeOf(path: string): number | undefined {
  try {
    accessSync(path, constants.R_OK);
    const stat = statSync(path);
    return stat.isFile() ? stat.size : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined for a file that is not there. */
const textIn = (path: string): string | undefined =>
  existsSync(path) ? readFileSync(path, "utf8") : undefined;

function keysIn(folder: string, bucket: string): string[] {
  const walk = (prefix: string): string[] =>
    readdirSync(join(folder, bucket, prefix), { withFileTypes: true }).flatMap((entry) => {
      const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
      return entry.isDirectory() ? walk(path) : [path];
    });
  try {
    return walk("").toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
