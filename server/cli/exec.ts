import { spawn } from "node:child_process";
import type { Command } from "commander";
import { Refusal, systemCode } from "../refusal.ts";
import type { Target } from "./running.ts";

export function declareExec(program: Command): void {
  program
    .command("exec")
    .description("run one command that speaks to the server")
    .argument("<command...>", "the command and its arguments")
    .passThroughOptions()
    .option("--port <number>", "the server on this port")
    .option("--data <dir>", "the server with this folder")
    .option("--java", "have every Java program trust the server, and it alone")
    .addHelpText("after", "\nExample:\n  islet exec -- terraform apply")
    .action(async ([command = "", ...rest]: string[], { java, ...target }: Target & { java?: true }) => {
      const [{ findServer }, { clientEnvironment, truststoreWritten }] = await Promise.all([
        import("./running.ts"),
        import("./environment.ts"),
      ]);
      const server = findServer(target);
      if (java) await truststoreWritten(server);
      const { set, unset } = clientEnvironment(server, process.env, java);
      const environment: NodeJS.ProcessEnv = { ...process.env, ...set };
      for (const name of unset) delete environment[name];
      await run(command, rest, environment);
    });
}

const ignore = () => {};

/** Stands in for the command: what signals it gets and how it ends are the same with and without islet. */
async function run(command: string, rest: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(command, rest, { stdio: "inherit", env: environment });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  // A terminal's Ctrl-C reaches the child by itself; twice would be once too often for Terraform, which then aborts.
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  process.on("SIGINT", terminal ? ignore : forward);
  process.on("SIGQUIT", terminal ? ignore : forward);
  process.on("SIGTERM", forward);
  process.on("SIGHUP", forward);
  const end = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once("error", (error) => {
      const missing = systemCode(error) === "ENOENT";
      process.exitCode = missing ? 127 : 126;
      reject(new Refusal(`cannot run ${command}: ${missing ? "no such command" : systemCode(error)}`));
    });
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  if (end.signal === null) process.exit(end.code ?? 1);
  process.removeAllListeners(end.signal);
  process.kill(process.pid, end.signal);
}
