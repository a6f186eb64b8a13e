/** What `import "islet"` gives; its types are those of index.ts. */
import { boot } from "./boot.ts";

export const { Refusal, startIslet } = boot();
