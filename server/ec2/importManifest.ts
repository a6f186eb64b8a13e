import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { File } from "./diskFormats/disk.ts";
import { placeOfUrl, type ImagePlace } from "./diskImage.ts";

/** A piece of the image of a disk, which is an object of its own. */
interface ImagePart extends ImagePlace {
  /** Where in the image it begins: bytes. */
  readonly start: number;
  /** Bytes. */
  readonly length: number;
}

/** What the client of an import says of the image that it uploads in parts. */
export interface ImportManifest {
  /** Bytes of the image. */
  readonly size: number;
  /** In order, without gaps. */
  readonly parts: readonly ImagePart[];
}

/** Of the manifest itself; a part has a few hundred bytes, and 10 MiB of the disk. */
const MAX_BYTES = 16 * 1024 ** 2;

const invalid = (reason: string): ApiError =>
  new ApiError("InvalidManifest", `The import manifest is invalid: ${reason}`);

/**
 * Reads the manifest of an import: of the few elements that matter here, each stands once, or once in each part.
 *
 * @throws {ApiError} InvalidManifest if it is not there, or does not describe a whole image
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/manifest.html
 */
export function readManifest(ctx: Context, url: string): ImportManifest {
  const place = placeOfUrl(url);
  const object = place && ctx.world.objects.open(place.bucket, place.key, ctx.account);
  if (!object) throw invalid("it cannot be read");
  if (object.size > MAX_BYTES) throw invalid("it is too large");
  const [head = "", ...pieces] = Buffer.from(object.read(0, object.size)).toString("utf8").split("<part ");
  const size = Number(/<import>\s*<size>(\d{1,15})<\/size>/.exec(head)?.[1]);
  if (!(size > 0)) throw invalid("there is no size");
  let end = 0;
  const parts = pieces.map((piece): ImagePart => {
    const range = /<byte-range ([^<>]*)>/.exec(piece)?.[1] ?? "";
    const start = Number(/\bstart="(\d{1,15})"/.exec(range)?.[1]);
    const last = Number(/\bend="(\d{1,15})"/.exec(range)?.[1]);
    const key = /<key>([^<]+)<\/key>/.exec(piece)?.[1];
    // The parts say where they begin and which byte is their last.
    if (start !== end || !(last >= start) || key === undefined) throw invalid("a part is missing");
    end = last + 1;
    return { bucket: place.bucket, key: unescaped(key), start, length: end - start };
  });
  if (end !== size) throw invalid("the parts are not the whole image");
  return { size, parts };
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

const unescaped = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name] ?? "");

/** Whether all parts have been uploaded, each as long as it is to be. */
export const isUploaded = (ctx: Context, { parts }: ImportManifest): boolean =>
  parts.every(({ bucket, key, length }) => ctx.world.objects.open(bucket, key, ctx.account)?.size === length);

/** The parts, read as the one file that they are the pieces of. */
export function fileOf(ctx: Context, { size, parts }: ImportManifest): File {
  return {
    size,
    read: (offset, length) => {
      const end = Math.min(offset + length, size);
      const pieces: Uint8Array[] = [];
      for (let at = offset, index = partAt(parts, at); at < end; index++) {
        const part = parts[index];
        const from = at - (part?.start ?? 0);
        const wanted = Math.min(end - at, (part?.length ?? 0) - from);
        const bytes = part && ctx.world.objects.open(part.bucket, part.key, ctx.account)?.read(from, wanted);
        // It was there, and as long as it is to be, when that was looked for last.
        if (bytes?.length !== wanted) break;
        pieces.push(bytes);
        at += wanted;
      }
      return Buffer.concat(pieces);
    },
  };
}

/** The part in which a byte of the image lies: they follow on each other. */
function partAt(parts: readonly ImagePart[], offset: number): number {
  let [low, high] = [0, parts.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((parts[middle]?.start ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
