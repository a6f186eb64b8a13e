import type { Keyring, CallerKey } from "../auth/keys.ts";
import { peekScope, verifySignature, type SignedRequest } from "../auth/sigv4.ts";
import { GLOBAL, type Cloud } from "../cloud.ts";
import { ApiError } from "../errors.ts";
import type { Handler } from "../kit/handlers.ts";
import { decode, findOperation, parseQuery } from "../wire/query.ts";
import { loadService, type Operation, type Service, type ServiceId } from "../wire/service.ts";
import { encodeError, encodeMembers, envelope } from "../wire/xml.ts";

/** What one service needs beside its schemas. */
export interface Backend {
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
  readonly body: string;
  readonly requestId: string;
  readonly service?: ServiceId;
  readonly operation?: string;
  readonly region?: string;
  readonly account?: string;
  /** The code of an error. */
  readonly code?: string;
}

const serviceIds: ReadonlySet<string> = new Set<ServiceId>(["ec2", "sts", "iam"]);

/** From a signed request to an answer: which service, who calls, what is asked, what comes of it. */
export async function dispatch(
  request: SignedRequest,
  requestId: string,
  parts: DispatchParts,
): Promise<Answer> {
  const named = peekScope(request)?.service ?? "";
  const service = await loadService(serviceIds.has(named) ? (named as ServiceId) : "ec2");
  const seen: { operation?: string; region?: string; account?: string } = {};
  try {
    const { key, region } = verifySignature<CallerKey>(request, {
      now: parts.cloud.clock.wall(),
      keyTime: parts.cloud.clock.now(),
      findKey: (id) => parts.keyring.find(id),
      services: serviceIds,
      regions: parts.regions,
    });
    Object.assign(seen, { region, account: key.caller.account });
    const query = parseQuery(parametersOf(request));
    const operation = findOperation(service, query);
    seen.operation = operation.name;
    const members = call(operation, query.parameters, key, region, requestId, parts);
    return {
      status: 200,
      body: envelope(operation, members, requestId),
      requestId,
      service: service.id,
      ...seen,
    };
  } catch (error) {
    return { ...refusal(service, error, requestId, parts), ...seen };
  }
}

/** A POST has its parameters in the body, a GET in the query string. */
function parametersOf({ method, target, body }: SignedRequest): Uint8Array | string {
  if (method === "POST" && body.length > 0) return body;
  const start = target.indexOf("?");
  return start < 0 ? "" : target.slice(start + 1);
}

function call(
  operation: Operation,
  parameters: ReadonlyMap<string, string>,
  { caller }: CallerKey,
  region: string,
  requestId: string,
  { cloud, backends }: DispatchParts,
): string {
  const backend = backends[operation.service.id];
  const handler = backend.handlers.get(operation.name);
  const input = decode(operation, parameters);
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
    encode: (output) => encodeMembers(operation, output),
  });
}

function refusal(service: Service, error: unknown, requestId: string, { onFault }: DispatchParts): Answer {
  const refused = error instanceof ApiError ? error : new ApiError("InternalError");
  if (refused !== error) onFault(error);
  const { code, status } = refused;
  return { status, body: encodeError(service, refused, requestId), requestId, service: service.id, code };
}
