/**
 * The SDK's schema tuples, compiled into shapes: what the rest of this folder walks. Only this file and service.ts
 * know the tuples.
 *
 * A tuple starts with its kind: `[3, namespace, name, traits, memberNames, memberSchemas, requiredCount]` is a
 * structure. A schema is the name of a tuple, or a number for a simple type; `[schema, traits]` adds traits to one. A
 * tuple, trait or type that is not known here throws, so that an upgrade of the SDK cannot change what is said on the
 * wire without a test noticing.
 */

export type QueryProtocol = "ec2Query" | "awsQuery";
export type Protocol = QueryProtocol | "restJson" | "awsJson";

export type Shape = StructureShape | ListShape | MapShape | TextShape;

/** What the query protocols write as one text. */
export type TextShape =
  | StringShape
  | { readonly kind: "integer" | "double" | "boolean" | "blob" }
  | TimestampShape;

export interface StructureShape {
  readonly kind: "structure";
  readonly name: string;
  /** Whether exactly one member is set. */
  readonly union: boolean;
  /** By the name in the SDK's types. */
  readonly members: ReadonlyMap<string, Member>;
  /** By the name in a request's parameters. */
  readonly parameters: ReadonlyMap<string, Member>;
  readonly required: readonly Member[];
}

export interface Member {
  readonly name: string;
  /** In the parameters of a query protocol. */
  readonly queryName: string;
  /** Of the element in an answer. */
  readonly xmlName: string;
  readonly required: boolean;
  /** Whether the SDK fills it with a random token when the caller gave none. */
  readonly idempotencyToken: boolean;
  /** Whether its values should be in no log. */
  readonly sensitive: boolean;
  /** Where it is in a message of a REST protocol, if not in the body with others. */
  readonly http: HttpBinding | undefined;
  readonly shape: Shape;
}

type HttpBinding =
  /** In the path, in the place of `{name}`. */
  | { readonly in: "label"; readonly name: string }
  | { readonly in: "query"; readonly name: string }
  /** Its name in lower case. */
  | { readonly in: "header"; readonly name: string }
  /** The whole body. */
  | { readonly in: "payload" };

export interface ListShape {
  readonly kind: "list";
  readonly element: Shape;
  /** The segment before the index, as `member` in `Tags.member.1`; EC2 has none: `Tag.1`. */
  readonly queryName: string | undefined;
  readonly xmlName: string;
}

/** On the wire a list of entries of two members, `key` and `value`. */
export interface MapShape {
  readonly kind: "map";
  readonly entries: ListShape & { readonly element: StructureShape };
}

interface StringShape {
  readonly kind: "string";
  /** The values of the enumeration, if it is one. */
  readonly values: ReadonlySet<string> | undefined;
}

export interface TimestampShape {
  readonly kind: "timestamp";
  /** Whether answers show milliseconds that are zero. */
  readonly milliseconds: boolean;
}

/**
 * What the schemas and the enumerations of a service are. Each is on a line: its name, a space, and its tuple or its
 * values as JSON. The lines are sorted.
 */
export interface Descriptions {
  readonly schemas: string;
  readonly enumerations: string;
}

/** Few of the thousands of lines are ever asked for: an index of them would take longer to make than it saves. */
function findLine(lines: string, name: string): unknown {
  const key = `${name} `;
  let [low, high] = [0, lines.length];
  while (low < high) {
    const start = lines.lastIndexOf("\n", Math.floor((low + high) / 2) - 1) + 1;
    const end = lines.indexOf("\n", start);
    if (lines.startsWith(key, start)) return JSON.parse(lines.slice(start + key.length, end));
    if (lines.slice(start, end) < key) low = end + 1;
    else high = start;
  }
  return undefined;
}

/**
 * Input members that take a fraction: schemas have one type for all numbers. The list is the API reference's; all
 * other numbers of requests are integers.
 */
export const doubleMembers: ReadonlySet<string> = new Set([
  "ClientData.UploadSize",
  "FleetLaunchTemplateOverridesRequest.Priority",
  "FleetLaunchTemplateOverridesRequest.WeightedCapacity",
  "LaunchTemplateOverrides.Priority",
  "LaunchTemplateOverrides.WeightedCapacity",
  "MemoryGiBPerVCpu.Max",
  "MemoryGiBPerVCpu.Min",
  "MemoryGiBPerVCpuRequest.Max",
  "MemoryGiBPerVCpuRequest.Min",
  "NetworkBandwidthGbps.Max",
  "NetworkBandwidthGbps.Min",
  "NetworkBandwidthGbpsRequest.Max",
  "NetworkBandwidthGbpsRequest.Min",
  "PriceScheduleSpecification.Price",
  "ReservationFleetInstanceSpecification.Weight",
  "ReservedInstanceLimitPrice.Amount",
  "SpotFleetLaunchSpecification.WeightedCapacity",
  "SpotFleetRequestConfigData.FulfilledCapacity",
  "SpotFleetRequestConfigData.OnDemandFulfilledCapacity",
  "TotalLocalStorageGB.Max",
  "TotalLocalStorageGB.Min",
  "TotalLocalStorageGBRequest.Max",
  "TotalLocalStorageGBRequest.Min",
]);

