import { Buffer } from "node:buffer";
import type { Operation, Service } from "./service.ts";
import type {
  ListShape,
  MapShape,
  QueryProtocol,
  Shape,
  StructureShape,
  TextShape,
  TimestampShape,
} from "./shape.ts";
import { room } from "./slabs.ts";

/**
 * The members of an answer without its envelope, so that the same answer can be given again to another request.
 *
 * EC2 says `true` where an operation has no output; elsewhere there is then nothing to say.
 *
 * @throws TypeError for a member that the output's schema does not have, and for a value of the wrong type: both
 *   are mistakes of ours
 */
export function encodeMembers(operation: Operation, output: unknown): string {
  if (operation.output) return structureWriter(operation.output)(output);
  if (output !== undefined && Object.keys(output as object).length > 0) {
    throw new TypeError(`${operation.name} has no output`);
  }
  return operation.service.protocol === "ec2Query" ? "<return>true</return>" : "";
}

/**
 * A whole answer, in UTF-8: added up as text, it would be copied once more here, and again with its head.
 *
 * @param members as `encodeMembers` made them
 */
export function envelope(operation: Operation, members: string, requestId: string): Buffer {
  const [before, after] = documentsOf(operation.service).answer(operation, escaped(requestId));
  return joined([before, members, after]);
}

