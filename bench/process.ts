import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** A server in a process of its own. */
export interface Server {
  readonly port: number;
  /** When the process was started, as `performance.now()` has it. */
  readonly begun: number;
  /** From then until it said that it listens, in milliseconds. */
  readonly started: number;
  /** Resident memory, in MiB. */
  memory(): number;
  /** Time on a processor so far, all threads together, in milliseconds; steps are of ten. */
  cpu(): number;
  stop(): Promise<void>;
}

/** Starts a script that prints one JSON line with its `port` when it listens. */
export async function startServer(
  script: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const begin = performance.now();
  const child: ChildProcess = spawn(process.execPath, [script, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (!child.stdout) throw new Error("no output to read");
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const { port } = JSON.parse(line) as { port: number };
  return {
    port,
    begun: begin,
    started: performance.now() - begin,
    memory: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) / 1024,
    cpu() {
      // After the name, which may have blanks: the 12th and 13th field, in hundredths of a second.
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    async stop() {
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}
