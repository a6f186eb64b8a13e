import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
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
  const object = place && ctx.world.getObject(place.bucket, place.key);
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
  parts.every(({ bucket, key, length }) => ctx.world.getObject(bucket, key)?.size === length);

const PIECE = 512 * 1024;

/** The bytes of the image, in order, with where they lie in it. */
export function* contentOf(
  ctx: Context,
  { parts }: ImportManifest,
): Generator<{ readonly offset: number; readonly bytes: Uint8Array }> {
  for (const { bucket, key, start, length } of parts) {
    const object = ctx.world.getObject(bucket, key);
    if (!object) continue;
    for (let at = 0; at < length; at += PIECE) {
      yield { offset: start + at, bytes: object.read(at, Math.min(PIECE, length - at)) };
    }
  }
}
