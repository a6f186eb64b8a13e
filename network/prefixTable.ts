import { baseOf, MASKS, type Block, type Ip } from "./ip.ts";

/** The values of blocks of one version, a map for each prefix length that occurs, longest first. */
interface Lengths<Base, T> {
  readonly length: number;
  readonly values: Map<Base, T>;
}

/**
 * Values by address block, found by the longest block that holds an address. A look-up costs one hash look-up for each
 * prefix length that occurs, however many blocks there are.
 */
export class PrefixTable<T> {
  readonly #ipv4: Lengths<number, T>[] = [];
  readonly #ipv6: Lengths<bigint, T>[] = [];

  get(block: Block): T | undefined {
    const { base, length } = block;
    return typeof base === "number"
      ? at(this.#ipv4, length)?.values.get(base)
      : at(this.#ipv6, length)?.values.get(base);
  }

  set({ base, length }: Block, value: T): void {
    if (typeof base === "number") made(this.#ipv4, length).set(base, value);
    else made(this.#ipv6, length).set(base, value);
  }

  delete({ base, length }: Block): void {
    if (typeof base === "number") cleared(this.#ipv4, length, base);
    else cleared(this.#ipv6, length, base);
  }

  /** The value of the longest block that holds the address. */
  find(address: Ip): T | undefined {
    if (typeof address === "number") {
      for (const { length, values } of this.#ipv4) {
        const value = values.get(address & (MASKS[length] ?? -1));
        if (value !== undefined) return value;
      }
      return undefined;
    }
    for (const { length, values } of this.#ipv6) {
      const value = values.get(baseOf(address, length) as bigint);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

const at = <Base, T>(lengths: readonly Lengths<Base, T>[], length: number): Lengths<Base, T> | undefined =>
  lengths.find((each) => each.length === length);

function made<Base, T>(lengths: Lengths<Base, T>[], length: number): Map<Base, T> {
  const known = at(lengths, length);
  if (known) return known.values;
  const values = new Map<Base, T>();
  lengths.push({ length, values });
  lengths.sort((a, b) => b.length - a.length);
  return values;
}

function cleared<Base, T>(lengths: Lengths<Base, T>[], length: number, base: Base): void {
  const values = at(lengths, length)?.values;
  if (!values?.delete(base) || values.size > 0) return;
  lengths.splice(
    lengths.findIndex((each) => each.length === length),
    1,
  );
}
