import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sqliteBlocks } from "../../server/state/blocks.ts";
import { DatabaseVersionError, migrations, openDatabase, sqliteJournal } from "../../server/state/journal.ts";
import { Table, type Row } from "../../server/state/table.ts";
import { Home } from "../cli/islet.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "islet-journal-"));
  file = join(folder, "islet.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

const pet = (id: string, seq: number): Row => ({ id, seq, account: "" });
const versionOf = (database: Database.Database) => database.pragma("user_version", { simple: true });

describe("opening a database", () => {
  const step = "ALTER TABLE document ADD COLUMN note TEXT";

  test("makes what is not there, and keeps no copy of nothing", () => {
    const database = openDatabase(file);
    expect(versionOf(database)).toBe(migrations.length);
    expect(database.pragma("journal_mode", { simple: true })).toBe("wal");
    database.close();
    expect(existsSync(`${file}.schema-0`)).toBe(false);
  });

  test("migrates an older schema after it was copied, once", () => {
    const old = openDatabase(file);
    const table = new Table<Row>({ name: "pet" }, () => {});
    sqliteJournal(old).commit("region", [{ table, before: undefined, after: pet("a", 1) }]);
    old.close();
    const copy = `${file}.schema-${migrations.length}`;

    const migrated = openDatabase(file, [...migrations, step]);
    expect(versionOf(migrated)).toBe(migrations.length + 1);
    expect(migrated.prepare("SELECT id, note FROM document").all()).toEqual([{ id: "a", note: null }]);
    migrated.close();
    // The copy is whole by itself, and the older version can go on with it.
    const kept = openDatabase(copy);
    expect([...sqliteJournal(kept).load("region")]).toEqual([{ table: "pet", row: pet("a", 1) }]);
    kept.close();
    // What can be read by the owner alone has a copy that can be, too.
    expect(statSync(copy).mode).toBe(statSync(file).mode);

    rmSync(copy);
    openDatabase(file, [...migrations, step]).close();
    expect(existsSync(copy)).toBe(false);
  });

  test("leaves all as it was if a step fails", () => {
    openDatabase(file).close();
    expect(() => openDatabase(file, [...migrations, step, "DROP TABLE missing"])).toThrow("no such table");
    const database = openDatabase(file);
    expect(versionOf(database)).toBe(migrations.length);
    expect(() => database.prepare("SELECT note FROM document")).toThrow("no such column");
    database.close();
  });

  test("refuses a newer schema and says what to do", () => {
    const newer = new Database(file);
    newer.pragma("user_version = 99");
    newer.close();
    const before = readFileSync(file);
    expect(() => openDatabase(file)).toThrow(DatabaseVersionError);
    expect(() => openDatabase(file)).toThrow(
      `${file} was written by a newer version of islet (schema 99, this one knows ${migrations.length}); use that version, or another --data folder`,
    );
    expect(readFileSync(file)).toEqual(before);
  });

  test("is refused by the command line on one line", async () => {
    const home = new Home();
    for (const [spoil, message] of [
      [(path: string) => writeFileSync(path, "no database. ".repeat(100)), "file is not a database"],
      [
        (path: string) => new Database(path).exec("PRAGMA user_version = 99").close(),
        "newer version of islet",
      ],
    ] as const) {
      rmSync(file, { force: true });
      spoil(file);
      const { code, stdout, stderr } = await home.run("start", "--port", "0", "--data", folder);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(new RegExp(`^islet: ${file}.*${message}.*\n$`));
    }
    await home.remove();
  });

  test("refuses what is no database, and names it", () => {
    writeFileSync(file, "this is no database, however long it may be: ".repeat(100));
    expect(() => openDatabase(file)).toThrow(`${file} cannot be opened: file is not a database`);
  });
});

describe("the journal", () => {
  const table = new Table<Row & { word?: string }>({ name: "pet" }, () => {}) as Table<Row>;
  const a = pet("a", 1);
  const changed = { ...a, word: "ä\u0000\u2028'\"" };

  test("keeps the last state of each row", () => {
    const journal = sqliteJournal(openDatabase(file));
    journal.commit("region", [
      { table, before: undefined, after: a },
      { table, before: a, after: changed },
      { table, before: undefined, after: pet("b", 2) },
      { table, before: pet("b", 2), after: undefined },
    ]);
    journal.close();
    const again = sqliteJournal(openDatabase(file));
    expect([...again.load("region")]).toEqual([{ table: "pet", row: changed }]);
    again.commit("region", [{ table, before: changed, after: undefined }]);
    expect([...again.load("region")]).toEqual([]);
    expect(again.units()).toEqual([]);
    again.close();
  });

  test("keeps a row once, whoever it belongs to", () => {
    const journal = sqliteJournal(openDatabase(file));
    const [one, two] = [
      { ...a, account: "one" },
      { ...a, account: "two" },
    ];
    journal.commit("region", [{ table, before: undefined, after: one }]);
    journal.commit("region", [
      { table, before: one, after: a },
      { table, before: a, after: two },
    ]);
    expect([...journal.load("region")]).toEqual([{ table: "pet", row: two }]);
    journal.commit("region", [
      { table, before: two, after: a },
      { table, before: a, after: undefined },
    ]);
    expect([...journal.load("region")]).toEqual([]);
    journal.close();
  });

  test("forgets a unit, an account in it, or everything", () => {
    const journal = sqliteJournal(openDatabase(file));
    const fill = () => {
      for (const unit of ["one", "two"]) {
        for (const account of ["a", "b"]) {
          journal.commit(unit, [{ table, before: undefined, after: { id: account, seq: 1, account } }]);
        }
      }
    };
    const left = () =>
      journal.units().map((unit) => [unit, ...[...journal.load(unit)].map(({ row }) => row.id)]);
    fill();
    journal.erase(["one", "none"], "a");
    expect(left()).toEqual([
      ["one", "b"],
      ["two", "a", "b"],
    ]);
    journal.erase(["two"]);
    expect(left()).toEqual([["one", "b"]]);
    fill();
    journal.clear();
    expect(left()).toEqual([]);
    journal.close();
  });

  test.each(["commit", "erase", "clear"] as const)(
    "%s: what follows is kept with it, or neither is",
    (what) => {
      const database = openDatabase(file);
      const journal = sqliteJournal(database);
      const blocks = sqliteBlocks(database);
      const after = (then: () => void) => {
        if (what === "commit") journal.commit("region", [{ table, before: a, after: undefined }], [], then);
        else if (what === "erase") journal.erase(["region"], undefined, then);
        else journal.clear(then);
      };
      journal.commit("region", [{ table, before: undefined, after: a }], [], () =>
        blocks.write("vol-1", 0, Buffer.alloc(8, "secret")),
      );
      const left = (path: string) => {
        const opened = openDatabase(path);
        const found = [
          [...sqliteJournal(opened).load("region")].length,
          [...sqliteBlocks(opened).all()].length,
        ];
        opened.close();
        return found;
      };
      const killed = join(folder, "killed.db");
      after(() => {
        blocks.together(() => blocks.erase("vol-1"));
        // What the death of the process leaves is what the files have at that moment.
        for (const suffix of ["", "-wal"]) copyFileSync(`${file}${suffix}`, `${killed}${suffix}`);
      });
      expect(readFileSync(`${file}-wal`).length).toBe(0);
      expect(left(killed)).toEqual([1, 1]);
      expect(left(file)).toEqual([0, 0]);
      journal.close();
    },
  );

  test("takes all changes of a commit or none", () => {
    const journal = sqliteJournal(openDatabase(file));
    const cyclic: Record<string, unknown> = { ...pet("b", 2) };
    cyclic["self"] = cyclic;
    expect(() =>
      journal.commit("region", [
        { table, before: undefined, after: a },
        { table, before: undefined, after: cyclic as unknown as Row },
      ]),
    ).toThrow("circular");
    expect([...journal.load("region")]).toEqual([]);
    journal.close();
  });
});
