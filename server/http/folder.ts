/** A server's folder: its database, its certificates, and what clients need to reach it. The owner alone can read it. */
import { accessSync, closeSync, constants, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import Database from "better-sqlite3";
import { Refusal, systemCode } from "../refusal.ts";
import { writePrivately } from "./privateFile.ts";

/** Where servers have their folders unless told otherwise: `~/.islet`. */
export const defaultHome = (): string => join(homedir(), ".islet");

/** The folder of the server on this port. */
export const folderOfPort = (home: string, port: number): string => join(home, String(port));

/** What a running server says about itself, in `server.json`. */
export interface ServerFile {
  pid: number;
  port: number;
  endpoint: string;
  region: string;
  version: string;
  /** ISO 8601. */
  startedAt: string;
}

interface ClientSettings {
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
}

export interface Folder {
  /** Absolute. */
  readonly path: string;
  /** Path of the database; the file is there, empty at first, and the owner alone can read it. */
  readonly database: string;
  /** Writes `config` and `credentials` as the AWS tools read them, and `server.json`. */
  announce(server: ServerFile, settings: ClientSettings): void;
  /** Takes back `server.json` and lets the next server have the folder. May be called again. */
  close(): void;
}

/**
 * Makes the folder where it is missing and takes it for this process. The lock is one of the operating system's, held
 * through SQLite, so it ends with the process, however that ends: no stale lock can keep anybody out.
 *
 * @throws Refusal if another server has it, or it cannot be written.
 */
export function openFolder(name: string): Folder {
  const path = resolve(name);
  const database = join(path, "islet.db");
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    // SQLite would make them readable for everybody; its journals take their mode from the database.
    closeSync(openSync(join(path, "lock"), "a", 0o600));
    closeSync(openSync(database, "a", 0o600));
  } catch (error) {
    throw new Refusal(
      `cannot write to the folder ${path} (${systemCode(error)}): name another with --data, or let this user own it`,
    );
  }
  const lock = takeLock(path);
  const serverFile = join(path, "server.json");
  return {
    path,
    database,
    announce(server, { endpoint, region, accessKeyId, secretAccessKey }) {
      const config = { region, endpoint_url: endpoint, ca_bundle: join(path, "ca.pem") };
      writePrivately(join(path, "config"), profile(config));
      writePrivately(
        join(path, "credentials"),
        profile({ aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey }),
      );
      writePrivately(serverFile, `${JSON.stringify(server, null, 2)}\n`);
    },
    close() {
      if (!lock.open) return;
      rmSync(serverFile, { force: true });
      lock.close();
    },
  };
}

const profile = (settings: Readonly<Record<string, string>>): string =>
  `[default]\n${Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join("")}`;

/** Waits a little, as `isServed` may be looking. In milliseconds. */
const lockTimeout = 200;

function takeLock(path: string): Database.Database {
  const lock = new Database(join(path, "lock"), { timeout: lockTimeout });
  try {
    // Nothing is written, so there is nothing to roll back: no journal file.
    lock.pragma("journal_mode = MEMORY");
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (systemCode(error) !== "SQLITE_BUSY") {
      throw new Refusal(`cannot lock the folder ${path} (${systemCode(error)}): name another with --data`);
    }
    const owner = readServerFile(path);
    const who = owner ? ` (process ${owner.pid}, ${owner.endpoint})` : "";
    throw new Refusal(
      `another islet uses ${path}${who}: end it, or choose another --port or --data for this one`,
    );
  }
}

function isServed(path: string): boolean {
  let lock: Database.Database | undefined;
  try {
    lock = new Database(join(path, "lock"), { fileMustExist: true, timeout: 0 });
    // Reading needs a shared lock, which an exclusive one refuses.
    lock.prepare("SELECT 1 FROM sqlite_schema").get();
    return false;
  } catch (error) {
    return systemCode(error) === "SQLITE_BUSY";
  } finally {
    lock?.close();
  }
}

function readServerFile(path: string): ServerFile | undefined {
  try {
    return JSON.parse(readFileSync(join(path, "server.json"), "utf8")) as ServerFile;
  } catch {
    return undefined;
  }
}

/** The server that has this folder now; none where the last one was killed and left its file behind. */
export function runningServer(path: string): ServerFile | undefined {
  const server = readServerFile(path);
  return server && isServed(path) ? server : undefined;
}

/** The keys in the `credentials` file that `announce` wrote. */
export function readCredentials(path: string): { accessKeyId: string; secretAccessKey: string } | undefined {
  let text: string;
  try {
    text = readFileSync(join(path, "credentials"), "utf8");
  } catch {
    return undefined;
  }
  const value = (name: string) => new RegExp(`^${name} = (.+)$`, "m").exec(text)?.[1];
  const accessKeyId = value("aws_access_key_id");
  const secretAccessKey = value("aws_secret_access_key");
  return accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined;
}
