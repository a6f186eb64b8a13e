import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const program = join(import.meta.dirname, "../../dist/islet.js");

export interface RunningIslet {
  /** Runs a command as `islet exec` does, and returns what it printed. */
  exec(command: readonly string[], options?: { cwd?: string; env?: NodeJS.ProcessEnv }): string;
  stop(): Promise<void>;
}

/** Starts the built program as a user would, on a folder of its own. */
export async function startIslet(): Promise<RunningIslet> {
  const folder = mkdtempSync(join(tmpdir(), "islet-clients-"));
  const child = spawn(process.execPath, [program, "start", "--data", folder, "--port", "0", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(createInterface(child.stdout), "line");
  return {
    exec: ([name = "", ...args], { cwd, env } = {}) =>
      execFileSync(process.execPath, [program, "exec", "--data", folder, "--", name, ...args], {
        cwd,
        env: { ...process.env, ...env },
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      }),
    async stop() {
      child.kill("SIGTERM");
      await once(child, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Whether a client is on this machine; says so plainly if it is not. */
export function isThere(client: string): boolean {
  try {
    execFileSync(client, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    process.stdout.write(`${client} is not on this machine: its tests are left out\n`);
    return false;
  }
}
