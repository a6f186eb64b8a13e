import type { Command } from "commander";
import { GLASS } from "./glass.ts";
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
      const health = (await operate(running, "GET", "/_islet/health")) as { glass?: true };
      const glass = health.glass === true;
      const { endpoint, pid, port, region, version, startedAt, folder } = running;
      process.stdout.write(
        json
          ? `${JSON.stringify({ endpoint, pid, port, region, version, startedAt, folder, glass })}\n`
          : `islet ${version} runs at ${endpoint}, process ${pid}, since ${startedAt}\nFolder ${folder}\n${glass ? GLASS : ""}`,
      );
    });
}
