import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sqliteBlocks } from "../../server/state/blocks.ts";
import { openDatabase, sqliteJournal } from "../../server/state/journal.ts";
import { sqliteSnapshots } from "../../server/state/snapshots.ts";

const SECRET = Buffer.from("correct horse battery staple");
const block = Buffer.alloc(512 * 1024, SECRET);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "islet-erasure-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const filesWithSecret = () =>
  readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(SECRET));

test("what was erased is in no file any more", () => {
  const database = openDatabase(join(folder, "islet.db"));
  const blocks = sqliteBlocks(database);
  const snapshots = sqliteSnapshots(database);
  blocks.write("vol-1", 0, block);
  blocks.write("vol-2", 7, Buffer.alloc(8, 1));
  const chunk = snapshots.add(block, undefined);
  snapshots.writeKey("key", SECRET);
  expect(filesWithSecret()).not.toEqual([]);
  expect([...blocks.all()].map(({ volume, index }) => [volume, index])).toEqual([
    ["vol-1", 0],
    ["vol-2", 7],
  ]);
  expect([...snapshots.chunks()].map((each) => each.chunk)).toEqual([chunk]);

  blocks.together(() => {
    blocks.write("vol-1", 0, Buffer.alloc(block.length));
    blocks.erase("vol-1");
    snapshots.remove(chunk);
  });
  expect(filesWithSecret()).not.toEqual([]);
  blocks.together(() => snapshots.eraseKey("key"));
  expect(filesWithSecret()).toEqual([]);
  expect([...blocks.all()].map(({ volume }) => volume)).toEqual(["vol-2"]);

  blocks.write("vol-3", 0, block);
  sqliteJournal(database).clear(() => {
    blocks.clear();
    expect(filesWithSecret()).not.toEqual([]);
  });
  expect(filesWithSecret()).toEqual([]);
  snapshots.add(block, undefined);
  snapshots.clear();
  expect(filesWithSecret()).toEqual([]);
  database.close();
});

test("what a killed process had erased is gone when the next one starts", () => {
  const killed = openDatabase(join(folder, "islet.db"));
  const blocks = sqliteBlocks(killed);
  blocks.write("vol-1", 0, block);
  blocks.erase("vol-1");
  expect(filesWithSecret()).not.toEqual([]);
  const next = openDatabase(join(folder, "islet.db"));
  expect(filesWithSecret()).toEqual([]);
  next.close();
  killed.close();
});

test("a log that cannot be cleared, as somebody reads it, is cleared later", () => {
  const file = join(folder, "islet.db");
  const database = openDatabase(file);
  database.pragma("busy_timeout = 0");
  const blocks = sqliteBlocks(database);
  blocks.write("vol-1", 0, block);
  const reader = openDatabase(file);
  blocks.write("vol-2", 0, block);
  reader.exec("BEGIN; SELECT * FROM block");
  for (const volume of ["vol-1", "vol-2"]) blocks.together(() => blocks.erase(volume));
  expect([...blocks.all()]).toEqual([]);
  expect(filesWithSecret()).not.toEqual([]);

  reader.close();
  blocks.together(() => {});
  expect(filesWithSecret()).toEqual([]);
  database.close();
});
