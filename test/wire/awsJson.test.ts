/** What the SDK's client writes is what we read, and what we write is what it reads: for the operations of Logs. */
import { Readable } from "node:stream";
import * as logs from "@aws-sdk/client-cloudwatch-logs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ApiError } from "../../server/errors.ts";
import {
  decodeJson,
  encodeJson,
  findJsonOperation,
  jsonAnswer,
  jsonError,
} from "../../server/wire/awsJson.ts";
import type { RestAnswer } from "../../server/wire/restJson.ts";
import { loadService, type Operation } from "../../server/wire/service.ts";
import type { Shape, StructureShape } from "../../server/wire/shape.ts";

const service = await loadService("logs");
/** These answer with a stream of events, which is another form. */
const streaming = new Set(["GetLogObject", "StartLiveTail"]);
const operations = [...service.operations.values()]
  .filter(({ name }) => !streaming.has(name))
  .map((operation) => ({ name: operation.name, operation }));

interface Sent {
  readonly target: string | undefined;
  readonly body: Uint8Array;
}

/** What the client sends, and what it makes of the answer. */
async function exchange(operation: Operation, input: object, { status, headers, body }: RestAnswer) {
  let sent: Sent | undefined;
  const client = new logs.CloudWatchLogsClient({
    region: "eu-central-1",
    endpoint: "https://localhost",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
    requestHandler: {
      handle: (request: { headers: Record<string, string>; body?: string | Uint8Array }) => {
        const target = Object.entries(request.headers).find(
          ([name]) => name.toLowerCase() === "x-amz-target",
        );
        sent = { target: target?.[1], body: Buffer.from(request.body ?? "") };
        const response = {
          statusCode: status,
          headers: { ...headers },
          body: Readable.from([Buffer.from(body)]),
        };
        return Promise.resolve({ response });
      },
    } as never,
  });
  const commands = logs as unknown as Record<string, new (input: object) => never>;
  const SpecificCommand = commands[`${operation.name}Command`];
  if (!SpecificCommand) throw new Error(`The SDK has no ${operation.name}`);
  const output: object = await client.send(new SpecificCommand(input));
  if (!sent) throw new Error("nothing was sent");
  return { sent, output: output as Record<string, unknown> };
}

const text = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" });
const plain = {
  integer: fc.nat(),
  double: fc.nat(),
  boolean: fc.boolean(),
  timestamp: fc.nat({ max: 2 ** 31 }).map((seconds) => new Date(seconds * 1000)),
  blob: fc.uint8Array({ minLength: 1, maxLength: 50 }).map((bytes) => new Uint8Array(bytes)),
};

function values(shape: Shape, depth: number): fc.Arbitrary<unknown> {
  if (shape.kind === "structure") return structures(shape, depth);
  if (shape.kind === "list") return fc.array(values(shape.element, depth), { maxLength: 2 });
  if (shape.kind === "map") {
    const value = shape.entries.element.members.get("value")?.shape;
    const key = fc.stringMatching(/^[a-z]{1,8}$/);
    return value ? fc.dictionary(key, values(value, depth), { noNullPrototype: true }) : fc.constant({});
  }
  if (shape.kind === "string") return shape.values ? fc.constantFrom(...shape.values) : text;
  return plain[shape.kind];
}

/** Structures may hold themselves: below some depth only what has to be there is. */
const structures = (shape: StructureShape, depth = 0): fc.Arbitrary<Record<string, unknown>> => {
  const members = [...shape.members.values()].filter(({ required }) => required || depth < 4);
  const of = ({ name, shape: inner }: (typeof members)[number]) => [name, values(inner, depth + 1)] as const;
  if (shape.union) {
    return fc.oneof(...members.slice(0, 3).map((member) => fc.record(Object.fromEntries([of(member)]))));
  }
  return fc.record(Object.fromEntries(members.map(of)), {
    requiredKeys: members.filter(({ required }) => required).map(({ name }) => name),
  });
};

/** Maps that are read have no prototype, which is no difference here. */
const comparable = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, each: unknown) => (each instanceof Uint8Array ? [...each] : each)));

