import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";

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

/** An image that can be read, or why it cannot, as the task's message says it. */
export type OpenedImage =
  | { readonly image: NonNullable<ReturnType<Context["world"]["getObject"]>> }
  | { readonly problem: string };

const failed = (reason: string): OpenedImage => ({
  problem: `ClientError: Disk validation failed [${reason}]`,
});

/** More than this a volume of no type has: 64 TiB. */
const MAX_BYTES = 64 * 1024 ** 4;

/**
 * Opens the image of a disk, byte for byte as the disk is to be.
 *
 * @param format as the call says; other formats than RAW would have to be converted
 */
export function openImage(ctx: Context, format: string, { bucket, key }: ImagePlace): OpenedImage {
  if (format.toUpperCase() !== "RAW") return failed("Unsupported specified file format");
  const image = ctx.world.getObject(bucket, key);
  if (!image) return failed("We do not have access to the given resource. Reason 404 Not Found");
  if (image.size === 0 || image.size > MAX_BYTES) return failed("Invalid disk size");
  return { image };
}
