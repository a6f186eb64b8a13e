import { defineConfig } from "vitest/config";
import { viteEnumerations } from "./build.mjs";

export default defineConfig({
  plugins: [viteEnumerations],
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/clients/**"],
    globalSetup: "test/seen.ts",
    pool: "forks",
    isolate: false,
    testTimeout: 30_000,
    server: { deps: { inline: [/@aws-sdk\/client-\w+\/dist-es\/schemas/] } },
  },
});
