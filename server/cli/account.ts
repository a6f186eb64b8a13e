import { Option, type Command } from "commander";
import { Refusal } from "../refusal.ts";
import type { Target } from "./running.ts";
import { exportLines, shells, type ShellName } from "./shell.ts";

interface Account {
  AccountId: string;
  AccessKeyId: string;
  SecretAccessKey: string;
}

function isAccount(answer: unknown): answer is Account {
  const { AccountId, AccessKeyId, SecretAccessKey } = answer as Partial<Account>;
  return [AccountId, AccessKeyId, SecretAccessKey].every((value) => typeof value === "string");
}

export function declareAccount(program: Command): void {
  program
    .command("account")
    .description("make a fresh, empty account and print its root credentials")
    .option("--env", "as islet env does, with the new account's credentials")
    .addOption(new Option("--shell <name>", "whose syntax").choices(Object.keys(shells)).default("sh"))
    .option("--port <number>", "the server on this port")
    .option("--data <dir>", "the server with this folder")
    .addHelpText("after", '\nExamples:\n  islet account\n  eval "$(islet account --env)"')
    .action(async ({ env, shell, ...target }: Target & { env?: true; shell: ShellName }) => {
      const [{ findServer }, { operate }, { clientEnvironment }] = await Promise.all([
        import("./running.ts"),
        import("./operator.ts"),
        import("./environment.ts"),
      ]);
      const running = findServer(target);
      const account = await operate(running, "POST", "/_islet/accounts", {});
      if (!isAccount(account)) throw new Refusal(`${running.endpoint} answered with no account`);
      const { AccountId, AccessKeyId, SecretAccessKey } = account;
      const own = { ...running, accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
      process.stdout.write(
        env
          ? exportLines(clientEnvironment(own, process.env), shell)
          : `${JSON.stringify({ AccountId, AccessKeyId, SecretAccessKey })}\n`,
      );
    });
}
