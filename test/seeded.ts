/** The test build: the same server, in which a bug of the list can be planted. `dist/seeded.js`, see build.mjs. */
import { bugs } from "./hypervisor/bugs.ts";

export { startIslet } from "../server/index.ts";

/** Plants a bug by its name in `docs/kill-matrix.md`; what is answered takes it out again. */
export function plant(name: string): () => void {
  const heal = bugs.find((bug) => bug.name === name)?.plant?.();
  if (heal === undefined) throw new Error(`there is no bug "${name}" that can be planted in a server`);
  return heal;
}
