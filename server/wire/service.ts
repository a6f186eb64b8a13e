import type { Descriptions, Protocol, StructureShape } from "./shape.ts";
import { ShapeCompiler } from "./shape.ts";

export type ServiceId = "ec2" | "sts" | "iam" | "ebs" | "logs" | "cloudtrail" | "ram";

export interface Service {
  readonly id: ServiceId;
  readonly protocol: Protocol;
  /** The API version a request must name. */
  readonly version: string;
  /** Of the elements of an answer; where the protocol is awsJson, what comes before the name of an operation. */
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
  /** What its requests and answers look like in a REST protocol. */
  readonly http: HttpForm | undefined;
}

export interface HttpForm {
  readonly method: string;
  /** `/snapshots/{SnapshotId}/blocks` */
  readonly path: string;
  /** Of its answers. */
  readonly status: number;
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
  ebs: { protocol: "restJson", version: "2019-11-02", namespace: "" },
  logs: { protocol: "awsJson", version: "2014-03-28", namespace: "Logs_20140328" },
  cloudtrail: {
    protocol: "awsJson",
    version: "2013-11-01",
    namespace: "CloudTrail_20131101",
  },
  ram: { protocol: "restJson", version: "2018-01-04", namespace: "" },
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
  ebs: () => import("islet:api/ebs"),
  logs: () => import("islet:api/logs"),
  cloudtrail: () => import("islet:api/cloudtrail"),
  ram: () => import("islet:api/ram"),
};

const loading = new Map<ServiceId, Promise<Service>>();
const loaded = new Map<ServiceId, Service>();

/** A service's operations. Its schemas are read on the first call and compiled on first use of each operation. */
export function loadService(id: ServiceId): Promise<Service> {
  const service = loading.get(id) ?? sources[id]().then((source) => indexService(id, source.default));
  loading.set(id, service);
  return service;
}

/** The service, if it has been loaded before. */
export const loadedService = (id: ServiceId): Service | undefined => loaded.get(id);

/** The schemas of input and output, and the HTTP trait where there is one: method, path, status. */
type Described = Readonly<
  Record<string, readonly [input: string, output: string, http?: readonly [string, string, number]]>
>;

function indexService(id: ServiceId, api: Api): Service {
  const operations = new Map<string, Operation>();
  const service = { id, ...identities[id], operations };
  const compiler = new ShapeCompiler(service.protocol, api);
  for (const [name, described] of Object.entries(JSON.parse(api.operations) as Described)) {
    operations.set(name, new LazyOperation(name, service, compiler, described));
  }
  loaded.set(id, service);
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
  readonly http: HttpForm | undefined;
  readonly #compiler: ShapeCompiler;
  readonly #inputSchema: string;
  readonly #outputSchema: string;
  #input: StructureShape | undefined;
  #output: StructureShape | undefined;

  constructor(
    name: string,
    service: Service,
    compiler: ShapeCompiler,
    [input, output, http]: Described[string],
  ) {
    this.name = name;
    this.service = service;
    this.http = http && { method: http[0], path: http[1], status: http[2] };
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
