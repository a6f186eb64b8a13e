import aws4 from "aws4";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKeyring } from "../../server/auth/keys.ts";
import { Cloud } from "../../server/cloud.ts";
import { dispatch, type Answer } from "../../server/http/dispatch.ts";
import type { Islet } from "../../server/index.ts";
import { Chance } from "../../server/kit/chance.ts";
import { Clock } from "../../server/kit/clock.ts";
import type { Context } from "../../server/kit/context.ts";
import type { Handler } from "../../server/kit/handlers.ts";
import { noJournal } from "../../server/state/journal.ts";
import type { Row, TableDefinition } from "../../server/state/table.ts";
import { ownIslet } from "../islet.ts";
import { emptyWorld } from "../kit/desk.ts";
import { note } from "../seen.ts";
import { call, errorOf, send, type Sent } from "./send.ts";

let islet: Islet;
beforeAll(async () => {
  islet = await ownIslet();
});
afterAll(() => islet.close());

const XML = "text/xml;charset=UTF-8";
const regions = { Action: "DescribeRegions", Version: "2016-11-15" };
const query = `/?${new URLSearchParams(regions).toString()}`;
const form = new URLSearchParams(regions).toString();

describe("which service, region and operation", () => {
  test.each<[string, Sent, object]>([
    ["EC2", { body: form }, { status: 200 }],
    ["STS", { service: "sts", body: "Action=GetCallerIdentity&Version=2011-06-15" }, { status: 200 }],
    ["a service there is not", { service: "s3", body: form }, { status: 401, code: "AuthFailure" }],
    ["a service that is none", { service: "no service", body: form }, { status: 401, code: "AuthFailure" }],
    ["a region there is not", { region: "us-nowhere-1", body: form }, { status: 401, code: "AuthFailure" }],
    ["a region that is none", { region: "global", body: form }, { status: 401, code: "AuthFailure" }],
    [
      "an action of another service",
      { service: "sts", body: form },
      {
        status: 400,
        code: "InvalidAction",
        message: "Could not find operation DescribeRegions for version 2016-11-15",
      },
    ],
    [
      "an action that nobody has",
      { body: "Action=MakeTea&Version=2016-11-15" },
      {
        status: 400,
        code: "InvalidAction",
        message: "The action MakeTea is not valid for this web service.",
      },
    ],
    [
      "an action that every object has",
      { body: "Action=constructor&Version=2016-11-15" },
      { status: 400, code: "InvalidAction" },
    ],
    ["no action", { body: "Version=2016-11-15" }, { status: 400, code: "MissingAction" }],
    ["nothing at all", {}, { status: 400, code: "MissingAction" }],
    [
      "an operation that is not there yet",
      { body: "Action=DescribeSpotFleetRequests&Version=2016-11-15" },
      {
        status: 501,
        code: "NotImplemented",
        message: "islet does not have the operation DescribeSpotFleetRequests yet.",
      },
    ],
    [
      "one of IAM's",
      { service: "iam", body: "Action=ListSAMLProviders&Version=2010-05-08" },
      {
        status: 501,
        code: "NotImplemented",
        message: "islet does not have the operation ListSAMLProviders yet.",
      },
    ],
  ])("%s", async (_, sent, expected) => {
    const answer = await send(islet, sent);
    expect(errorOf(answer)).toMatchObject(expected);
    expect(answer.headers["content-type"]).toBe(XML);
    const id = /<requestI[dD]>([^<]*)</i.exec(answer.text)?.[1];
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers["x-amzn-requestid"]).toBe(id);
  });

  test("in capitals as the API has them", async () => {
    expect(errorOf(await call(islet, { Action: "describeregions" }))).toMatchObject({
      code: "InvalidAction",
    });
  });

  test("a call may be a GET, signed in the header or in the query string", async () => {
    for (const presigned of [false, true]) {
      const { status, text } = await send(islet, { method: "GET", path: query, presigned });
      expect({ status, text }).toMatchObject({ status: 200, text: expect.stringContaining("us-west-2") });
    }
    const dated = { method: "GET", path: `${query}&X-Amz-Expires=60`, presigned: true };
    expect((await send(islet, dated)).status).toBe(200);
  });

  test("a POST may have its parameters in the query string, if it has no body", async () => {
    expect((await send(islet, { path: query })).status).toBe(200);
    expect(errorOf(await send(islet, { path: query, body: "Version=2016-11-15" }))).toMatchObject({
      code: "MissingAction",
    });
  });
});

