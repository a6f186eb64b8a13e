import type { Islet } from "../../server/index.ts";
import { operate } from "../operator.ts";

/** Puts an object into a bucket, as an operator does. */
export const putObject = (server: Islet, Bucket: string, Key: string, bytes: Uint8Array | string) =>
  operate(server, "POST objects", { Bucket, Key, Body: Buffer.from(bytes).toString("base64") });