function joined(texts: readonly string[]): Buffer {
  const sizes = texts.map((text) => Buffer.byteLength(text));
  const bytes = room(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  for (const [i, text] of texts.entries()) {
    // Latin-1 is the same as UTF-8 for ASCII, and written in a tenth of the time.
    at += bytes.write(text, at, sizes[i] === text.length ? "latin1" : "utf8");
  }
  return bytes;
}

/** What a client needs to know of an error; every ApiError is one. */
export interface ErrorAnswer {
  readonly code: string;
  readonly message: string;
  /** HTTP status. */
  readonly status: number;
}

export function encodeError(service: Service, error: ErrorAnswer, requestId: string): string {
  const content = `<Code>${escaped(error.code)}</Code><Message>${escaped(error.message)}</Message>`;
  return documentsOf(service).error(service, error.status, content, escaped(requestId));
}

interface Documents {
  /** What stands before the members of an answer, and what after them. */
  readonly answer: (operation: Operation, requestId: string) => readonly [before: string, after: string];
  readonly error: (service: Service, status: number, content: string, requestId: string) => string;
}

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

function documentsOf({ id, protocol }: Service): Documents {
  if (protocol === "restJson" || protocol === "awsJson") throw new TypeError(`${id} does not speak XML`);
  return documents[protocol];
}

const documents: Readonly<Record<QueryProtocol, Documents>> = {
  ec2Query: {
    answer: ({ name, service }, requestId) => [
      `${declaration}<${name}Response xmlns="${service.namespace}"><requestId>${requestId}</requestId>`,
      `</${name}Response>`,
    ],
    error: (_service, _status, content, requestId) =>
      `${declaration}<Response><Errors><Error>${content}</Error></Errors>` +
      `<RequestID>${requestId}</RequestID></Response>`,
  },
  awsQuery: {
    answer: ({ name, service, output }, requestId) => [
      `<${name}Response xmlns="${service.namespace}">${output ? `<${name}Result>` : ""}`,
      `${output ? `</${name}Result>` : ""}<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${name}Response>`,
    ],
    error: (service, status, content, requestId) =>
      `<ErrorResponse xmlns="${service.namespace}">` +
      `<Error><Type>${status >= 500 ? "Receiver" : "Sender"}</Type>${content}</Error>` +
      `<RequestId>${requestId}</RequestId></ErrorResponse>`,
  },
};

/**
 * Writes an element or its inside.
 *
 * Structures and texts are joined, not added up, so that each is one piece of memory: a string that was added up is a
 * tree of its pieces, and walking it when the answer is sent would take longer than to write the answer.
 */
type Writer = (value: unknown) => string;

const structureWriters = new WeakMap<StructureShape, Writer>();

function structureWriter(shape: StructureShape): Writer {
  const known = structureWriters.get(shape);
  if (known) return known;
  const members = new Map<string, Writer>();
  const writer = (value: unknown) => {
    if (!isRecord(value)) throw wrongType(shape.name, value, "a structure");
    const elements: string[] = [];
    for (const name in value) {
      const member = value[name];
      if (member === undefined) continue;
      let write = members.get(name);
      if (write === undefined) {
        write = memberWriter(shape, name);
        members.set(name, write);
      }
      elements.push(write(member));
    }
    return elements.join("");
  };
  structureWriters.set(shape, writer);
  return writer;
}

function memberWriter(structure: StructureShape, name: string): Writer {
  const member = structure.members.get(name);
  if (member === undefined) throw new TypeError(`${structure.name} has no member ${name}`);
  return elementWriter(member.xmlName, member.shape, `${structure.name}.${name}`);
}

/**
 * Writes an element of this name around the value.
 *
 * @param owner `Structure.Member`, for what is thrown
 */
function elementWriter(name: string, shape: Shape, owner: string): Writer {
  const open = `<${name}>`;
  const close = `</${name}>`;
  const empty = `<${name}/>`;
  const content = contentWriter(shape, owner);
  if (shape.kind === "string" || shape.kind === "boolean") return repeating(open, content, close, empty);
  const write = (value: unknown): string => {
    const inside = content(value);
    return inside === "" ? empty : open + inside + close;
  };
  return shape.kind === "structure" || shape.kind === "list" ? onceIfFrozen(write) : write;
}

/** What is frozen says the same each time: what a catalogue hands out to every caller is written once. */
function onceIfFrozen(write: Writer): Writer {
  const written = new WeakMap<object, string>();
  return (value) => {
    if (typeof value !== "object" || value === null || !Object.isFrozen(value)) return write(value);
    const known = written.get(value);
    if (known !== undefined) return known;
    // One piece of memory, as it will be walked over and over.
    const text = [write(value), ""].join("");
    written.set(value, text);
    return text;
  };
}

/** Neighbours in a list mostly agree, in zone, owner, type, state: what was just written is not made anew. */
function repeating(open: string, content: Writer, close: string, empty: string): Writer {
  let last: unknown = content;
  let written = "";
  return (value) => {
    if (value === last) return written;
    const inside = content(value);
    written = inside === "" ? empty : [open, inside, close].join("");
    last = value;
    return written;
  };
}

function contentWriter(shape: Shape, owner: string): Writer {
  if (shape.kind === "structure") return structureWriter(shape);
  if (shape.kind === "list") return listWriter(shape, owner);
  if (shape.kind === "map") return mapWriter(shape, owner);
  if (shape.kind === "timestamp") return timestampWriter(shape, owner);
  return textWriters[shape.kind](owner);
}

const numberWriter =
  (owner: string): Writer =>
  (value) => {
    if (typeof value !== "number" || !Number.isFinite(value)) throw wrongType(owner, value, "a number");
    return String(value);
  };

const textWriters: Readonly<Record<Exclude<TextShape, TimestampShape>["kind"], (owner: string) => Writer>> = {
  string: (owner) => (value) => {
    if (typeof value !== "string") throw wrongType(owner, value, "a string");
    return escaped(value);
  },
  integer: numberWriter,
  double: numberWriter,
  boolean: (owner) => (value) => {
    if (typeof value !== "boolean") throw wrongType(owner, value, "a boolean");
    return value ? "true" : "false";
  },
  blob: (owner) => (value) => {
    if (!(value instanceof Uint8Array)) throw wrongType(owner, value, "a Uint8Array");
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  },
};

function timestampWriter({ milliseconds }: TimestampShape, owner: string): Writer {
  let last = Number.NaN;
  let written = "";
  return (value) => {
    const time = value instanceof Date ? value.getTime() : Number.NaN;
    if (Number.isNaN(time)) throw wrongType(owner, value, "a Date");
    if (time === last) return written;
    const text = new Date(time).toISOString();
    written = milliseconds ? text : text.replace(".000Z", "Z");
    last = time;
    return written;
  };
}

function listWriter(shape: ListShape, owner: string): Writer {
  const write = elementWriter(shape.xmlName, shape.element, owner);
  return (value) => {
    if (!Array.isArray(value)) throw wrongType(owner, value, "an array");
    let xml = "";
    for (const element of value) xml += write(element);
    return xml;
  };
}

function mapWriter({ entries }: MapShape, owner: string): Writer {
  const write = listWriter(entries, owner);
  return (value) => {
    if (!isRecord(value)) throw wrongType(owner, value, "a map");
    return write(Object.entries(value).map(([key, content]) => ({ key, value: content })));
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function wrongType(owner: string, value: unknown, expected: string): TypeError {
  const actual =
    value === null ? "null" : Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
  return new TypeError(`${owner} is ${actual}, not ${expected}`);
}

/** What text cannot contain as it is; any surrogate, for a lone one takes longer to find. */
// oxlint-disable-next-line no-control-regex
const needsCare = /[&<>\r\0-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/;
// oxlint-disable-next-line no-control-regex
const special = /[&<>\r\0-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udfff]/gu;
const references: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  // A reader takes a bare carriage return for a line feed: XML 1.0, section 2.11.
  "\r": "&#xD;",
};

/** Text of an element. What XML 1.0 has no way to write becomes U+FFFD. */
function escaped(text: string): string {
  return needsCare.test(text) ? text.replaceAll(special, (found) => references[found] ?? "\ufffd") : text;
}