describe.each(operations)("$name", ({ operation }) => {
  const empty = jsonAnswer(encodeJson(operation, {}));

  it("reads what the client writes", async () => {
    const inputs = structures(operation.input).map((input) =>
      operation.idempotencyToken ? { ...input, [operation.idempotencyToken]: "token" } : input,
    );
    await fc.assert(
      fc.asyncProperty(inputs, async (input) => {
        const { sent } = await exchange(operation, input, empty);
        expect(findJsonOperation(service, sent.target)).toBe(operation);
        expect(comparable(decodeJson(operation, sent.body))).toEqual(comparable(input));
      }),
      { seed: 1, numRuns: 3 },
    );
  });

  it("writes what the client reads", async () => {
    const outputs = operation.output ? structures(operation.output) : fc.constant({});
    const input = fc.sample(structures(operation.input), { numRuns: 1, seed: 2 })[0] ?? {};
    await fc.assert(
      fc.asyncProperty(outputs, async (output) => {
        const answer = jsonAnswer(encodeJson(operation, output));
        const { $metadata: metadata, ...members } = (await exchange(operation, input, answer)).output;
        expect(metadata).toMatchObject({ httpStatusCode: 200 });
        expect(comparable(members)).toEqual(comparable(output));
      }),
      { seed: 3, numRuns: 3 },
    );
  });

  it("writes nothing that its schema does not have", () => {
    expect(() => encodeJson(operation, { colour: "red" })).toThrow(TypeError);
  });
});

const put = service.operations.get("PutLogEvents");
const group = service.operations.get("CreateLogGroup");
if (!put || !group) throw new Error("the operations are not there");

describe("errors", () => {
  it.each([
    [new ApiError("InvalidParameterException", "why"), "InvalidParameterException", 400],
    [new ApiError("ResourceNotFoundException", "", "why"), "ResourceNotFoundException", 400],
    [new ApiError("InvalidClientTokenId"), "UnrecognizedClientException", 400],
    [new ApiError("SignatureDoesNotMatch", "why"), "InvalidSignatureException", 400],
    [new ApiError("InternalError"), "InternalServerException", 500],
  ])("%s is read as the client reads errors", async (error, name, status) => {
    const call = exchange(group, { logGroupName: "g" }, jsonError(error));
    await expect(call).rejects.toMatchObject({
      name,
      message: error.message,
      $metadata: { httpStatusCode: status },
    });
  });
});

const body = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const events = (...logEvents: unknown[]) => body({ logGroupName: "g", logStreamName: "s", logEvents });

describe("what it refuses", () => {
  it.each([
    undefined,
    "",
    "CreateLogGroup",
    "Logs_20140328",
    "Logs_20140328.Nothing",
    "Logs.CreateLogGroup",
    "Logs_20140328.CreateLogGroup.x",
  ])("the target %s", (target) => {
    expect(() => findJsonOperation(service, target)).toThrow(
      expect.objectContaining({ code: "UnknownOperationException" }),
    );
  });

  it.each([
    ["what is no JSON", body("{")],
    ["what is no UTF-8", Buffer.from([0x22, 0xff, 0x22])],
    ["a list", body([])],
    ["a number for a text", body({ logGroupName: 1 })],
    ["a text for a list", body({ logGroupName: "g", logStreamName: "s", logEvents: "x" })],
    ["a text for a time", events({ timestamp: "1", message: "m" })],
    ["a fraction of a millisecond", events({ timestamp: 1.5, message: "m" })],
    ["nothing in a list", events(null)],
    ["half a character", events({ timestamp: 1, message: "\ud800" })],
  ])("%s", (_what, bytes) => {
    expect(() => decodeJson(put, bytes)).toThrow(expect.objectContaining({ code: "SerializationException" }));
  });

  it.each([
    ["what is missing", put, body({ logGroupName: "g" }), "Value null at 'logStreamName'"],
    ["what is missing within", put, events({ timestamp: 1 }), "at 'logEvents.1.message'"],
    [
      "a text that is too long",
      put,
      events({ timestamp: 1, message: "x".repeat(2 ** 20 + 1) }),
      "less than or equal to 1048576",
    ],
    [
      "what is not in an enumeration",
      group,
      body({ logGroupName: "g", logGroupClass: "BEST" }),
      "enum value set: [DELIVERY, ESSENTIALS, INFREQUENT_ACCESS, STANDARD]",
    ],
  ])("%s", (_what, operation, bytes, message) => {
    expect(() => decodeJson(operation, bytes)).toThrow(
      expect.objectContaining({
        code: "InvalidParameterException",
        message: expect.stringContaining(message) as string,
      }),
    );
  });

  it("nothing that is a control character: logs have them", () => {
    const message = "\u001b[31mred\u001b[0m\0";
    expect(decodeJson(put, events({ timestamp: 1, message }))).toMatchObject({ logEvents: [{ message }] });
  });
});
