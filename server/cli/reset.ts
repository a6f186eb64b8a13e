import type { Command } from "commander";
import type { Target } from "./running.ts";

export function declareReset(program: Command): void {
  program
    .command("reset")
    .description("empty the server, or one account or region of it")
    .option("--account <id>", "this account only, 12 digits")
    .option("--region <name>", "this region only")
    .option("--port <number>", "the server on this port")
    .option("--data <dir>", "the server with this folder")
    .addHelpText("after", "\nExample:\n  islet reset --account 000000000000 --region us-east-1")
    .action(async ({ account, region, ...target }: Target & { account?: string; region?: string }) => {
      const [{ findServer }, { operate }] = await Promise.all([
        import("./running.ts"),
        import("./operator.ts"),
      ]);
      await operate(findServer(target), "POST", "/_islet/reset", {
        ...(account === undefined ? {} : { AccountId: account }),
        ...(region === undefined ? {} : { Region: region }),
      });
    });
}
