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

/** A whole answer. @throws TypeError for what the output's schema does not have */
export function encode(operation: Operation, output: unknown, requestId: string): string {
  return envelope(operation, encodeMembers(operation, output), requestId);
}

/**
 * The members of an answer without its envelope, so that the same answer can be given again to another request.
 *
 * EC2 says `true` where an operation has no output; elsewhere there is then nothing to say.
 *
 * @throws TypeError for a member that the output's schema does not have, and for a value of the wrong type: both
 *   are mistakes of ours
 */
export function encodeMembers(operation: Operation, output: unknown): string {
  if (operation.output) return written(structureWriter(operation.output), output);
  if (output !== undefined && Object.keys(output as object).length > 0) {
    throw new TypeError(`${operation.name} has no output`);
  }
  return operation.service.protocol === "ec2Query" ? "<return>true</return>" : "";
}

/** @param members as `encodeMembers` made them */
export function envelope(operation: Operation, members: string, requestId: string): string {
  return documentsOf(operation.service).answer(operation, members, escaped(requestId));
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
  readonly answer: (operation: Operation, members: string, requestId: string) => string;
  readonly error: (service: Service, status: number, content: string, requestId: string) => string;
}

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

function documentsOf({ id, protocol }: Service): Documents {
  if (protocol === "restJson") throw new TypeError(`${id} does not speak XML`);
  return documents[protocol];
}

const documents: Readonly<Record<QueryProtocol, Documents>> = {
  ec2Query: {
    answer: ({ name, service }, members, requestId) =>
      `${declaration}<${name}Response xmlns="${service.namespace}"><requestId>${requestId}</requestId>` +
      `${members}</${name}Response>`,
    error: (_service, _status, content, requestId) =>
      `${declaration}<Response><Errors><Error>${content}</Error></Errors>` +
      `<RequestID>${requestId}</RequestID></Response>`,
  },
  awsQuery: {
    answer: ({ name, service, output }, members, requestId) =>
      `<${name}Response xmlns="${service.namespace}">` +
      (output ? `<${name}Result>${members}</${name}Result>` : "") +
      `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${name}Response>`,
    error: (service, status, content, requestId) =>
      `<ErrorResponse xmlns="${service.namespace}">` +
      `<Error><Type>${status >= 500 ? "Receiver" : "Sender"}</Type>${content}</Error>` +
      `<RequestId>${requestId}</RequestId></ErrorResponse>`,
  },
};

/**
 * Writes an element or its inside as pieces of text, which are joined in the end: adding them up would make a tree of
 * them, and walking it when the answer is sent would take longer than to write the answer.
 */
type Writer = (value: unknown, pieces: string[]) => void;

function written(write: Writer, value: unknown): string {
  const pieces: string[] = [];
  write(value, pieces);
  return pieces.join("");
}

const structureWriters = new WeakMap<StructureShape, Writer>();

function structureWriter(shape: StructureShape): Writer {
  const known = structureWriters.get(shape);
  if (known) return known;
  const members = new Map<string, Writer>();
  const writer: Writer = (value, pieces) => {
    if (!isRecord(value)) throw wrongType(shape.name, value, "a structure");
    for (const name in value) {
      const member = value[name];
      if (member === undefined) continue;
      let write = members.get(name);
      if (write === undefined) {
        write = memberWriter(shape, name);
        members.set(name, write);
      }
      write(member, pieces);
    }
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
  if (shape.kind === "structure") return onceIfFrozen(around(name, structureWriter(shape)));
  if (shape.kind === "list") return around(name, listWriter(shape, owner));
  if (shape.kind === "map") return around(name, mapWriter(shape, owner));
  return textElement(
    name,
    shape.kind === "timestamp" ? timestampText(shape, owner) : texts[shape.kind](owner),
  );
}

function around(name: string, content: Writer): Writer {
  return (value, pieces) => {
    const open = pieces.push(`<${name}>`);
    content(value, pieces);
    if (pieces.length === open) pieces[open - 1] = `<${name}/>`;
    else pieces.push(`</${name}>`);
  };
}

/** Neighbours in a list mostly agree, in zone, owner, type, state: what was just written is not made anew. */
function textElement(name: string, text: (value: unknown) => string): Writer {
  let last: unknown = text;
  let element = "";
  return (value, pieces) => {
    if (value !== last) {
      const content = text(value);
      element = content === "" ? `<${name}/>` : `<${name}>${content}</${name}>`;
      last = value;
    }
    pieces.push(element);
  };
}

/** What is frozen says the same each time: a view that a catalogue hands out to every caller is written once. */
function onceIfFrozen(write: Writer): Writer {
  const known = new WeakMap<object, string>();
  return (value, pieces) => {
    if (!isRecord(value) || !Object.isFrozen(value)) return write(value, pieces);
    let text = known.get(value);
    if (text === undefined) {
      text = written(write, value);
      known.set(value, text);
    }
    pieces.push(text);
  };
}

type Text = (owner: string) => (value: unknown) => string;

const numberText: Text = (owner) => (value) => {
  if (typeof value !== "number" || !Number.isFinite(value)) throw wrongType(owner, value, "a number");
  return String(value);
};

const texts: Readonly<Record<Exclude<TextShape, TimestampShape>["kind"], Text>> = {
  string: (owner) => (value) => {
    if (typeof value !== "string") throw wrongType(owner, value, "a string");
    return escaped(value);
  },
  integer: numberText,
  double: numberText,
  boolean: (owner) => (value) => {
    if (typeof value !== "boolean") throw wrongType(owner, value, "a boolean");
    return value ? "true" : "false";
  },
  blob: (owner) => (value) => {
    if (!(value instanceof Uint8Array)) throw wrongType(owner, value, "a Uint8Array");
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  },
};

function timestampText({ milliseconds }: TimestampShape, owner: string): (value: unknown) => string {
  return (value) => {
    if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw wrongType(owner, value, "a Date");
    const text = value.toISOString();
    return milliseconds ? text : text.replace(".000Z", "Z");
  };
}

function listWriter(shape: ListShape, owner: string): Writer {
  const write = elementWriter(shape.xmlName, shape.element, owner);
  return (value, pieces) => {
    if (!Array.isArray(value)) throw wrongType(owner, value, "an array");
    for (const element of value) write(element, pieces);
  };
}

function mapWriter({ entries }: MapShape, owner: string): Writer {
  const write = listWriter(entries, owner);
  return (value, pieces) => {
    if (!isRecord(value)) throw wrongType(owner, value, "a map");
    write(
      Object.entries(value).map(([key, content]) => ({ key, value: content })),
      pieces,
    );
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
