import { ApiError } from "../errors.ts";
import type { Refusals } from "./refusal.ts";
import { refusals } from "./refusal.ts";
import type { Operation, Service } from "./service.ts";
import type { ListShape, Shape, StructureShape } from "./shape.ts";
import { parseText } from "./text.ts";

/** A request of a query protocol, split into its parameters but not yet understood. */
export interface Query {
  readonly action: string | undefined;
  readonly version: string | undefined;
  /** In the order of the request, without what all operations share: action, version and authentication. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Far above what any operation takes. */
const maximumParameters = 10_000;
const maximumNameLength = 512;

/**
 * Parameters of a signed query string, of SigV4 and of its predecessors. No operation has an input of such a name.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html
 */
const authentication =
  /^(?:X-Amz-[A-Za-z0-9-]+|AWSAccessKeyId|Signature|SignatureMethod|SignatureVersion|SecurityToken|Timestamp|Expires)$/;

/**
 * Splits a form-encoded body, or a query string without its question mark.
 *
 * @throws ApiError MalformedQueryString (percent encoding, UTF-8), InvalidQueryParameter (a name given twice, too
 *   many or too long)
 */
export function parseQuery(source: Uint8Array | string): Query {
  const text = typeof source === "string" ? source : decodeUtf8(source);
  const parameters = new Map<string, string>();
  for (let start = 0; start < text.length;) {
    const ampersand = text.indexOf("&", start);
    const end = ampersand === -1 ? text.length : ampersand;
    if (end > start) addParameter(parameters, text.slice(start, end));
    start = end + 1;
  }
  const action = parameters.get("Action");
  const version = parameters.get("Version");
  for (const name of parameters.keys()) {
    if (name === "Action" || name === "Version" || authentication.test(name)) parameters.delete(name);
  }
  return { action, version, parameters };
}

function addParameter(parameters: Map<string, string>, pair: string): void {
  const equals = pair.indexOf("=");
  const name = decodePercent(equals === -1 ? pair : pair.slice(0, equals));
  if (name.length > maximumNameLength) {
    throw new ApiError(
      "InvalidQueryParameter",
      `A parameter name is longer than ${maximumNameLength} characters`,
    );
  }
  if (parameters.has(name)) {
    throw new ApiError("InvalidQueryParameter", `The parameter ${name} is given more than once`);
  }
  if (parameters.size === maximumParameters) {
    throw new ApiError("InvalidQueryParameter", `The request has more than ${maximumParameters} parameters`);
  }
  parameters.set(name, equals === -1 ? "" : decodePercent(pair.slice(equals + 1)));
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new ApiError("MalformedQueryString", "it is not UTF-8");
  }
}

function decodePercent(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw new ApiError("MalformedQueryString", "a percent encoding is not UTF-8 in hexadecimal digits");
  }
}

/**
 * The operation that a request names.
 *
 * @throws ApiError MissingAction, InvalidAction, and for a version other than the service's what its protocol
 *   answers: MissingParameter or NoSuchVersion in EC2, InvalidAction elsewhere
 */
export function findOperation(service: Service, { action, version }: Query): Operation {
  const refuse = refusals[service.protocol];
  if (action === undefined || action === "") throw new ApiError("MissingAction");
  if (version !== service.version) throw refuse.version(action, version);
  const operation = service.operations.get(action);
  if (operation === undefined) throw refuse.action(action, version);
  return operation;
}

/**
 * An operation's input from its parameters, in the form of the SDK's input types.
 *
 * Enumerations are compared exactly. What the wire cannot tell from absence is absent: a structure without members
 * and, in what most clients send, a list without elements.
 *
 * @throws ApiError as the operation's protocol refuses; see refusal.ts
 */
export function decode(
  operation: Operation,
  parameters: ReadonlyMap<string, string>,
): Record<string, unknown> {
  const refuse = refusals[operation.service.protocol];
  const root: Node = { shape: operation.input, text: undefined, children: new Map() };
  for (const [name, text] of parameters) place(root, name, text, refuse);
  return readStructure(operation.input, root, "", { refuse, service: operation.service });
}

/**
 * What the parameters say about one place of the input. Names are checked against the shapes while nodes are made,
 * so that no request can make a node which the schema has no place for.
 */
