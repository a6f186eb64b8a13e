import { Command, CommanderError } from "commander";
import { Refusal } from "../refusal.ts";
import { version } from "../version.ts";
import { declareAccount } from "./account.ts";
import { declareAudit } from "./audit.ts";
import { declareEnv } from "./env.ts";
import { declareExec } from "./exec.ts";
import { declareLog } from "./log.ts";
import { declareReset } from "./reset.ts";
import { declareStart } from "./start.ts";
import { declareStatus } from "./status.ts";
import { declareTrace } from "./trace.ts";
import { declareVersion } from "./version.ts";

/** Says on one line what went wrong, and ends with the code for it. */
function fail(error: unknown): never {
  // Commander has said it already; its own codes do not tell a wrong use (2) from a failure (1).
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`islet: ${message.replaceAll(/\s*\n\s*/g, " ")}\n`);
  process.exit(error instanceof Refusal ? (process.exitCode ?? error.exitCode) : 1);
}

/** The command line, from `process.argv` on. */
export async function run(): Promise<void> {
  const program = new Command("islet")
    .description("A local Amazon EC2")
    .version(version)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      outputError: (text, write) =>
        write(
          `islet: ${text
            .replace(/^error: /, "")
            .trim()
            .replaceAll(/\s*\n\s*/g, " ")}\n`,
        ),
    })
    .addHelpText("after", '\nExample:\n  islet start\n  eval "$(islet env)"');

  for (const declare of [
    declareStart,
    declareEnv,
    declareExec,
    declareStatus,
    declareReset,
    declareAccount,
    declareTrace,
    declareAudit,
    declareLog,
    declareVersion,
  ]) {
    declare(program);
  }

  try {
    await program.parseAsync();
  } catch (error) {
    fail(error);
  }
}
