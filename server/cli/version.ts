import type { Command } from "commander";
import { version } from "../version.ts";

export function declareVersion(program: Command): void {
  program
    .command("version")
    .description("print the version")
    .option("--json", "as one JSON line, with Node.js's and OpenSSL's")
    .addHelpText("after", "\nExample:\n  islet version")
    .action(({ json }: { json?: true }) => {
      const { node, openssl } = process.versions;
      process.stdout.write(json ? `${JSON.stringify({ version, node, openssl })}\n` : `${version}\n`);
    });
}
