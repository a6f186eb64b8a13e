import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { viteApi } from "./build.mjs";

export default defineConfig({
  plugins: [viteApi],
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/clients/**"],
    globalSetup: "test/seen.ts",
    pool: "forks",
    isolate: false,
    // Vitest would leave one core free, and have one left of two.
    maxWorkers: availableParallelism(),
    testTimeout: 30_000,
  },
});
