import { ApiError } from "../errors.ts";
import type { Objects } from "../state/objects.ts";
import { base64, bytes, required } from "./fields.ts";
import { allow, invalid, text, type Fields, type Route } from "./operator.ts";

/** What is no name of a bucket might lead out of the folder. @throws {ApiError} MissingParameter, InvalidParameterValue */
function readBucket(fields: Fields): string {
  const bucket = text(fields, "Bucket");
  if (bucket === undefined) throw new ApiError("MissingParameter", "Bucket");
  if (!/^[a-z\d][a-z\d.-]*$/.test(bucket)) throw invalid("Bucket", bucket);
  return bucket;
}

/** Whether what stands between the slashes of a key can be folders, and a file, below that of its bucket. */
const isPath = (key: string): boolean =>
  key.length <= 1024 && key.split("/").every((name) => /^(?!\.{1,2}$)[^\\\0]{1,255}$/.test(name));

/** Whether one key has another, which is a file, for a folder. */
const isWithin = (key: string, other: string): boolean => key.startsWith(`${other}/`);

/**
 * What services have left in buckets of S3, which islet itself does not have: flow logs. And what services are to find
 * there: images of disks.
 */
export function objectRoutes(objects: Objects): Readonly<Record<string, Route>> {
  return {
    "POST objects": (fields) => {
      allow(fields, "Bucket", "Key", "Body");
      const bucket = readBucket(fields);
      const key = required(fields, "Key");
      if (
        !isPath(key) ||
        objects.keys(bucket).some((other) => isWithin(key, other) || isWithin(other, key))
      ) {
        throw invalid("Key", key);
      }
      objects.put(bucket, key, bytes(fields, "Body"));
    },

    "GET objects": (fields) => {
      allow(fields, "Bucket", "Key");
      const bucket = readBucket(fields);
      const key = text(fields, "Key");
      if (key === undefined) return { Keys: objects.keys(bucket) };
      const body = objects.get(bucket, key);
      if (!body) throw invalid("Key", key);
      return { Body: base64(body) };
    },
  };
}