describe("what is no call", () => {
  test.each<[string, Sent]>([
    ["another path", { path: "/ec2", body: form }],
    ["a path above", { path: "/../", body: form }],
    ["the console", { method: "GET", path: "/index.html" }],
    ["a PUT", { method: "PUT", body: form }],
    ["a DELETE", { method: "DELETE" }],
    ["a PATCH", { method: "PATCH", body: form }],
    ["an OPTIONS", { method: "OPTIONS" }],
    ["a route that the operator has not", { path: "/_islet/nothing", service: "islet" }],
    ["a route that is not for this method", { path: "/_islet/clock", method: "PUT", service: "islet" }],
  ])("%s", async (_, sent) => {
    const answer = await send(islet, sent);
    expect(errorOf(answer)).toEqual({
      status: 400,
      code: "InvalidRequest",
      message: "Requests are made to /, by GET or POST.",
    });
    expect(answer.headers["content-type"]).toBe(XML);
  });

  test("a HEAD, which is answered without a body", async () => {
    expect(await send(islet, { method: "HEAD", path: query })).toMatchObject({ status: 400, text: "" });
  });

  test("a path that cannot be read", async () => {
    const answer = await send(islet, { method: "GET", path: "/%zz", keys: null });
    expect(errorOf(answer)).toMatchObject({ status: 400, code: "InvalidRequest" });
  });

  test.each([
    ["text/plain", "hello"],
    ["application/json", "{"],
    ["multipart/form-data", "--"],
  ])("a body of %s", async (type, body) => {
    const answer = await send(islet, { body, headers: { "Content-Type": type } });
    expect(errorOf(answer)).toMatchObject({ status: 400, code: "MissingAction" });
  });

  test("a body of nonsense", async () => {
    const answer = await send(islet, { body: "\u0000", headers: { "Content-Type": "nonsense" } });
    expect(errorOf(answer)).toMatchObject({ status: 404, code: "MalformedQueryString" });
  });

  test("a body over the limit", async () => {
    const answer = await send(islet, { body: Buffer.alloc(2 * 1024 * 1024 + 1, "a") });
    expect(errorOf(answer)).toEqual({
      status: 413,
      code: "RequestEntityTooLarge",
      message: "Your request is too large.",
    });
    expect(errorOf(await send(islet, { body: Buffer.alloc(2 * 1024 * 1024, "a") }))).toMatchObject({
      status: 400,
    });
  });

  test("an unsigned one, of whatever content", async () => {
    for (const body of [form, "", "\u0000", "Action=CreateVpc&CidrBlock=10.0.0.0/16&Version=2016-11-15"]) {
      const answer = await send(islet, { body, keys: null });
      expect(errorOf(answer)).toMatchObject({ status: 400, code: "MissingParameter" });
    }
  });
});

/** A server with these operations instead of its own, up to HTTP. */
function dispatcher(handlers: Readonly<Record<string, Handler>>): {
  readonly cloud: Cloud;
  readonly faults: unknown[];
  readonly call: (action: string) => Promise<Answer>;
} {
  const faults: unknown[] = [];
  const onFault = (fault: unknown): void => void faults.push(fault);
  const cloud = new Cloud({
    journal: noJournal,
    clock: new Clock(),
    chance: new Chance("dispatch"),
    pace: "instant",
    quotas: undefined,
    world: emptyWorld,
    furnish: () => {},
    settleIn: () => {},
    loseHost: () => {},
    onFault,
  });
  const keys = { accessKeyId: "test", secretAccessKey: "test" };
  const none = { handlers: new Map<string, Handler>(), global: true };
  const parts = {
    cloud,
    keyring: createKeyring(() => cloud.global, keys, false),
    regions: new Set(["us-east-1"]),
    backends: {
      ec2: { handlers: new Map(Object.entries(handlers)), global: false },
      sts: none,
      iam: none,
      ebs: none,
      logs: none,
      cloudtrail: none,
      ram: none,
    },
    onFault,
  };
  return {
    cloud,
    faults,
    call: async (action) => {
      const path = `/?Action=${action}&Version=2016-11-15`;
      const { headers = {} } = aws4.sign(
        { host: "localhost", method: "GET", path, service: "ec2", region: "us-east-1" },
        keys,
      );
      const rawHeaders = Object.entries(headers).map(([name, value]) => [name, String(value)]);
      const request = {
        method: "GET",
        target: path,
        host: "localhost",
        rawHeaders: rawHeaders.flat(),
        body: Buffer.alloc(0),
      };
      return dispatch(request, "request-id", parts);
    },
  };
}

describe("a fault of the server", () => {
  const notes: TableDefinition<Row> = { name: "note" };
  const jot = (ctx: Context) =>
    ctx.unit.table(notes).insert({ id: "n", seq: ctx.unit.nextSeq(), account: ctx.account });

  test.each<[string, Handler]>([
    [
      "an exception",
      (_: never, ctx) => {
        jot(ctx);
        throw new TypeError("secret: /home/islet");
      },
    ],
    [
      "what is no Error",
      (_: never, ctx) => {
        jot(ctx);
        // eslint-disable-next-line typescript/only-throw-error
        throw "secret";
      },
    ],
    [
      "a member that the API has not",
      (_: never, ctx) => {
        jot(ctx);
        return { Secret: "secret" };
      },
    ],
    [
      "endless recursion",
      (_: never, ctx) => {
        jot(ctx);
        const down = (): object => ({ ...down() });
        return down();
      },
    ],
    [
      "a write in another unit than the call's",
      (_: never, ctx) => {
        jot(ctx);
        ctx.global.table(notes).insert({ id: "n", seq: 1, account: "" });
        return {};
      },
    ],
  ])("%s is not told, is reported, and undoes everything", async (_, handler) => {
    const { call: make, faults, cloud } = dispatcher({ DescribeRegions: handler });
    const answer = await make("DescribeRegions");
    note("DescribeRegions", answer.code ?? "");
    expect(answer).toMatchObject({ status: 500, code: "InternalError", requestId: "request-id" });
    expect(answer.body).toContain("<Message>An internal error has occurred</Message>");
    expect(answer.body).not.toContain("secret");
    expect(faults).toHaveLength(1);
    expect(cloud.unit("us-east-1").table(notes).size).toBe(0);
    cloud.close();
  });

  test("does not keep the next call from being served", async () => {
    let calls = 0;
    const { call: make, cloud } = dispatcher({
      DescribeRegions: () => {
        if (++calls === 1) throw new Error("once");
        return { Regions: [] };
      },
    });
    expect((await make("DescribeRegions")).status).toBe(500);
    expect((await make("DescribeRegions")).status).toBe(200);
    cloud.close();
  });
});
