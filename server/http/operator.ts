import type { Server } from "node:https";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { keyTable, type CallerKey } from "../auth/keys.ts";
import { verifySignature } from "../auth/sigv4.ts";
import { ApiError } from "../errors.ts";
import type { AppParts } from "./app.ts";
import { signedRequest } from "./signedRequest.ts";

/** As far as the operator may set the clock: what comes later cannot be written in ISO 8601 with four digits. */
const END_OF_TIME = Date.parse("9999-01-01T00:00:00Z");

/** The service that requests to the operator's routes are signed for. */
const SERVICE: ReadonlySet<string> = new Set(["islet"]);

export type Fields = Readonly<Record<string, unknown>>;
/** What a route does with the members of a request; what it returns is the answer. */
export type Route = (fields: Fields) => unknown;

/**
 * What an operator, or a test, does to the server as a whole: JSON under `/_islet/`, signed by the operator's key for
 * the service `islet`; health alone is for everybody.
 */
export function addOperatorRoutes(app: FastifyInstance<Server>, parts: AppParts): void {
  const { cloud } = parts;

  const route = (method: "GET" | "POST", path: string, act: Route): void => {
    app.route({
      method,
      url: `/_islet/${path}`,
      handler: async (request, reply) => {
        try {
          authorize(request, parts);
          // As before a call: what is due has happened.
          cloud.wake();
          return act(fieldsOf(request)) ?? {};
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          return reply.code(error.status).send({ error: error.code, message: error.message });
        }
      },
    });
  };

  for (const [name, act] of Object.entries(parts.operatorRoutes)) {
    const [method, path = ""] = name.split(" ");
    route(method === "GET" ? "GET" : "POST", path, act);
  }

  app.get("/_islet/health", async () => ({
    status: "ok",
    version: parts.version,
    ...(parts.glass && { glass: true }),
  }));

  route("POST", "reset", (fields) => {
    // A member that is misspelled must not make the server forget everything.
    allow(fields, "AccountId", "Region");
    const account = text(fields, "AccountId");
    const region = text(fields, "Region");
    if (account !== undefined && !/^\d{12}$/.test(account)) throw invalid("AccountId", account);
    if (region !== undefined && !parts.regions.has(region)) throw invalid("Region", region);
    cloud.reset({ ...(account !== undefined && { account }), ...(region !== undefined && { region }) });
  });

  route("POST", "accounts", () => cloud.createAccount());

  route("POST", "credentials/revoke", (fields) => {
    allow(fields, "AccessKeyId");
    const id = text(fields, "AccessKeyId");
    const keys = cloud.global.table(keyTable);
    if (id === undefined || !keys.get(id)) throw invalid("AccessKeyId", id);
    cloud.global.transact(() => keys.remove(id));
  });

  const clock = () => ({ Now: new Date(cloud.clock.now()).toISOString(), Frozen: cloud.clock.frozen });

  route("GET", "clock", clock);

  route("POST", "clock", (fields) => {
    allow(fields, "Frozen", "Now", "Advance");
    const { Frozen, Advance = 0 } = fields;
    if (Frozen !== undefined && typeof Frozen !== "boolean") throw invalid("Frozen", Frozen);
    const now = text(fields, "Now");
    const current = cloud.clock.now();
    const from = now === undefined ? current : Date.parse(now);
    if (!(from >= current)) throw invalid("Now", now);
    if (typeof Advance !== "number" || !(Advance >= 0)) throw invalid("Advance", Advance);
    const to = from + Advance * 1000;
    if (to > END_OF_TIME) throw invalid(Advance > 0 ? "Advance" : "Now", Advance > 0 ? Advance : now);
    if (Frozen === true) cloud.clock.freeze();
    if (Frozen === false) cloud.clock.run();
    cloud.clock.set(to);
    cloud.wake();
    return clock();
  });
}

function authorize(request: FastifyRequest, { cloud, keyring }: AppParts): void {
  const { key } = verifySignature<CallerKey>(signedRequest(request), {
    now: cloud.clock.wall(),
    keyTime: cloud.clock.now(),
    findKey: (id) => keyring.find(id),
    services: SERVICE,
    fallback: "islet",
  });
  if (!key.operator) throw new ApiError("AccessDenied", "Only the operator's root key may do this.");
}

/** The members of a JSON body, or of the query string. */
function fieldsOf(request: FastifyRequest): Fields {
  const { body } = signedRequest(request);
  if (body.length === 0) return request.query as Fields;
  try {
    const fields: unknown = JSON.parse(body.toString("utf8"));
    if (typeof fields === "object" && fields !== null && !Array.isArray(fields)) return fields as Fields;
  } catch {
    // Answered below.
  }
  throw new ApiError("InvalidRequest", "The body must be a JSON object.");
}

/** @throws {ApiError} UnknownParameter */
export function allow(fields: Fields, ...names: readonly string[]): void {
  const unknown = Object.keys(fields).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new ApiError("UnknownParameter", unknown);
}

/** As many letters of a wrong value as an error repeats. */
const MOST_SHOWN = 512;

/** What is no plain value is not repeated: not everything that JSON can say is a text in JavaScript. */
export function invalid(name: string, value: unknown): ApiError {
  const shown = typeof value === "object" && value !== null ? typeof value : String(value);
  return new ApiError(
    "InvalidParameterValue",
    `Value (${shown.slice(0, MOST_SHOWN)}) for ${name} is invalid.`,
  );
}

export function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || (typeof value === "string" && value !== "")) return value;
  throw invalid(name, value);
}
