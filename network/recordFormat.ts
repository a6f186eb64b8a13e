/** What a flow was, as far as all kinds of records tell it. */
interface Timed {
  /** When its first packet passed: milliseconds. */
  readonly first: number;
}

interface Window<Flow> {
  /** Milliseconds. */
  readonly start: number;
  readonly flows: readonly Flow[];
  /** Whether there were more flows than could be kept. */
  readonly skipped: boolean;
}

/** One line to be: a flow, or why there is none. */
interface Subject<Windowed, Flow, Place> {
  readonly window: Windowed;
  readonly status: "OK" | "NODATA" | "SKIPDATA";
  readonly flow: Flow | undefined;
  readonly place: Place;
}

/** How a field is written; undefined where it does not apply. */
export type Write<Windowed, Flow, Place> = (
  subject: Subject<Windowed, Flow, Place>,
  version: number,
) => number | string | undefined;

/** By name: the version that brought a field, and how it is written. */
export type Fields<Windowed, Flow, Place> = ReadonlyMap<
  string,
  readonly [version: number, write: Write<Windowed, Flow, Place>]
>;

/** A record, and when what it tells began: milliseconds. */
export interface FlowLine {
  readonly time: number;
  readonly text: string;
}

/** How the records of a flow log are written. */
export class RecordFormat<Windowed extends Window<Flow>, Flow extends Timed, Place> {
  readonly #fields: readonly Write<Windowed, Flow, Place>[];
  readonly #names: readonly string[];
  readonly #version: number;

  private constructor(names: readonly string[], known: Fields<Windowed, Flow, Place>) {
    const fields = names.map((name) => known.get(name) ?? ([2, () => undefined] as const));
    this.#names = names;
    this.#fields = fields.map(([, write]) => write);
    // "If you use a custom format, the version is the highest version among the specified fields."
    this.#version = Math.max(...fields.map(([version]) => version));
  }

  /** @returns undefined for what is no format: `${version} ${srcaddr}`, of known fields */
  static parse<Windowed extends Window<Flow>, Flow extends Timed, Place>(
    text: string,
    known: Fields<Windowed, Flow, Place>,
  ): RecordFormat<Windowed, Flow, Place> | undefined {
    const names = text.split(" ").map((part) => /^\$\{([a-z\d-]+)\}$/.exec(part)?.[1] ?? "");
    return names.every((name) => known.has(name)) ? new RecordFormat(names, known) : undefined;
  }

  /** The names of the fields, as the first line of a file has them. */
  get header(): string {
    return this.#names.join(" ");
  }

  /** The lines of a window. */
  write(window: Windowed, place: Place): FlowLine[] {
    const { flows, skipped } = window;
    const line = (status: Subject<Windowed, Flow, Place>["status"], flow?: Flow): FlowLine => {
      const subject = { window, status, flow, place };
      const text = this.#fields.map((write) => write(subject, this.#version) ?? "-").join(" ");
      return { time: flow?.first ?? window.start, text };
    };
    if (flows.length === 0 && !skipped) return [line("NODATA")];
    const lines = flows.map((flow) => line("OK", flow));
    return skipped ? [...lines, line("SKIPDATA")] : lines;
  }
}

/** The format of all fields up to a version, in their order. */
export const formatOf = (
  fields: ReadonlyMap<string, readonly [version: number, ...unknown[]]>,
  most: number,
): string =>
  [...fields]
    .filter(([, [version]]) => version <= most)
    .map(([name]) => `\${${name}}`)
    .join(" ");
