import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { BrokenImage, invalid, type Disk, type File } from "./diskFormats/disk.ts";
import { openRaw } from "./diskFormats/raw.ts";
import { openVhd } from "./diskFormats/vhd.ts";
import { openVmdk } from "./diskFormats/vmdk.ts";

/** Where an image of a disk is: an object of a bucket. */
export interface ImagePlace {
  readonly bucket: string;
  readonly key: string;
}

const BUCKET = /^[a-z\d][a-z\d.-]{1,61}[a-z\d]$/;

/** The bucket and key that a URL names, in any of the forms that S3 knows. */
export function placeOfUrl(url: string): ImagePlace | undefined {
  if (!URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  const path = decoded(parsed.pathname.slice(1));
  if (path === undefined) return undefined;
  if (parsed.protocol === "s3:") return placeOf(parsed.host, path);
  if (parsed.protocol !== "https:") return undefined;
  const [, bucket] = /^(.+)\.s3(?:[.-][a-z\d-]+)?\.amazonaws\.com$/.exec(parsed.hostname) ?? [];
  if (bucket !== undefined) return placeOf(bucket, path);
  if (!/^s3(?:[.-][a-z\d-]+)?\.amazonaws\.com$/.test(parsed.hostname)) return undefined;
  const slash = path.indexOf("/");
  return slash < 0 ? undefined : placeOf(path.slice(0, slash), path.slice(slash + 1));
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

const placeOf = (bucket: string, key: string): ImagePlace | undefined =>
  BUCKET.test(bucket) && key !== "" ? { bucket, key } : undefined;

/** What a call says of where the image is. @throws {ApiError} MissingParameter, InvalidParameter */
export function readPlace({ Url: url, UserBucket: asked }: Sdk.SnapshotDiskContainer): ImagePlace {
  if (url !== undefined && asked) {
    throw new ApiError("InvalidParameter", "Only one of Url and UserBucket can be specified.");
  }
  if (url === undefined && !asked) throw new ApiError("MissingParameter", "Url or UserBucket");
  const place = url === undefined ? placeOf(asked?.S3Bucket ?? "", asked?.S3Key ?? "") : placeOfUrl(url);
  if (place) return place;
  throw new ApiError(
    "InvalidParameter",
    url === undefined
      ? "The user bucket must have the name of a bucket and a key."
      : `The given S3 object is not valid: ${url}`,
  );
}

const formats: ReadonlyMap<string, (file: File) => Disk> = new Map([
  ["RAW", openRaw],
  ["VHD", openVhd],
  ["VMDK", openVmdk],
]);

/**
 * The disk that a file in a format is the image of, as far as that can be seen without reading all data; a fault in them
 * comes up when they are read.
 *
 * @param format as a call says it
 * @throws {BrokenImage}
 */
export function openDisk(format: string, file: File): Disk {
  const open = formats.get(format.toUpperCase());
  if (!open) throw invalid("Unsupported specified file format");
  return open(file);
}

/** @throws {BrokenImage} if there is no such object */
export function openFile(ctx: Context, { bucket, key }: ImagePlace): File {
  const file = ctx.world.objects.open(bucket, key, ctx.account);
  if (!file) throw invalid("We do not have access to the given resource. Reason 404 Not Found");
  return file;
}

/** Does what reads an image; what is wrong with that is a task's message, and no error. */
export function reading<T>(read: () => T): T | BrokenImage {
  try {
    return read();
  } catch (error) {
    if (error instanceof BrokenImage) return error;
    throw error;
  }
}
