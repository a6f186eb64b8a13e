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
import { readOptions, type Options } from "../options.ts";
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

/** The server that has this folder now. */
export function serverAt(folder: string): Running | undefined {
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

/** What a command's flags, or else the environment, name. */
function named(target: Target): Partial<Options> {
  const flags = readOptions({ port: target.port, data: target.data }, {});
  return Object.keys(flags).length > 0 ? flags : readOptions({}, process.env);
}

/** The folder that is named, whether a server has it now or not; undefined if none is. Absolute. */
export function namedFolder(target: Target): string | undefined {
  const { data, port } = named(target);
  if (data !== undefined) return resolve(data);
  return port ? folderOfPort(defaultHome(), port) : undefined;
}

/**
 * The server named by `--data` or `--port`, else by `ISLET_DATA` or `ISLET_PORT`, else the only one that runs.
 *
 * @throws Refusal if there is none, or more than one.
 */
export function findServer(target: Target): Running {
  const { data, port } = named(target);
  const home = defaultHome();
  if (data !== undefined) {
    const folder = resolve(data);
    const server = serverAt(folder);
    if (server) return server;
    throw new Refusal(`no islet runs with the data in ${folder}: start it with islet start --data`);
  }
  if (port) {
    const server = serverAt(folderOfPort(home, port));
    if (server) return server;
    throw new Refusal(
      `no islet runs on port ${port}: start it with islet start --port ${port}, ` +
        "or name its folder with --data",
    );
  }
  const [server, ...others] = folders(home).flatMap((folder) => serverAt(folder) ?? []);
  if (!server) throw new Refusal("no islet runs: start one with islet start, or name its folder with --data");
  if (others.length > 0) {
    const ports = [server, ...others].map(({ port }) => port).toSorted((one, other) => one - other);
    throw new Refusal(`several islets run: choose one with --port (${ports.join(", ")})`);
  }
  return server;
}
