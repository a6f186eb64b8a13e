import { once } from "node:events";
import { Option, type Command } from "commander";
import { optionHelp, readOptions } from "../options.ts";
import { GLASS } from "./glass.ts";

export function declareStart(program: Command): void {
  const command = program.command("start").description("run the server until Ctrl-C");
  for (const { flags, description, repeatable } of optionHelp) {
    const option = new Option(flags, description);
    if (repeatable) option.argParser(collect);
    command.addOption(option);
  }
  command
    .addHelpText("after", "\nExample:\n  islet start --port 0 --memory --hostname ec2.test")
    .action(start);
}

const collect = (value: string, before: readonly string[] | undefined) => [...(before ?? []), value];

async function start(flags: Record<string, unknown>): Promise<void> {
  const options = readOptions(flags, process.env);
  const [{ startIslet }, { defaultHome }] = await Promise.all([
    import("../index.ts"),
    import("../http/folder.ts"),
  ]);
  const islet = await startIslet({ ...options, home: defaultHome() });
  const stop = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const { endpoint, port, region, folder = "" } = islet;
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ endpoint, port, region, folder, caFile: `${folder}/ca.pem`, pid: process.pid, ...(options.glass && { glass: true }) })}\n`,
    );
  } else {
    process.stdout.write(
      `Listening on ${endpoint}\nFolder ${folder}\n${options.glass ? GLASS : ""}` +
        `Use it with: eval "$(islet env${options.data === undefined ? ` --port ${port}` : ` --data '${folder}'`})"\nReady.\n`,
    );
  }
  await stop;
  // Whoever asks a second time does not want to wait.
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  await islet.close();
  process.exit(0);
}