interface Node {
  readonly shape: Shape;
  text: string | undefined;
  /** By parameter name in a structure, by index in a list. */
  readonly children: Map<string, Node>;
}

/** Without leading zeros, and short: a list cannot have more elements than a request has parameters. */
const listIndex = /^[1-9]\d{0,4}$/;

function place(root: Node, name: string, text: string, refuse: Refusals): void {
  const segments = name.split(".");
  let node = root;
  for (let depth = 0; depth < segments.length;) {
    const step = descend(node.shape, segments, depth);
    if (step === undefined) throw refuse.unknown(name);
    let child = node.children.get(step.key);
    if (child === undefined) {
      child = { shape: step.shape, text: undefined, children: new Map() };
      node.children.set(step.key, child);
    }
    node = child;
    depth += step.segments;
  }
  if (!isPlaceOfText(node.shape, text)) throw refuse.unknown(name);
  node.text = text;
}

interface Step {
  readonly key: string;
  readonly shape: Shape;
  /** How many segments of the name it took. */
  readonly segments: number;
}

function descend(shape: Shape, segments: readonly string[], depth: number): Step | undefined {
  if (shape.kind === "list") return element(shape, segments, depth);
  if (shape.kind === "map") return element(shape.entries, segments, depth);
  if (shape.kind !== "structure") return undefined;
  const key = segments[depth] ?? "";
  const member = shape.parameters.get(key);
  return member && { key, shape: member.shape, segments: 1 };
}

function element(list: ListShape, segments: readonly string[], depth: number): Step | undefined {
  const prefix = list.queryName === undefined ? 0 : 1;
  if (prefix === 1 && segments[depth] !== list.queryName) return undefined;
  const index = segments[depth + prefix] ?? "";
  return listIndex.test(index) ? { key: index, shape: list.element, segments: prefix + 1 } : undefined;
}

/** A list or map that is named without an index and has no text is empty: some SDKs write it so. */
function isPlaceOfText(shape: Shape, text: string): boolean {
  if (shape.kind === "list" || shape.kind === "map") return text === "";
  return shape.kind !== "structure";
}

interface Reading {
  readonly refuse: Refusals;
  readonly service: Service;
}

/** @param name of the parameter that leads here, as the request spells it */
function read(node: Node, name: string, reading: Reading): unknown {
  const { shape } = node;
  if (shape.kind === "structure") return readStructure(shape, node, name, reading);
  if (shape.kind === "list") return readList(shape, node, name, reading);
  if (shape.kind === "map") return readMap(readList(shape.entries, node, name, reading));
  return parseText(shape, node.text ?? "", name, reading);
}

function readStructure(
  shape: StructureShape,
  node: Node,
  name: string,
  reading: Reading,
): Record<string, unknown> {
  const structure: Record<string, unknown> = {};
  for (const [segment, child] of node.children) {
    const member = shape.parameters.get(segment);
    if (member) structure[member.name] = read(child, joined(name, segment), reading);
  }
  const missing = shape.required.find((member) => !node.children.has(member.queryName));
  if (missing) throw reading.refuse.missing(joined(name, missing.queryName));
  return structure;
}

/** The elements from 1 on: an index that is not there, below one that is, is missing. */
function readList(shape: ListShape, node: Node, name: string, reading: Reading): unknown[] {
  if (node.text !== undefined && node.children.size > 0) throw reading.refuse.unknown(name);
  const prefix = shape.queryName === undefined ? name : joined(name, shape.queryName);
  const elements: unknown[] = [];
  for (let index = 1; index <= node.children.size; index++) {
    const elementName = joined(prefix, String(index));
    const child = node.children.get(String(index));
    if (child === undefined) throw reading.refuse.missing(elementName);
    elements.push(read(child, elementName, reading));
  }
  return elements;
}

/** Without a prototype, so that no key a client chooses means anything else. */
function readMap(entries: readonly unknown[]): Record<string, unknown> {
  const map: Record<string, unknown> = Object.create(null);
  for (const { key, value } of entries as { key: string; value: unknown }[]) map[key] = value;
  return map;
}

function joined(name: string, segment: string): string {
  return name === "" ? segment : `${name}.${segment}`;
}
