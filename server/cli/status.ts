import type { Command } from "commander";
import type { Target } from "./running.ts";

export function declareStatus(program: Command): void {
  program
    .command("status")
    .description("say where the server runs, and whether it answers")
    .option("--port <number>", "the server on this port")
    .option("--data <dir>", "the server with this folder")
    .option("--json", "as one JSON line")
    .addHelpText("after", "\nExample:\n  islet status --port 9322")
    .action(async ({ json, ...target }: Target & { json?: true }) => {
      const [{ findServer }, { operate }] = await Promise.all([
        import("./running.ts"),
        import("./operator.ts"),
      ]);
      const running = findServer(target);
      await operate(running, "GET", "/_islet/health");
      const { endpoint, pid, port, region, version, startedAt, folder } = running;
      process.stdout.write(
        json
          ? `${JSON.stringify({ endpoint, pid, port, region, version, startedAt, folder })}\n`
          : `islet ${version} runs at ${endpoint}, process ${pid}, since ${startedAt}\nFolder ${folder}\n`,
      );
    });
}
