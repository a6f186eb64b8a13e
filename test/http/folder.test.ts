import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openFolder, readCredentials, runningServer, type Folder } from "../../server/http/folder.ts";
import { Refusal } from "../../server/refusal.ts";

const server = {
  pid: 4711,
  port: 9322,
  endpoint: "https://127.0.0.1:9322",
  region: "us-east-1",
  version: "0.1.0",
  startedAt: "2026-01-02T03:04:05.000Z",
};
const settings = {
  endpoint: server.endpoint,
  region: server.region,
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "a=b/c+d",
};

let home: string;
let path: string;
const folders: Folder[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "islet-folder-"));
  path = join(home, "deep", "9322");
});
afterEach(() => {
  for (const folder of folders.splice(0)) folder.close();
  rmSync(home, { recursive: true });
});

function open(): Folder {
  const folder = openFolder(path);
  folders.push(folder);
  return folder;
}

test("the owner alone can read it and each file in it", () => {
  const folder = open();
  folder.announce(server, settings);
  expect(folder.path).toBe(path);
  expect(folder.database).toBe(join(path, "islet.db"));
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(readdirSync(path).toSorted()).toEqual(["config", "credentials", "islet.db", "lock", "server.json"]);
  for (const file of readdirSync(path)) expect(statSync(join(path, file)).mode & 0o777).toBe(0o600);
});

test("the files are what AWS tools read", () => {
  open().announce(server, settings);
  expect(readFileSync(join(path, "config"), "utf8")).toBe(
    `[default]\nregion = us-east-1\nendpoint_url = https://127.0.0.1:9322\nca_bundle = ${path}/ca.pem\n`,
  );
  expect(readFileSync(join(path, "credentials"), "utf8")).toBe(
    "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = a=b/c+d\n",
  );
  expect(readCredentials(path)).toEqual({ accessKeyId: settings.accessKeyId, secretAccessKey: "a=b/c+d" });
});

describe("a second server", () => {
  test("is refused, and told of the first", () => {
    open().announce(server, settings);
    expect(open).toThrow(Refusal);
    expect(open).toThrow(
      `another islet uses ${path} (process 4711, https://127.0.0.1:9322): end it, or choose another --port or --data`,
    );
  });

  test("is refused before the first has said anything", () => {
    open();
    expect(open).toThrow(`another islet uses ${path}: end it`);
  });

  test("may have it afterwards", () => {
    const first = open();
    first.announce(server, settings);
    expect(runningServer(path)).toEqual(server);
    first.close();
    first.close();
    expect(runningServer(path)).toBeUndefined();
    open().announce({ ...server, pid: 4712 }, settings);
    expect(runningServer(path)?.pid).toBe(4712);
  });

  test("is not kept out by what a killed one left behind, and takes no file for a server", () => {
    open().close();
    writeFileSync(join(path, "server.json"), JSON.stringify(server));
    writeFileSync(join(path, "lock-journal"), "x".repeat(512));
    expect(runningServer(path)).toBeUndefined();
    open();
  });
});

describe("there is no server", () => {
  test("where there is no folder", () => {
    expect(runningServer(path)).toBeUndefined();
    expect(readCredentials(path)).toBeUndefined();
  });

  test("where server.json is broken", () => {
    open();
    writeFileSync(join(path, "server.json"), "{");
    expect(runningServer(path)).toBeUndefined();
  });
});

describe("a folder that cannot be written is refused in one line", () => {
  test("a file is in the way", () => {
    writeFileSync(join(home, "deep"), "");
    expect(open).toThrow(`cannot write to the folder ${path} (ENOTDIR): name another with --data`);
  });

  test("a folder is where a file should be", () => {
    mkdirSync(join(path, "islet.db"), { recursive: true });
    expect(open).toThrow(`cannot write to the folder ${path} (EISDIR)`);
  });

  test("the lock is no lock", () => {
    open().close();
    writeFileSync(join(path, "lock"), "x".repeat(4096));
    expect(open).toThrow(`cannot lock the folder ${path} (SQLITE_NOTADB)`);
  });
});
