/** Many random runs of the hosts: `ISLET_RUNS` of them, from `ISLET_SEED` on. */
import { defineConfig } from "vitest/config";

const { ISLET_RUNS = "20000", ISLET_SEED = "1" } = process.env;

export default defineConfig({
  test: {
    include: ["test/hypervisor/isolation.test.ts"],
    env: { ISLET_RUNS, ISLET_SEED },
  },
});
