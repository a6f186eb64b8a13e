import { covers } from "./domainName.ts";
import type { Records, RecordType } from "./zone.ts";

/** The records of domains on the internet that are nobody's here. */
export class OutsideNames {
  readonly #records = new Map<string, Records>();

  /** Says what there is of a name, which may begin with `*.`; without values, there is nothing any more. */
  put(name: string, type: RecordType, values: readonly string[]): void {
    const records: Records = { ...this.#records.get(name), [type]: values };
    const isEmpty = Object.values(records).every(({ length }) => length === 0);
    if (isEmpty) this.#records.delete(name);
    else this.#records.set(name, records);
  }

  /** A name's own records. */
  get(name: string): Records | undefined {
    return this.#records.get(name);
  }

  /** A name's own records, or else those of the longest `*.` that covers it (RFC 4592). */
  find(name: string): Records | undefined {
    const own = this.get(name);
    if (own) return own;
    const patterns = [...this.#records.keys()].filter((pattern) => covers(pattern, name));
    const [longest = ""] = patterns.toSorted((a, b) => b.length - a.length);
    return this.#records.get(longest);
  }
}
