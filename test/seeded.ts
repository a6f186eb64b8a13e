/** The test build: the same server, in which a bug of the list can be planted. `dist/seeded.js`, see build.mjs. */
import { bugs as hostBugs } from "./hypervisor/bugs.ts";
import { bugs as networkBugs } from "./network/bugs.ts";
import type { Planted } from "./planting.ts";

export { startIslet } from "../server/index.ts";

const bugs: readonly Planted[] = [...hostBugs, ...networkBugs];

/** Plants a bug by its name in `docs/kill-matrix`; what is answered takes it out again. */
export function plant(name: string): () => void {
  const heal = bugs.find((bug) => bug.name === name)?.plant?.();
  if (heal === undefined) throw new Error(`there is no bug "${name}" that can be planted in a server`);
  return heal;
}
