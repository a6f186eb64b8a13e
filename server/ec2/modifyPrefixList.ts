import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { currentOf, getFree, prefixLists, SECONDS, type Change, type PrefixList } from "./prefixList.ts";
import { changed, checkRoom, invalid, readEntries, versionOf } from "./prefixListEntries.ts";

const MAX_ENTRIES = 1000;

function readName(name: string): string {
  if (name === "" || name.length > 255) {
    throw invalid(
      `Value (${name}) for parameter prefixListName is invalid. It must have 1 to 255 characters.`,
    );
  }
  if (name.startsWith("com.amazonaws")) {
    throw invalid(
      `Value (${name}) for parameter prefixListName is invalid. It cannot start with com.amazonaws.`,
    );
  }
  return name;
}

function readMaxEntries(count: number): number {
  if (count >= 1 && count <= MAX_ENTRIES) return count;
  throw invalid(`Must specify a max size between 1 and ${MAX_ENTRIES}`);
}

function readFamily(text: string): "IPv4" | "IPv6" {
  if (text === "IPv4" || text === "IPv6") return text;
  throw invalid(`Value (${text}) for parameter addressFamily is invalid. Valid values are IPv4 and IPv6.`);
}

/** @throws {ApiError} InvalidParameterValue, PrefixListVersionMismatch */
function checkVersion(list: PrefixList, version: number | undefined): void {
  if (version === undefined) return;
  if (version < 1) {
    throw invalid("The specified value for version is not valid. The value must be greater than (1).");
  }
  if (version !== currentOf(list).version) throw new ApiError("PrefixListVersionMismatch");
}

function readChange(list: PrefixList, input: Sdk.ModifyManagedPrefixListRequest): Change | undefined {
  const { MaxEntries, AddEntries, RemoveEntries } = input;
  const hasEntries = (AddEntries?.length ?? 0) + (RemoveEntries?.length ?? 0) > 0;
  if (MaxEntries === undefined) return hasEntries ? { entries: changed(list, input) } : undefined;
  if (hasEntries) {
    throw new ApiError(
      "InvalidParameterCombination",
      "You cannot modify the entries and the maximum entries for the prefix list in the same request.",
    );
  }
  const maxEntries = readMaxEntries(MaxEntries);
  checkRoom(currentOf(list).entries, maxEntries);
  return { maxEntries };
}

export const operations = {
  CreateManagedPrefixList: (input, ctx) => {
    const family = readFamily(input.AddressFamily);
    const maxEntries = readMaxEntries(input.MaxEntries);
    const entries = readEntries(input.Entries ?? [], family);
    checkRoom(entries, maxEntries);
    const list = prefixLists.create(
      ctx,
      {
        name: readName(input.PrefixListName),
        family,
        maxEntries,
        versions: [{ version: 1, entries }],
        state: "create-in-progress",
        stateMessage: undefined,
        change: undefined,
      },
      input.TagSpecifications,
    );
    prefixLists.soon(ctx, list.id, "created", SECONDS);
    return { PrefixList: prefixLists.show(ctx, list) };
  },

  ModifyManagedPrefixList: (input, ctx) => {
    const list = getFree(ctx, input.PrefixListId);
    if (input.IpamPrefixListResolverSyncEnabled !== undefined) {
      throw new ApiError("UnsupportedOperation", `The prefix list ${list.id} is not managed by IPAM.`);
    }
    checkVersion(list, input.CurrentVersion);
    const change = readChange(list, input);
    if (!change && input.PrefixListName === undefined) {
      throw new ApiError("MissingParameter", "addEntries, removeEntries, maxEntries or prefixListName");
    }
    const name = input.PrefixListName === undefined ? list.name : readName(input.PrefixListName);
    const row = prefixLists.update(ctx, list.id, {
      name,
      change,
      state: "modify-in-progress",
      stateMessage: undefined,
    });
    prefixLists.soon(ctx, list.id, "modified", SECONDS);
    return { PrefixList: prefixLists.show(ctx, row) };
  },

  RestoreManagedPrefixListVersion: ({ PrefixListId, PreviousVersion, CurrentVersion }, ctx) => {
    const list = getFree(ctx, PrefixListId);
    checkVersion(list, CurrentVersion);
    const { entries } = versionOf(list, PreviousVersion, "previousVersion");
    checkRoom(entries, list.maxEntries);
    const row = prefixLists.update(ctx, list.id, {
      change: { entries },
      state: "restore-in-progress",
      stateMessage: undefined,
    });
    prefixLists.soon(ctx, list.id, "restored", SECONDS);
    return { PrefixList: prefixLists.show(ctx, row) };
  },
} satisfies Handlers;

export const partly = {
  ModifyManagedPrefixList: "lists that IPAM keeps",
};
