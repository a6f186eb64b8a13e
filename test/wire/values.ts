import * as fc from "fast-check";
import type { ListShape, MapShape, Shape, StructureShape, TextShape } from "../../server/wire/shape.ts";

type Values = Record<string, unknown>;

/**
 * Random values of a shape, in the form of the SDK's types.
 *
 * Of an input they are such that the wire can say them: no empty list, map or structure, and tokens are given,
 * for the SDK would make its own.
 */
export function valuesOf(shape: StructureShape, side: "input" | "output"): fc.Arbitrary<Values> {
  return structure(shape, side === "input" ? 1 : 0, 0);
}

/** Of optional members, at each depth, so that deep inputs stay small enough to be many. */
const mostMembers = [12, 4, 3, 2];

function structure(shape: StructureShape, atLeast: 0 | 1, depth: number): fc.Arbitrary<Values> {
  const members = [...shape.members.values()];
  const always = members.filter(({ required, idempotencyToken }) => required || idempotencyToken);
  const others = members.filter((member) => !always.includes(member));
  const minLength = depth > 0 && always.length === 0 ? Math.min(atLeast, others.length) : 0;
  const maxLength = Math.min(mostMembers[depth] ?? 1, others.length);
  const chosen = shape.union
    ? fc.constantFrom(...members).map((member) => [member])
    : fc.subarray(others, { minLength, maxLength }).map((some) => always.concat(some));
  return chosen.chain((some) =>
    fc.record(Object.fromEntries(some.map(({ name, shape: of }) => [name, value(of, atLeast, depth + 1)]))),
  );
}

function value(shape: Shape, atLeast: 0 | 1, depth: number): fc.Arbitrary<unknown> {
  if (shape.kind === "structure") return structure(shape, atLeast, depth);
  if (shape.kind === "list") return list(shape, atLeast, depth);
  if (shape.kind === "map") return map(shape, atLeast, depth);
  if (shape.kind === "string" && shape.values) return fc.constantFrom(...shape.values);
  return texts[shape.kind];
}

function list(shape: ListShape, atLeast: 0 | 1, depth: number): fc.Arbitrary<unknown[]> {
  return fc.array(value(shape.element, atLeast, depth), { minLength: atLeast, maxLength: depth < 3 ? 3 : 1 });
}

function map({ entries }: MapShape, atLeast: 0 | 1, depth: number): fc.Arbitrary<Values> {
  const content = value(mapValue(entries.element), atLeast, depth);
  return fc.dictionary(text, content, { minKeys: atLeast, maxKeys: 3 });
}

function mapValue(entry: StructureShape): Shape {
  const member = entry.members.get("value");
  if (member === undefined) throw new Error("An entry of a map has a value");
  return member.shape;
}

/** The SDK's reader takes white space with a line feed in it, and nothing else, for indentation. */
const text = fc
  .string({
    maxLength: 12,
    unit: fc.oneof(
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
      fc.constantFrom("&", "<", ">", "%", "+", "=", ".", " ", "\t", "\n", "\r", "\u0085", "\u2028"),
      fc.constantFrom("é", "漢", "😀", "&amp;", "]]>", "__proto__"),
    ),
  })
  .filter((candidate) => candidate.trim() !== "" || !candidate.includes("\n"));

const texts: Readonly<Record<TextShape["kind"], fc.Arbitrary<unknown>>> = {
  string: text,
  // Adding zero turns -0, which has no text of its own, into 0.
  integer: fc.oneof(fc.integer(), fc.maxSafeInteger()).map((number) => number + 0),
  double: fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
  boolean: fc.boolean(),
  timestamp: fc.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true }),
  blob: fc.uint8Array({ maxLength: 64 }),
};

/** A value with every member that a shape has, at every depth, and two elements in each list. */
export function completeValue(shape: StructureShape): Values {
  const members = [...shape.members.values()].slice(0, shape.union ? 1 : undefined);
  return Object.fromEntries(members.map((member) => [member.name, complete(member.shape, member.name)]));
}

function complete(shape: Shape, name: string): unknown {
  if (shape.kind === "structure") return completeValue(shape);
  if (shape.kind === "list") return [complete(shape.element, name), complete(shape.element, name)];
  if (shape.kind === "map") return { [name]: complete(mapValue(shape.entries.element), name) };
  if (shape.kind === "string") return shape.values ? [...shape.values].at(-1) : `some ${name}`;
  return examples[shape.kind];
}

const examples: Readonly<Record<Exclude<TextShape["kind"], "string">, unknown>> = {
  integer: 7,
  double: 0.125,
  boolean: false,
  timestamp: new Date("2026-11-23T13:06:41.007Z"),
  blob: new Uint8Array([0, 62, 255]),
};
