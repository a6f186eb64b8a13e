import { defineConfig } from "vitest/config";
import { enumerationsPlugin } from "./build.mjs";

export default defineConfig({
  plugins: [enumerationsPlugin],
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/clients/**"],
    pool: "forks",
    isolate: false,
    testTimeout: 30_000,
    server: { deps: { inline: [/@aws-sdk\/client-\w+\/dist-es\/schemas/] } },
  },
});
