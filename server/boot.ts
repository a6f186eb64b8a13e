/**
 * Loads the program: one file in CommonJS, `program.cjs`, and beside it `program.code`, the code that V8 made of it when
 * it was built. To read and compile it anew would be a third of the time to start. Where V8 is another one than at the
 * build, it does just that.
 *
 * Node.js 22 has this built in (`module.enableCompileCache`).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Script } from "node:vm";
import type * as Program from "./program.ts";

const file = join(import.meta.dirname, "program.cjs");
const codeFile = join(import.meta.dirname, "program.code");

let script: Script | undefined;

export function boot(): typeof Program {
  script = new Script(`(function(exports,require,module){${readFileSync(file, "latin1")}\n})`, {
    filename: file,
    cachedData: readCode(),
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module);
  return module.exports as typeof Program;
}

function readCode(): Buffer | undefined {
  try {
    return readFileSync(codeFile);
  } catch {
    return undefined;
  }
}

/** Keeps the code of all that has run until now; for the build. */
export function keepCode(): void {
  if (script) writeFileSync(codeFile, script.createCachedData());
}
