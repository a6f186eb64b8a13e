import type { Keyring, CallerKey } from "../auth/keys.ts";
import { readHeaders, readTarget } from "../auth/canonical.ts";
import { peekScope, verifySignature, type SignedRequest } from "../auth/sigv4.ts";
import { GLOBAL, type Cloud } from "../cloud.ts";
import { ApiError } from "../errors.ts";
import type { Handler } from "../kit/handlers.ts";
import { decode, findOperation, parseQuery } from "../wire/query.ts";
import {
  decodeRest,
  encodeRest,
  findRestOperation,
  restAnswer,
  restError,
  type RestAnswer,
  type RestRequest,
} from "../wire/restJson.ts";
import { loadedService, loadService, type Operation, type Service, type ServiceId } from "../wire/service.ts";
import { encodeError, encodeMembers, envelope } from "../wire/xml.ts";

/** What one service needs beside its schemas. */
interface Backend {
  readonly handlers: ReadonlyMap<string, Handler>;
  /** A global service has one state for all regions. */
  readonly global: boolean;
}

export interface DispatchParts {
  readonly cloud: Cloud;
  readonly keyring: Keyring;
  readonly regions: ReadonlySet<string>;
  readonly backends: Readonly<Record<ServiceId, Backend>>;
  /** Told of what cannot be: a fault of the server. */
  readonly onFault: (error: unknown) => void;
}

/** How a call was answered, with what the logs want to know of it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  readonly requestId: string;
  readonly service?: ServiceId;
  readonly operation?: string | undefined;
  readonly region?: string | undefined;
  readonly account?: string | undefined;
  /** The code of an error. */
  readonly code?: string;
}

const serviceIds: ReadonlySet<string> = new Set<ServiceId>(["ec2", "sts", "iam", "ebs"]);

export const XML = { "content-type": "text/xml;charset=UTF-8" };

/** From a signed request to an answer: which service, who calls, what is asked, what comes of it. */
export async function dispatch(
  request: SignedRequest,
  requestId: string,
  parts: DispatchParts,
): Promise<Answer> {
  const named = peekScope(request)?.service ?? "";
  const id = serviceIds.has(named) ? (named as ServiceId) : "ec2";
  return answerOf(loadedService(id) ?? (await loadService(id)), request, requestId, parts);
}

function answerOf(service: Service, request: SignedRequest, requestId: string, parts: DispatchParts): Answer {
  let operation: string | undefined;
  let region: string | undefined;
  let account: string | undefined;
  try {
    const verified = verifySignature<CallerKey>(request, {
      now: parts.cloud.clock.wall(),
      keyTime: parts.cloud.clock.now(),
      findKey: (id) => parts.keyring.find(id),
      services: serviceIds,
      regions: parts.regions,
      // A block of a snapshot has its checksum signed instead.
      unsignedBody: service.id === "ebs" && request.method === "PUT",
    });
    region = verified.region;
    account = verified.key.caller.account;
    const understood =
      service.protocol === "restJson" ? understandRest(service, request) : understandQuery(service, request);
    operation = understood.operation.name;
    const encoded = call(understood, verified.key, region, requestId, parts);
    const { status, headers, body } = understood.answer(encoded, requestId);
    return { status, headers, body, requestId, service: service.id, operation, region, account };
  } catch (error) {
    return { ...refusal(service, error, requestId, parts), operation, region, account };
  }
}

/** A request of any protocol, once it is known which operation it asks for. */
interface Understood {
  readonly operation: Operation;
  readonly decode: () => object;
  /** The output as text, to be given again if the call is repeated. */
  readonly encode: (output: object) => string;
  readonly answer: (encoded: string, requestId: string) => RestAnswer;
}

function understandQuery(service: Service, request: SignedRequest): Understood {
  if (!/^\/(?:\?|$)/.test(request.target)) throw astray();
  const query = parseQuery(parametersOf(request));
  const operation = findOperation(service, query);
  return {
    operation,
    decode: () => decode(operation, query.parameters),
    encode: (output) => encodeMembers(operation, output),
    answer: (members, requestId) => ({
      status: 200,
      headers: XML,
      body: envelope(operation, members, requestId),
    }),
  };
}

function understandRest(service: Service, request: SignedRequest): Understood {
  const { path = "/", query = new Map<string, string[]>() } = readTarget(request.target) ?? {};
  const rest: RestRequest = {
    method: request.method,
    path,
    query,
    headers: readHeaders(request.rawHeaders),
    body: request.body,
  };
  const found = findRestOperation(service, rest);
  const { operation } = found;
  return {
    operation,
    decode: () => decodeRest(found, rest),
    encode: (output) => encodeRest(operation, output),
    answer: (encoded) => restAnswer(operation, encoded),
  };
}

export const astray = (): ApiError =>
  new ApiError("InvalidRequest", "Requests are made to /, by GET or POST.");

/** A POST has its parameters in the body, a GET in the query string. */
function parametersOf({ method, target, body }: SignedRequest): Uint8Array | string {
  if (method === "POST" && body.length > 0) return body;
  const start = target.indexOf("?");
  return start < 0 ? "" : target.slice(start + 1);
}

function call(
  { operation, decode, encode }: Understood,
  { caller }: CallerKey,
  region: string,
  requestId: string,
  { cloud, backends }: DispatchParts,
): string {
  const backend = backends[operation.service.id];
  const handler = backend.handlers.get(operation.name);
  const input = decode();
  if (!handler) throw new ApiError("NotImplemented", operation.name);
  const unitName = backend.global ? GLOBAL : region;
  return cloud.pipeline.run({
    operation: operation.name,
    input,
    caller,
    region,
    requestId,
    unit: cloud.unit(unitName),
    handler,
    encode,
  });
}

function refusal(service: Service, error: unknown, requestId: string, { onFault }: DispatchParts): Answer {
  const refused = error instanceof ApiError ? error : new ApiError("InternalError");
  if (refused !== error) onFault(error);
  const { code, status } = refused;
  const answer =
    service.protocol === "restJson"
      ? restError(refused)
      : { status, headers: XML, body: encodeError(service, refused, requestId) };
  return { ...answer, requestId, service: service.id, code };
}
