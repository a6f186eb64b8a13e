/** Runs the built program as a user does, in a home of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const program = resolve("dist/islet.js");

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  child: ChildProcess;
  /** What `start --json` printed. */
  line: { endpoint: string; port: number; region: string; folder: string; caFile: string; pid: number };
  ended: Promise<Outcome>;
}

export class Home {
  readonly path = mkdtempSync(join(tmpdir(), "islet-home-"));
  readonly #children = new Set<ChildProcess>();

  spawn(
    parameters: readonly string[],
    environment: NodeJS.ProcessEnv = {},
  ): [ChildProcess, Promise<Outcome>] {
    const child = spawn(process.execPath, [program, ...parameters], {
      env: { PATH: process.env["PATH"], HOME: this.path, USERPROFILE: this.path, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#children.add(child);
    const outcome: Outcome = { code: null, signal: null, stdout: "", stderr: "" };
    child.stdout?.on("data", (data) => (outcome.stdout += String(data)));
    child.stderr?.on("data", (data) => (outcome.stderr += String(data)));
    const ended = once(child, "close").then(([code, signal]: unknown[]) => {
      this.#children.delete(child);
      return { ...outcome, code, signal } as Outcome;
    });
    return [child, ended];
  }

  run(...parameters: string[]): Promise<Outcome> {
    return this.spawn(parameters)[1];
  }

  /** A server that is ready; on a free port where none is named. */
  async start(...parameters: string[]): Promise<Started> {
    const port = parameters.includes("--port") ? [] : ["--port", "0"];
    const [child, ended] = this.spawn(["start", "--json", ...port, ...parameters]);
    const line = await Promise.race([
      new Promise<string>((found) => {
        let text = "";
        child.stdout?.on("data", (data) => {
          text += String(data);
          if (text.endsWith("\n")) found(text);
        });
      }),
      ended.then(({ stderr }) => {
        throw new Error(`islet start ended: ${stderr}`);
      }),
    ]);
    return { child, line: JSON.parse(line) as Started["line"], ended };
  }

  async remove(): Promise<void> {
    for (const child of this.#children) {
      child.kill("SIGKILL");
      await once(child, "close");
    }
    rmSync(this.path, { recursive: true });
  }
}
