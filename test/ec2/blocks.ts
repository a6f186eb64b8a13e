import type { Islet } from "../../server/index.ts";
import { operate } from "../operator.ts";

/** 512 KiB: a block. */
export const BLOCK = 512 * 1024;

/** Writes to a volume as a guest would. */
export async function writeVolume(
  islet: Islet,
  VolumeId: string,
  Offset: number,
  text: string,
  Region = "us-east-1",
): Promise<void> {
  const Bytes = Buffer.from(text).toString("base64");
  await operate(islet, "POST volumes/write", { Region, VolumeId, Offset, Bytes });
}

/** What a guest reads from a volume. */
export async function readVolume(
  islet: Islet,
  VolumeId: string,
  Offset: number,
  Length: number,
  Region = "us-east-1",
): Promise<string> {
  const answer = await operate(islet, "POST volumes/read", { Region, VolumeId, Offset, Length });
  return Buffer.from((answer as { Bytes: string }).Bytes, "base64").toString();
}
