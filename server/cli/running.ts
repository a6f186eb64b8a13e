/** Finds the server that a command is for. */
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  defaultHome,
  folderOfPort,
  readCredentials,
  runningServer,
  type ServerFile,
} from "../http/folder.ts";
import { readOptions } from "../options.ts";
import { Refusal } from "../refusal.ts";

export interface Running extends ServerFile {
  /** Absolute. */
  folder: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** Flags of every command that speaks to a server. */
export interface Target {
  port?: string;
  data?: string;
}

function at(folder: string): Running | undefined {
  const server = runningServer(folder);
  const credentials = readCredentials(folder);
  return server && credentials ? { ...server, folder, ...credentials } : undefined;
}

function folders(home: string): readonly string[] {
  try {
    return readdirSync(home).map((name) => join(home, name));
  } catch {
    return [];
  }
}

/**
 * The server named by `--data` or `--port`, else by `ISLET_DATA` or `ISLET_PORT`, else the only one that runs.
 *
 * @throws Refusal if there is none, or more than one.
 */
export function findServer(target: Target): Running {
  const flags = readOptions({ port: target.port, data: target.data }, {});
  const named = Object.keys(flags).length > 0 ? flags : readOptions({}, process.env);
  const home = defaultHome();
  if (named.data !== undefined) {
    const folder = resolve(named.data);
    const server = at(folder);
    if (server) return server;
    throw new Refusal(`no islet runs with the data in ${folder}: start it with islet start --data`);
  }
  if (named.port) {
    const server = at(folderOfPort(home, named.port));
    if (server) return server;
    throw new Refusal(
      `no islet runs on port ${named.port}: start it with islet start --port ${named.port}, ` +
        "or name its folder with --data",
    );
  }
  const [server, ...others] = folders(home).flatMap((folder) => at(folder) ?? []);
  if (!server) throw new Refusal("no islet runs: start one with islet start, or name its folder with --data");
  if (others.length > 0) {
    const ports = [server, ...others].map(({ port }) => port).toSorted((one, other) => one - other);
    throw new Refusal(`several islets run: choose one with --port (${ports.join(", ")})`);
  }
  return server;
}
