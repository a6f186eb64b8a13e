/**
 * A bug that somebody could have made. It is planted from outside, by another method in the place of one of the
 * program's own: the program itself has no switch for it.
 */
export interface Planted {
  readonly name: string;
  /** Plants it; what is answered takes it out again. */
  readonly plant?: () => () => void;
}

/** Puts another method in the place of one; what is answered puts that back. */
export function replace<T extends object, K extends keyof T>(
  type: T,
  method: K,
  make: (original: T[K]) => T[K],
): () => void {
  const original = type[method];
  type[method] = make(original);
  return () => {
    type[method] = original;
  };
}

/** Several replacements as one. */
export function all(...undo: readonly (() => void)[]): () => void {
  return () => {
    for (const each of undo.toReversed()) each();
  };
}