/**
 * Enumerations whose values are checked where they are used instead, as EC2 has an error of its own for wrong ones:
 * `Invalid value 'x' for InstanceType.`
 */
const openEnumerations: ReadonlySet<string> = new Set([
  "_InstanceType",
  "AccountAttributeName",
  "EventCategory",
  "LookupAttributeKey",
]);

const tupleKind = { simple: 0, list: 1, map: 2, structure: 3, union: 4 } as const;
const simpleType = { string: 0, number: 1, boolean: 2, blob: 21, stream: 42 } as const;
const listOf = 64;
const mapOf = 128;

interface Traits {
  readonly xmlName?: string;
  readonly ec2QueryName?: string;
  readonly idempotencyToken?: 1;
  readonly sensitive?: 1;
  readonly streaming?: 1;
  readonly httpLabel?: 1;
  readonly httpPayload?: 1;
  readonly httpHeader?: string;
  readonly httpQuery?: string;
  /** The name of the enumeration that a member's strings are of. The build adds this one: schemas do not say. */
  readonly enumeration?: string;
}

const knownTraits = new Set([
  "xmlName",
  "ec2QueryName",
  "idempotencyToken",
  "sensitive",
  "enumeration",
  "streaming",
  "httpHeader",
  "httpQuery",
]);
/** Traits as a number: a set of flags. */
const flags = { httpLabel: 1, idempotencyToken: 4, sensitive: 8, httpPayload: 16 } as const;
const allFlags = Object.values(flags).reduce((all: number, flag) => all | flag, 0);

function readTraits(traits: unknown): Traits {
  if (typeof traits === "number") {
    if ((traits & ~allFlags) !== 0) throw new TypeError(`Unknown schema traits ${traits}`);
    const set = Object.entries(flags).filter(([, flag]) => (traits & flag) !== 0);
    return Object.fromEntries(set.map(([name]) => [name, 1]));
  }
  const unknown = Object.keys(traits as object).find((trait) => !knownTraits.has(trait));
  if (unknown !== undefined) throw new TypeError(`Unknown schema trait ${unknown}`);
  return traits as Traits;
}

/** Compiles schemas of one service. Each tuple becomes one shape, and its members become shapes on first use. */
export class ShapeCompiler {
  readonly #protocol: Protocol;
  readonly #descriptions: Descriptions;
  readonly #tuples = new Map<string, unknown>();
  readonly #structures = new Map<unknown, StructureShape>();
  readonly #values = new Map<string, ReadonlySet<string>>();
  readonly #timestamp: TimestampShape;

  constructor(protocol: Protocol, descriptions: Descriptions) {
    this.#protocol = protocol;
    this.#descriptions = descriptions;
    this.#timestamp = { kind: "timestamp", milliseconds: protocol === "ec2Query" };
  }

  /** The shape of an operation's input or output; undefined where the operation has none. */
  structure(reference: unknown): StructureShape | undefined {
    const { schema } = this.#dereference(reference);
    if (schema === "unit") return undefined;
    const shape = this.#compile(schema, "");
    if (shape.kind !== "structure") throw new TypeError("An operation's input and output are structures");
    return shape;
  }

