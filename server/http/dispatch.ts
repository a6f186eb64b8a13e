import { isBarredFromIam, noteUse, type Keyring, type CallerKey } from "../auth/keys.ts";
import { anonymous, isAnonymous } from "../auth/anonymous.ts";
import { readHeaders, readTarget } from "../auth/canonical.ts";
import { peekScope, verifySignature, type SignedRequest } from "../auth/sigv4.ts";
import { GLOBAL, type Cloud } from "../cloud.ts";
import { isEndpointName } from "../ec2/vpcEndpointPassage.ts";
import { ApiError } from "../errors.ts";
import { loadActions, loadedActions } from "../iam/actionTable.ts";
import { isRoot } from "../iam/authorize.ts";
import type { Handler } from "../kit/handlers.ts";
import type { Origin, Passage } from "../kit/origin.ts";
import { showsAnswer, type Said } from "../trail/answeredCall.ts";
import { decodeJson, encodeJson, findJsonOperation, jsonAnswer, jsonError } from "../wire/awsJson.ts";
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
import { passageBy } from "./passage.ts";
import type { IncomingRequest } from "./signedRequest.ts";

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
  /** What there is to tell of a call whose caller is known. */
  readonly said?: Said | undefined;
}

const serviceIds: ReadonlySet<string> = new Set<ServiceId>([
  "ec2",
  "sts",
  "iam",
  "ebs",
  "logs",
  "cloudtrail",
  "ram",
]);

/** Where a request is at home that names no region. */
const HOME = "us-east-1";

export const XML = { "content-type": "text/xml;charset=UTF-8" };

/** From a signed request to an answer: which service, who calls, what is asked, what comes of it. */
export function dispatch(
  request: IncomingRequest,
  requestId: string,
  parts: DispatchParts,
): Answer | Promise<Answer> {
  const named = peekScope(request)?.service ?? (isAnonymous(request) ? "sts" : "");
  const id = serviceIds.has(named) ? (named as ServiceId) : "ec2";
  const service = loadedService(id);
  if (service) return answerOf(service, request, requestId, parts);
  return loadService(id).then((loaded) => answerOf(loaded, request, requestId, parts));
}

function answerOf(
  service: Service,
  request: IncomingRequest,
  requestId: string,
  parts: DispatchParts,
): Answer | Promise<Answer> {
  let operation: string | undefined;
  let region: string | undefined;
  let account: string | undefined;
  let said: Said | undefined;
  try {
    const verified = verify(service, request, parts);
    region = verified.region;
    account = verified.key.caller.account;
    const passage = passageOf(service, request, verified, parts);
    // Where nobody signed, the endpoint tells the region.
    region = passage?.region ?? region;
    if ((passage || !isRoot(verified.key.caller)) && !loadedActions(service.id)) {
      return loadActions(service.id).then(() => answerOf(service, request, requestId, parts));
    }
    noteUse(parts.cloud.global, verified.key.accessKeyId, parts.cloud.clock.now(), region, service.id);
    const understood = understand(service, request);
    operation = understood.operation.name;
    said = {
      caller: verified.key.caller,
      operation: understood.operation,
      passage,
      input: undefined,
      output: undefined,
      error: undefined,
    };
    const origin = passage ? { ...request, passage } : request;
    const encoded = call(understood, said, origin, region, requestId, parts);
    const { status, headers, body } = understood.answer(encoded, requestId);
    return { status, headers, body, requestId, service: service.id, operation, region, account, said };
  } catch (error) {
    return { ...refusal(service, error, requestId, parts, said), operation, region, account, said };
  }
}

/** The endpoint that a request came by, if its host is one's name. */
function passageOf(
  { id }: Service,
  request: IncomingRequest,
  { key, region }: { readonly key: CallerKey; readonly region: string },
  parts: DispatchParts,
): Passage | undefined {
  if (!isEndpointName(request.host)) return undefined;
  return passageBy(request.host, { service: id, region, signed: key !== anonymous }, parts);
}

/** Whose request it is, and for which region. */
function verify(service: Service, request: SignedRequest, parts: DispatchParts) {
  if (isAnonymous(request)) return { key: anonymous, region: HOME };
  const verified = verifySignature<CallerKey>(request, {
    now: parts.cloud.clock.wall(),
    keyTime: parts.cloud.clock.now(),
    findKey: (id) => parts.keyring.find(id),
    services: serviceIds,
    regions: parts.regions,
    // A block of a snapshot has its checksum signed instead.
    unsignedBody: service.id === "ebs" && request.method === "PUT",
  });
  if (service.id === "iam" && isBarredFromIam(parts.cloud.global, verified.key.accessKeyId)) {
    throw new ApiError("InvalidClientTokenId");
  }
  return verified;
}

/** A request of any protocol, once it is known which operation it asks for. */
interface Understood {
  readonly operation: Operation;
  readonly decode: () => object;
  /** The output as text, to be given again if the call is repeated. */
  readonly encode: (output: object) => string;
  readonly answer: (encoded: string, requestId: string) => RestAnswer;
}

function understand(service: Service, request: SignedRequest): Understood {
  if (service.protocol === "restJson") return understandRest(service, request);
  return service.protocol === "awsJson"
    ? understandJson(service, request)
    : understandQuery(service, request);
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

function understandJson(service: Service, request: SignedRequest): Understood {
  const operation = findJsonOperation(service, readHeaders(request.rawHeaders).get("x-amz-target"));
  return {
    operation,
    decode: () => decodeJson(operation, request.body),
    encode: (output) => encodeJson(operation, output),
    answer: jsonAnswer,
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
  said: Said,
  origin: Origin,
  region: string,
  requestId: string,
  { cloud, backends }: DispatchParts,
): string {
  const backend = backends[operation.service.id];
  const handler = backend.handlers.get(operation.name);
  const input = decode();
  said.input = input;
  if (!handler) throw new ApiError("NotImplemented", operation.name);
  const unitName = backend.global ? GLOBAL : region;
  return cloud.pipeline.run({
    service: operation.service.id,
    operation: operation.name,
    input,
    caller: said.caller,
    origin,
    region,
    requestId,
    unit: cloud.unit(unitName),
    handler,
    encode: showsAnswer(operation) ? telling(said, encode) : encode,
  });
}

const telling =
  (said: Said, encode: Understood["encode"]) =>
  (output: object): string => {
    said.output = output;
    return encode(output);
  };

function refusal(
  service: Service,
  error: unknown,
  requestId: string,
  { onFault }: DispatchParts,
  said: Said | undefined,
): Answer {
  const refused = error instanceof ApiError ? error : new ApiError("InternalError");
  if (refused !== error) onFault(error);
  if (said) said.error = refused;
  const { code, status } = refused;
  const answer =
    service.protocol === "restJson"
      ? restError(refused, service.id)
      : service.protocol === "awsJson"
        ? jsonError(refused)
        : { status, headers: XML, body: encodeError(service, refused, requestId) };
  return { ...answer, requestId, service: service.id, code };
}
