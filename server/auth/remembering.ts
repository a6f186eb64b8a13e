/** How many texts are remembered, and how long they may be: what clients send over and over is short and the same. */
const MOST = 100;
const LONGEST = 256;

/** `read`, whose answer must depend on the text alone, with what it made of recent texts at hand. */
export function remembering<T extends object>(
  read: (text: string) => T | undefined,
): (text: string) => T | undefined {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text);
    if (found) return found;
    const made = read(text);
    if (made && text.length <= LONGEST) {
      if (known.size === MOST) known.clear();
      known.set(text, made);
    }
    return made;
  };
}
