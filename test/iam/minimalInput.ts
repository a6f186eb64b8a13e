import type { Member, Shape } from "../../server/wire/shape.ts";

const plain = {
  map: {},
  integer: 1,
  double: 1,
  boolean: false,
  blob: new Uint8Array([1]),
  timestamp: new Date(0),
} as const;

/** A value that decodes, and means nothing. */
function valueOf(shape: Shape): unknown {
  if (shape.kind === "list") return [valueOf(shape.element)];
  if (shape.kind === "string") return shape.values ? [...shape.values][0] : "none";
  if (shape.kind !== "structure") return plain[shape.kind];
  // What has no members at all is not there on the wire.
  const simple = [...shape.members.values()].filter((member) => member.shape.kind !== "structure");
  return minimalInput(shape.required.length > 0 ? shape.required : simple.slice(0, 1));
}

/** The least that an operation takes: what it requires, and nothing in it that is there. */
export const minimalInput = (required: readonly Member[]): Record<string, unknown> =>
  Object.fromEntries(required.map(({ name, shape }) => [name, valueOf(shape)]));
