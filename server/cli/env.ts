import { Option, type Command } from "commander";
import type { Target } from "./running.ts";
import { exportLines, shells, type ShellName } from "./shell.ts";

export function declareEnv(program: Command): void {
  program
    .command("env")
    .description("print what a shell evaluates so that AWS tools speak to the server")
    .option("--port <number>", "the server on this port")
    .option("--data <dir>", "the server with this folder")
    .addOption(new Option("--shell <name>", "whose syntax").choices(Object.keys(shells)).default("sh"))
    .option("--java", "have every Java program trust the server, and it alone")
    .addHelpText(
      "after",
      '\nExamples:\n  eval "$(islet env)"\n  islet env --shell fish | source\n' +
        "  islet env --shell powershell | Out-String | Invoke-Expression",
    )
    .action(async ({ shell, java, ...target }: Target & { shell: ShellName; java?: true }) => {
      const [{ findServer }, { clientEnvironment, truststoreWritten }] = await Promise.all([
        import("./running.ts"),
        import("./environment.ts"),
      ]);
      const server = findServer(target);
      if (java) await truststoreWritten(server);
      const environment = clientEnvironment(server, process.env, java);
      process.stdout.write(exportLines(environment, shell));
    });
}
