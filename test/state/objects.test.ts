import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folderObjects } from "../../server/state/objects.ts";

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
