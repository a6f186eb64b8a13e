/** All that is built into one file; see boot.ts. */
export { run } from "./cli/islet.ts";
export { Refusal, startIslet } from "./index.ts";
