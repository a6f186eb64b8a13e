import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
} from "node:fs";

const CHUNK = 64 * 1024;
const NEWLINE = 0x0a;

/**
 * A file that lines are only ever appended to. A line is in the hands of the operating system when `append` returns, so
 * that it survives the death of the process; the owner alone can read it. There is no file before its first line.
 */
export class LineFile {
  readonly #path: string;
  #file: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * @param lines without a line break in them; at least one
   * @throws {Error} if they cannot be written, as the disk is full; of a line that was begun nothing stays
   */
  append(...lines: readonly string[]): void {
    this.#file ??= this.#open();
    try {
      appendFileSync(this.#file, `${lines.join("\n")}\n`);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** All lines, oldest first. One that was not written to its end, when the power went, is none. */
  *lines(): Generator<string> {
    const file = this.#read();
    if (file === undefined) return;
    try {
      let rest = Buffer.alloc(0);
      const chunk = Buffer.alloc(CHUNK);
      for (let at = 0, read = 1; read > 0; at += read) {
        read = readSync(file, chunk, 0, CHUNK, at);
        const bytes = Buffer.concat([rest, chunk.subarray(0, read)]);
        let from = 0;
        for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
          yield bytes.toString("utf8", from, end);
          from = end + 1;
        }
        rest = bytes.subarray(from);
      }
    } finally {
      closeSync(file);
    }
  }

  /** The newest line, found from the end. */
  last(): string | undefined {
    const file = this.#read();
    if (file === undefined) return undefined;
    try {
      const end = lastBreak(file, fstatSync(file).size);
      if (end === undefined) return undefined;
      const start = (lastBreak(file, end) ?? -1) + 1;
      const bytes = Buffer.alloc(end - start);
      readSync(file, bytes, 0, bytes.length, start);
      return bytes.toString("utf8");
    } finally {
      closeSync(file);
    }
  }

  /** Removes the file and all that is in it. */
  clear(): void {
    this.close();
    rmSync(this.#path, { force: true });
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  /** For appending; what there is of an unfinished line goes. */
  #open(): number {
    const file = openSync(this.#path, "a+", 0o600);
    const { size } = fstatSync(file);
    const whole = (lastBreak(file, size) ?? -1) + 1;
    if (whole < size) ftruncateSync(file, whole);
    return file;
  }

  #read(): number | undefined {
    return existsSync(this.#path) ? openSync(this.#path, "r") : undefined;
  }
}

/** Where the last line break before `end` is. */
function lastBreak(file: number, end: number): number | undefined {
  const chunk = Buffer.alloc(CHUNK);
  for (let to = end; to > 0; to -= CHUNK) {
    const from = Math.max(0, to - CHUNK);
    const read = readSync(file, chunk, 0, to - from, from);
    const found = chunk.subarray(0, read).lastIndexOf(NEWLINE);
    if (found >= 0) return from + found;
  }
  return undefined;
}