  /** The schema behind its name and member tuples, with the traits given on the way; the outermost win. */
  #dereference(reference: unknown): { schema: unknown; traits: Traits } {
    if (typeof reference === "string") {
      const tuple = this.#tuples.get(reference) ?? findLine(this.#descriptions.schemas, reference);
      this.#tuples.set(reference, tuple);
      return tuple === undefined ? { schema: reference, traits: {} } : this.#dereference(tuple);
    }
    if (!Array.isArray(reference)) return { schema: reference, traits: {} };
    const aliased = reference[0] === tupleKind.simple && reference.length > 2;
    if (!aliased && reference.length !== 2) return { schema: reference, traits: {} };
    const { schema, traits } = this.#dereference(aliased ? reference[4] : reference[0]);
    return { schema, traits: { ...traits, ...readTraits(aliased ? reference[3] : reference[1]) } };
  }

  /**
   * @param owner `Structure.Member`, which decides the form of numbers within
   * @param enumeration of strings within
   */
  #compile(reference: unknown, owner: string, enumeration?: string): Shape {
    const { schema } = this.#dereference(reference);
    if (typeof schema === "number") return this.#simple(schema, owner, enumeration);
    if (!Array.isArray(schema)) throw new TypeError(`Unknown schema ${String(schema)} of ${owner}`);
    switch (schema[0]) {
      case tupleKind.list:
        return this.#list(schema[4], owner, enumeration);
      case tupleKind.map:
        return this.#map(schema[4], schema[5], owner);
      case tupleKind.structure:
      case tupleKind.union: {
        const shape = this.#structures.get(schema) ?? this.#structure(schema);
        this.#structures.set(schema, shape);
        return shape;
      }
      default:
        throw new TypeError(`Unknown kind of schema ${String(schema[0])} of ${owner}`);
    }
  }

  #simple(type: number, owner: string, enumeration?: string): Shape {
    if (type >= mapOf && type < 2 * mapOf) return this.#map(simpleType.string, type - mapOf, owner);
    if (type >= listOf && type < 2 * listOf) return this.#list(type - listOf, owner, enumeration);
    if (type >= 4 && type <= 7) return this.#timestamp;
    switch (type) {
      case simpleType.string:
        return { kind: "string", values: this.#valuesOf(enumeration) };
      case simpleType.number:
        return { kind: doubleMembers.has(owner) ? "double" : "integer" };
      case simpleType.boolean:
        return { kind: "boolean" };
      case simpleType.blob:
      case simpleType.stream:
        return { kind: "blob" };
      default:
        throw new TypeError(`Unknown simple type ${type} of ${owner}`);
    }
  }

  #valuesOf(enumeration: string | undefined): ReadonlySet<string> | undefined {
    if (enumeration === undefined || openEnumerations.has(enumeration)) return undefined;
    const known = this.#values.get(enumeration);
    if (known) return known;
    const values = new Set(findLine(this.#descriptions.enumerations, enumeration) as readonly string[]);
    this.#values.set(enumeration, values);
    return values;
  }

  #list(element: unknown, owner: string, enumeration?: string): ListShape {
    const xmlName = this.#dereference(element).traits.xmlName ?? "member";
    const queryName = this.#protocol === "ec2Query" ? undefined : xmlName;
    return { kind: "list", element: this.#compile(element, owner, enumeration), queryName, xmlName };
  }

  #map(key: unknown, value: unknown, owner: string): MapShape {
    const element = this.#members(`${owner} entry`, false, ["key", "value"], [key, value], 2);
    return { kind: "map", entries: { kind: "list", element, queryName: "entry", xmlName: "entry" } };
  }

  #structure(tuple: readonly unknown[]): StructureShape {
    const [kind, , name, , memberNames, memberSchemas, requiredCount = 0] = tuple;
    return this.#members(
      name as string,
      kind === tupleKind.union,
      memberNames as readonly string[],
      memberSchemas as readonly unknown[],
      requiredCount as number,
    );
  }

  #members(
    structure: string,
    union: boolean,
    names: readonly string[],
    schemas: readonly unknown[],
    requiredCount: number,
  ): StructureShape {
    const all = names.map((name, index) =>
      this.#member(structure, name, schemas[index], index < requiredCount),
    );
    return {
      kind: "structure",
      name: structure,
      union,
      members: new Map(all.map((member) => [member.name, member])),
      parameters: new Map(all.map((member) => [member.queryName, member])),
      required: all.slice(0, requiredCount),
    };
  }

  #member(structure: string, name: string, schema: unknown, required: boolean): Member {
    const { traits } = this.#dereference(schema);
    const { xmlName = name, ec2QueryName, idempotencyToken, sensitive, enumeration } = traits;
    const compile = () => this.#compile(schema, `${structure}.${name}`, enumeration);
    let compiled: Shape | undefined;
    return {
      name,
      queryName: this.#protocol === "ec2Query" ? (ec2QueryName ?? capitalized(xmlName)) : xmlName,
      xmlName,
      required,
      idempotencyToken: idempotencyToken !== undefined,
      sensitive: sensitive !== undefined,
      http: bindingOf(name, traits),
      get shape() {
        compiled ??= compile();
        return compiled;
      },
    };
  }
}

function bindingOf(name: string, traits: Traits): HttpBinding | undefined {
  if (traits.httpLabel) return { in: "label", name };
  if (traits.httpQuery !== undefined) return { in: "query", name: traits.httpQuery };
  if (traits.httpHeader !== undefined) return { in: "header", name: traits.httpHeader.toLowerCase() };
  return traits.httpPayload ? { in: "payload" } : undefined;
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
