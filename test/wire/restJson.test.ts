/** What the SDK's client writes is what we read, and what we write is what it reads: for every operation of EBS. */
import { Readable } from "node:stream";
import * as ebs from "@aws-sdk/client-ebs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ApiError } from "../../server/errors.ts";
import {
  decodeRest,
  encodeRest,
  findRestOperation,
  restAnswer,
  restError,
  type RestAnswer,
  type RestRequest,
} from "../../server/wire/restJson.ts";
import { loadService, type Operation } from "../../server/wire/service.ts";
import type { Shape, StructureShape } from "../../server/wire/shape.ts";

const service = await loadService("ebs");
const operations = [...service.operations.values()].map((operation) => ({ operation }));

/** What the client sends, and what it makes of the answer. */
async function exchange(operation: Operation, input: object, { status, headers, body }: RestAnswer) {
  let sent: RestRequest | undefined;
  const client = new ebs.EBSClient({
    region: "eu-central-1",
    endpoint: "https://localhost",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
    requestHandler: {
      handle: (request: {
        method: string;
        path: string;
        query?: Record<string, string>;
        headers: Record<string, string>;
        body?: string | Uint8Array;
      }) => {
        sent = {
          method: request.method,
          path: request.path,
          query: new Map(Object.entries(request.query ?? {}).map(([name, value]) => [name, [value]])),
          headers: new Map(
            Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
          ),
          body: Buffer.from(request.body ?? ""),
        };
        const response = {
          statusCode: status,
          headers: { ...headers },
          body: Readable.from([Buffer.from(body)]),
        };
        return Promise.resolve({ response });
      },
    } as never,
  });
  const commands = ebs as unknown as Record<string, new (input: object) => never>;
  const SpecificCommand = commands[`${operation.name}Command`];
  if (!SpecificCommand) throw new Error(`The SDK has no ${operation.name}`);
  const output: object = await client.send(new SpecificCommand(input));
  if (!sent) throw new Error("nothing was sent");
  return { sent, output: output as Record<string, unknown> };
}

const text = fc
  .string({ minLength: 1, maxLength: 20, unit: "grapheme-ascii" })
  .map((each) => each.trim() || "x");

const plain = {
  integer: fc.nat(),
  double: fc.nat(),
  boolean: fc.boolean(),
  timestamp: fc.nat({ max: 2 ** 31 }).map((seconds) => new Date(seconds * 1000)),
  blob: fc.uint8Array({ minLength: 1, maxLength: 50 }),
  map: fc.dictionary(text, text),
};

function values(shape: Shape): fc.Arbitrary<unknown> {
  if (shape.kind === "structure") return structures(shape);
  if (shape.kind === "list") return fc.array(values(shape.element), { maxLength: 3 });
  if (shape.kind === "string") return shape.values ? fc.constantFrom(...shape.values) : text;
  return plain[shape.kind];
}

const structures = (shape: StructureShape): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(Object.fromEntries([...shape.members.values()].map(({ name, shape }) => [name, values(shape)])), {
    requiredKeys: shape.required.map(({ name }) => name),
  });

const bytes = (value: unknown): unknown => (value instanceof Uint8Array ? Buffer.from(value) : value);
const comparable = (members: object) =>
  Object.fromEntries(Object.entries(members).map(([name, value]) => [name, bytes(value)]));

describe.each(operations)("$operation.name", ({ operation }) => {
  const empty = restAnswer(operation, encodeRest(operation, {}));

  it("reads what the client writes", async () => {
    const inputs = structures(operation.input).map((input) =>
      operation.idempotencyToken ? { ...input, [operation.idempotencyToken]: "token" } : input,
    );
    await fc.assert(
      fc.asyncProperty(inputs, async (input) => {
        const { sent } = await exchange(operation, input, empty);
        const found = findRestOperation(service, sent);
        expect(found.operation).toBe(operation);
        expect(comparable(decodeRest(found, sent))).toEqual(comparable(input));
      }),
      { seed: 1, numRuns: 30 },
    );
  });

  it("writes what the client reads", async () => {
    const outputs = operation.output ? structures(operation.output) : fc.constant({});
    const input = fc.sample(structures(operation.input), { numRuns: 1, seed: 2 })[0] ?? {};
    await fc.assert(
      fc.asyncProperty(outputs, async (output) => {
        const { output: received } = await exchange(
          operation,
          input,
          restAnswer(operation, encodeRest(operation, output)),
        );
        const { $metadata: metadata, BlockData, ...members } = received;
        expect(metadata).toMatchObject({ httpStatusCode: operation.http?.status });
        const data = (BlockData as { transformToByteArray?: () => Promise<Uint8Array> } | undefined)
          ?.transformToByteArray;
        const { BlockData: expected, ...others }: { BlockData?: unknown } = output;
        expect(members).toEqual(others);
        // The client reads a body that is empty, too.
        expect(bytes(expected && (await data?.call(BlockData)))).toEqual(bytes(expected));
      }),
      { seed: 3, numRuns: 30 },
    );
  });

  it("writes nothing that its schema does not have", () => {
    expect(() => encodeRest(operation, { Colour: "red" })).toThrow(TypeError);
  });

  it.each([
    [new ApiError("ValidationException", "INVALID_BLOCK", "why"), "ValidationException", "INVALID_BLOCK"],
    [new ApiError("ResourceNotFoundException", "R", "why"), "ResourceNotFoundException", "R"],
    [new ApiError("IdempotentParameterMismatch"), "ConflictException", undefined],
    [new ApiError("InternalError"), "InternalServerException", undefined],
    [new ApiError("TagLimitExceeded", "snap-1"), "ValidationException", "INVALID_TAG"],
  ])("%s is an error that the client knows", async (error, name, Reason) => {
    const input = fc.sample(structures(operation.input), { numRuns: 1, seed: 2 })[0] ?? {};
    const thrown: unknown = await exchange(operation, input, restError(error, "ebs")).catch(
      (reason: unknown) => reason,
    );
    expect(thrown).toMatchObject({ name, message: error.message });
    expect((thrown as { Reason?: string }).Reason).toBe(Reason);
  });
});

it("a value of the wrong type is a mistake of ours", () => {
  const operation = service.operations.get("StartSnapshot");
  if (!operation) throw new Error("no StartSnapshot");
  for (const output of [
    { StartTime: 1 },
    { VolumeSize: "1" },
    { Status: 1 },
    { Tags: [{ Colour: "red" }] },
  ]) {
    expect(() => encodeRest(operation, output)).toThrow(TypeError);
  }
});

describe("a path", () => {
  const request = (method: string, path: string): RestRequest => ({
    method,
    path,
    query: new Map(),
    headers: new Map(),
    body: Buffer.alloc(0),
  });

  it.each(["/snapshots/", "/snapshots//blocks", "/snapshots/%zz/blocks", "/snapshot", "", "/"])(
    "%s leads nowhere",
    (path) => {
      expect(() => findRestOperation(service, request("GET", path))).toThrow(
        expect.objectContaining({ name: "UnknownOperationException" }),
      );
    },
  );

  it("has its labels decoded", () => {
    const { labels } = findRestOperation(service, request("GET", "/snapshots/a%2Fb/blocks/7"));
    expect([...labels]).toEqual([
      ["SnapshotId", "a/b"],
      ["BlockIndex", "7"],
    ]);
  });
});
