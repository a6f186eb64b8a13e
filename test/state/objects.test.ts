import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folderObjects, memoryObjects } from "../../server/state/objects.ts";

test("what is no file is no object, though it has a name", () => {
  const folder = mkdtempSync(join(tmpdir(), "islet-objects-"));
  try {
    const objects = folderObjects(folder);
    objects.put("disks", "a/b.raw", Buffer.from("disk"));
    mkdirSync(join(folder, "disks", "folder"));
    symlinkSync(join(folder, "nowhere"), join(folder, "disks", "lost"));
    symlinkSync(join(folder, "disks", "folder"), join(folder, "disks", "other"));
    expect(objects.keys("disks")).toEqual(["a/b.raw", "lost", "other"]);
    expect(objects.keys("none")).toEqual([]);
    expect(["lost", "other", "folder"].map((key) => objects.open("disks", key))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(objects.get("disks", "lost")).toBe(undefined);
    const disk = objects.open("disks", "a/b.raw");
    expect([disk?.size, Buffer.from(disk?.read(2, 9) ?? []).toString()]).toEqual([4, "sk"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what a service leaves for one account is not there for another", () => {
  const folder = mkdtempSync(join(tmpdir(), "islet-objects-"));
  try {
    for (const objects of [memoryObjects(), folderObjects(folder)]) {
      objects.put("logs", "a/flows.gz", Buffer.from("flows"), "111111111111");
      objects.put("logs", "disk.raw", Buffer.from("disk"));
      const sizes = ["111111111111", "222222222222", undefined].map((account) =>
        ["a/flows.gz", "disk.raw"].map((key) => objects.open("logs", key, account)?.size),
      );
      expect(sizes).toEqual([
        [5, 4],
        [undefined, 4],
        [5, 4],
      ]);
      expect(objects.keys("logs")).toEqual(["a/flows.gz", "disk.raw"]);
      objects.put("logs", "a/flows.gz", Buffer.from("for everybody"));
      expect(objects.open("logs", "a/flows.gz", "222222222222")?.size).toBe(13);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
