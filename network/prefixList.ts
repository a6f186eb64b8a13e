import type { Block } from "./ip.ts";

/** Named address blocks, for rules and routes. */
export class PrefixList {
  readonly id: string;
  readonly blocks: readonly Block[];

  constructor(id: string, blocks: readonly Block[]) {
    this.id = id;
    this.blocks = blocks;
  }
}

/** All prefix lists. What is compiled from them looks at `version` to see whether it is still up to date. */
export class PrefixLists {
  readonly #lists = new Map<string, PrefixList>();
  version = 0;

  put(list: PrefixList): void {
    // What does not change keeps what was compiled from it.
    if (this.#lists.get(list.id)?.blocks === list.blocks) return;
    this.#lists.set(list.id, list);
    this.version++;
  }

  remove(id: string): void {
    if (this.#lists.delete(id)) this.version++;
  }

  /** What an unknown list stands for: nothing. */
  blocksOf(id: string): readonly Block[] {
    return this.#lists.get(id)?.blocks ?? [];
  }
}
