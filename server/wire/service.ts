import type { Descriptions, Protocol, StructureShape } from "./shape.ts";
import { ShapeCompiler } from "./shape.ts";

export type ServiceId = "ec2" | "sts" | "iam";

export interface Service {
  readonly id: ServiceId;
  readonly protocol: Protocol;
  /** The API version a request must name. */
  readonly version: string;
  /** Of the elements of an answer. */
  readonly namespace: string;
  /** By the name that a request gives as its action. */
  readonly operations: ReadonlyMap<string, Operation>;
}

export interface Operation {
  readonly name: string;
  readonly service: Service;
  readonly input: StructureShape;
  /** Undefined where the operation answers nothing but success. */
  readonly output: StructureShape | undefined;
  /** The input member that makes the call idempotent, if it has one. */
  readonly idempotencyToken: string | undefined;
}

const identities = {
  ec2: { protocol: "ec2Query", version: "2016-11-15", namespace: "http://ec2.amazonaws.com/doc/2016-11-15/" },
  sts: {
    protocol: "awsQuery",
    version: "2011-06-15",
    namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
  },
  iam: {
    protocol: "awsQuery",
    version: "2010-05-08",
    namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
  },
} as const satisfies Record<ServiceId, Omit<Service, "id" | "operations">>;

/** What the build made of the SDK; see sdk.d.ts. */
interface Api extends Descriptions {
  readonly operations: string;
}

/** One import expression each: a bundler has to see the whole path. */
const sources: Record<ServiceId, () => Promise<{ default: Api }>> = {
  ec2: () => import("islet:api/ec2"),
  sts: () => import("islet:api/sts"),
  iam: () => import("islet:api/iam"),
};

const loaded = new Map<ServiceId, Promise<Service>>();

/** A service's operations. Its schemas are read on the first call and compiled on first use of each operation. */
export function loadService(id: ServiceId): Promise<Service> {
  const service = loaded.get(id) ?? sources[id]().then((source) => indexService(id, source.default));
  loaded.set(id, service);
  return service;
}

function indexService(id: ServiceId, api: Api): Service {
  const operations = new Map<string, Operation>();
  const service = { id, ...identities[id], operations };
  const compiler = new ShapeCompiler(service.protocol, api);
  const schemas = JSON.parse(api.operations) as Readonly<Record<string, readonly [string, string]>>;
  for (const [name, [input, output]] of Object.entries(schemas)) {
    operations.set(name, new LazyOperation(name, service, compiler, input, output));
  }
  return service;
}

const nothing: StructureShape = {
  kind: "structure",
  name: "Nothing",
  union: false,
  members: new Map(),
  parameters: new Map(),
  required: [],
};

class LazyOperation implements Operation {
  readonly name: string;
  readonly service: Service;
  readonly #compiler: ShapeCompiler;
  readonly #inputSchema: string;
  readonly #outputSchema: string;
  #input: StructureShape | undefined;
  #output: StructureShape | undefined;

  constructor(name: string, service: Service, compiler: ShapeCompiler, input: string, output: string) {
    this.name = name;
    this.service = service;
    this.#compiler = compiler;
    this.#inputSchema = input;
    this.#outputSchema = output;
  }

  get input(): StructureShape {
    this.#input ??= this.#compiler.structure(this.#inputSchema) ?? nothing;
    return this.#input;
  }

  get output(): StructureShape | undefined {
    this.#output ??= this.#compiler.structure(this.#outputSchema);
    return this.#output;
  }

  get idempotencyToken(): string | undefined {
    return [...this.input.members.values()].find((member) => member.idempotencyToken)?.name;
  }
}
