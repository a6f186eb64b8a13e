/** What the SDK's client writes is what we read, and what we write is what it reads: for every operation. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, findOperation, parseQuery } from "../../server/wire/query.ts";
import type { Operation } from "../../server/wire/service.ts";
import { loadService } from "../../server/wire/service.ts";
import { encode } from "./encode.ts";
import { exchange } from "./client.ts";
import { completeValue, valuesOf } from "./values.ts";

const runs = { numRuns: 3, seed: 20_161_115, endOnFailure: true };

async function sendAndDecode(operation: Operation, input: Record<string, unknown>): Promise<unknown> {
  const answer = { status: 200, body: encode(operation, operation.output && {}, "r") };
  const { request } = await exchange(operation.service.id, operation.name, input, answer);
  const query = parseQuery(request);
  expect(findOperation(operation.service, query)).toBe(operation);
  return decode(operation, query.parameters);
}

async function encodeAndReceive(operation: Operation, output: unknown): Promise<object> {
  const answer = { status: 200, body: encode(operation, output, "r") };
  const received = await exchange(operation.service.id, operation.name, completeInput(operation), answer);
  const { $metadata: _, ...members } = received.output as { $metadata: unknown };
  return members;
}

function completeInput(operation: Operation): Record<string, unknown> {
  return { ...completeValue(operation.input), ...forced[operation.name] };
}

/** The SDK presigns a request for the source region unless it is given one. */
const forced: Readonly<Record<string, object>> = {
  CopySnapshot: { PresignedUrl: "https://localhost/?Action=CopySnapshot" },
};

const services = await Promise.all((["ec2", "sts", "iam"] as const).map(loadService));
const all = services.flatMap(({ operations }) =>
  [...operations.values()].map((operation) => ({ operation })),
);

describe.each(all)("$operation.service.id $operation.name", ({ operation }) => {
  it("reads every member of its input", async () => {
    const input = completeInput(operation);
    expect(await sendAndDecode(operation, input)).toEqual(input);
  });

  it("reads random inputs", async () => {
    await fc.assert(
      fc.asyncProperty(valuesOf(operation.input, "input"), async (values) => {
        const input = { ...values, ...forced[operation.name] };
        expect(await sendAndDecode(operation, input)).toEqual(input);
      }),
      runs,
    );
  });
});

describe.each(all.filter(({ operation }) => operation.output === undefined))(
  "$operation.service.id $operation.name",
  ({ operation }) => {
    it("answers nothing", async () => {
      expect(await encodeAndReceive(operation, undefined)).toEqual({});
    });
  },
);

const answers = all.flatMap(({ operation }) =>
  operation.output ? { operation, output: operation.output } : [],
);

describe.each(answers)("$operation.service.id $operation.name", ({ operation, output }) => {
  it("writes every member of its output", async () => {
    const complete = completeValue(output);
    expect(await encodeAndReceive(operation, complete)).toEqual(complete);
  });

  it("writes random outputs", async () => {
    await fc.assert(
      fc.asyncProperty(valuesOf(output, "output"), async (values) => {
        expect(await encodeAndReceive(operation, values)).toEqual(values);
      }),
      runs,
    );
  });
});
