import type * as Sdk from "@aws-sdk/client-ec2";
import { formatPrefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import { readCidr } from "./cidrBlock.ts";
import { currentOf, type Entry, type PrefixList, type Version } from "./prefixList.ts";

/** In one request. */
const MAX_CHANGES = 100;

export const invalid = (message: string): ApiError => new ApiError("InvalidParameterValue", message);

const readBlock = (cidr: string | undefined, family: "IPv4" | "IPv6"): string =>
  formatPrefix(readCidr(cidr ?? "", "cidr", family === "IPv4" ? 4 : 6));

/** @throws {ApiError} InvalidParameterValue also for a block that is named twice */
function readBlocks<T extends { readonly Cidr?: string | undefined }>(
  asked: readonly T[],
  family: "IPv4" | "IPv6",
): Map<string, T> {
  if (asked.length > MAX_CHANGES) {
    throw invalid(`The number of entries per request cannot exceeds limit (${MAX_CHANGES}).`);
  }
  const blocks = new Map<string, T>();
  for (const entry of asked) {
    const cidr = readBlock(entry.Cidr, family);
    if (blocks.has(cidr)) throw invalid(`The CIDR ${cidr} is specified more than once.`);
    blocks.set(cidr, entry);
  }
  return blocks;
}

export function readEntries(asked: readonly Sdk.AddPrefixListEntry[], family: "IPv4" | "IPv6"): Entry[] {
  return [...readBlocks(asked, family)].map(([cidr, { Description: description }]) => {
    if ((description?.length ?? 0) > 255) {
      throw invalid(`The description of entry ${cidr} is longer than 255 characters.`);
    }
    return { cidr, description };
  });
}

/** @throws {ApiError} PrefixListMaxEntriesExceeded */
export function checkRoom(entries: readonly Entry[], maxEntries: number): void {
  if (entries.length > maxEntries) throw new ApiError("PrefixListMaxEntriesExceeded", maxEntries);
}

/** The entries with some removed and others added. */
export function changed(
  list: PrefixList,
  { AddEntries, RemoveEntries }: Sdk.ModifyManagedPrefixListRequest,
): Entry[] {
  const { entries } = currentOf(list);
  const added = readEntries(AddEntries ?? [], list.family);
  const removed = readBlocks(RemoveEntries ?? [], list.family);
  const both = added.find(({ cidr }) => removed.has(cidr));
  if (both) throw invalid(`The CIDR ${both.cidr} cannot be added and removed in the same request.`);
  const known = new Set(entries.map(({ cidr }) => cidr));
  const again = added.find(({ cidr }) => known.has(cidr));
  if (again) throw invalid(`The CIDR ${again.cidr} is already in the prefix list.`);
  const unknown = [...removed.keys()].find((cidr) => !known.has(cidr));
  if (unknown !== undefined) throw invalid(`The CIDR ${unknown} is not in the prefix list.`);
  const left = [...entries.filter(({ cidr }) => !removed.has(cidr)), ...added];
  checkRoom(left, list.maxEntries);
  return left;
}

/** @throws {ApiError} InvalidParameterValue for a version that a list has not */
export function versionOf({ versions }: PrefixList, version: number, parameter: string): Version {
  const found = versions.find((each) => each.version === version);
  if (!found)
    throw invalid(`Value (${version}) for parameter ${parameter} is invalid. There is no such version.`);
  return found;
}
