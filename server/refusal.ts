/**
 * Why islet does not start, or why a command cannot be done: one line that says what to do. The command line prints
 * it without a stack. Exit code 2 is for an option that is wrong in itself, 1 for everything else.
 */
export class Refusal extends Error {
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.name = "Refusal";
    this.exitCode = exitCode;
  }
}

/** The system's code of an error (`EACCES`, …), or "" where it has none. */
export function systemCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
