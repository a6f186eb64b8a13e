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
    for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
      const above = this.get(`*${name.slice(dot)}`);
      if (above) return above;
    }
    return undefined;
  }
}
