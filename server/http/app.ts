import type { RequestListener } from "node:http";
import type { Server } from "node:https";
import Fastify, {
  LogController,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import { remembering } from "../auth/remembering.ts";
import { ApiError } from "../errors.ts";
import { loadService } from "../wire/service.ts";
import { encodeError } from "../wire/xml.ts";
import { astray, dispatch, XML, type Answer, type DispatchParts } from "./dispatch.ts";
import type { EventLog } from "../trail/log.ts";
import { addOperatorRoutes, type Route } from "./operator.ts";
import { signedRequest } from "./signedRequest.ts";
import { negotiated } from "./tls.ts";

/** More than any call of the services needs; snapshot blocks of 512 KiB included. */
const BODY_LIMIT = 2 * 1024 * 1024;

export interface AppParts extends DispatchParts {
  readonly logLevel: string;
  readonly serverFactory: (handler: RequestListener) => Server;
  readonly version: string;
  readonly newRequestId: () => string;
  /** By method and path below `/_islet/`: what an operator does with the simulated world. */
  readonly operatorRoutes: Readonly<Record<string, Route>>;
  /** The operator may look into everybody's memory: every answer says so. */
  readonly glass: boolean;
  /** What was called. */
  readonly events: EventLog;
  /** Told of each answer. */
  readonly onAnswer?: ((answer: Answer) => void) | undefined;
}

const noCompiler = (): never => {
  throw new TypeError("no route has a JSON schema");
};

/** Keeps Fastify from loading its compilers of JSON schemas, which would be a tenth of the time to start. */
const withoutSchemas = { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } };

/** The HTTP side of the server: one entry point for every AWS protocol, and the operator's routes. */
export function buildApp(parts: AppParts): FastifyInstance<Server> {
  const app: FastifyInstance<Server> = Fastify<Server>({
    serverFactory: (handler) => parts.serverFactory(handler),
    // Standard output belongs to the command line.
    logger: parts.logLevel === "silent" ? false : { level: parts.logLevel, stream: process.stderr },
    // Log lines carry the request's id of AWS, so that a logger for each request would add nothing.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    exposeHeadRoutes: false,
    forceCloseConnections: false,
    // A path that cannot be decoded is found to be one before there is any route.
    frameworkErrors: (_error, _request, reply) => void refuse(reply, astray(), parts),
    schemaController: withoutSchemas,
  });

  const isLogged = ["info", "debug", "trace"].includes(parts.logLevel);

  // Nothing is parsed before its signature is verified.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

  const handler = (request: FastifyRequest, reply: FastifyReply): void => {
    const finish = (answer: Answer): void => {
      if (isLogged) log(request, answer);
      parts.onAnswer?.(answer);
      send(reply, answer);
      noteCall(request, answer, parts);
    };
    const answer = dispatch(signedRequest(request), parts.newRequestId(), parts);
    if (answer instanceof Promise) answer.then(finish, (error: unknown) => reply.send(error));
    else finish(answer);
  };
  app.route({ method: ["GET", "POST"], url: "/", handler });
  // The services that are asked by path: the EBS direct APIs, and RAM, whose paths are its operations' names.
  for (const url of ["/snapshots", "/snapshots/*"]) {
    app.route({ method: ["GET", "POST", "PUT"], url, handler });
  }
  for (const name of parts.backends.ram.handlers.keys()) {
    app.route({ method: ["DELETE", "POST"], url: `/${name.toLowerCase()}`, handler });
  }

  addOperatorRoutes(app, parts);
  if (parts.glass) app.addHook("onSend", async (_request, reply) => void reply.header("x-islet-glass", "on"));

  app.setNotFoundHandler(async (_request, reply) => refuse(reply, astray(), parts));
  app.setErrorHandler(async (error: { statusCode?: number }, request, reply) => {
    if (error.statusCode === 413) return refuse(reply, new ApiError("RequestEntityTooLarge"), parts);
    if (error.statusCode !== undefined && error.statusCode < 500) {
      return refuse(reply, new ApiError("MalformedQueryString", "the request could not be read"), parts);
    }
    request.log.error(error);
    return refuse(reply, new ApiError("InternalError"), parts);
  });
  return app;
}

function send(reply: FastifyReply, { status, headers, body, requestId }: Answer): FastifyReply {
  return (
    reply
      .code(status)
      .headers(headers)
      .header("x-amzn-requestid", requestId)
      .header("cache-control", "no-cache, no-store")
      // Fastify would add a charset to JSON that comes as text.
      .send(typeof body === "string" && headers !== XML ? Buffer.from(body) : body)
  );
}

/** One text for all that say the same: what calls are kept with is not to be kept once for each. */
const shared = remembering((text) => ({ text }));
const oneOf = (text: string | undefined): string | undefined => text && (shared(text)?.text ?? text);

/** In bytes: what of a request the event log does not hold as it is. */
const LARGE = 16 * 1024;

function noteCall(
  request: FastifyRequest,
  { said, requestId, region }: Answer,
  { cloud, events }: AppParts,
): void {
  if (!said || region === undefined) return;
  const { headers, raw, ip, body } = request;
  const call = {
    said,
    at: cloud.clock.now(),
    requestId,
    region,
    source: ip,
    userAgent: oneOf(headers["user-agent"]),
    host: oneOf(headers.host),
    tls: negotiated(raw.socket),
  };
  events.note(call, ((body as Buffer | undefined)?.length ?? 0) > LARGE);
}

/** An error outside any service, in EC2's form. */
async function refuse(
  reply: FastifyReply,
  error: ApiError,
  { newRequestId, onAnswer }: AppParts,
): Promise<FastifyReply> {
  const requestId = newRequestId();
  const body = encodeError(await loadService("ec2"), error, requestId);
  const answer = { status: error.status, headers: XML, body, requestId, code: error.code };
  onAnswer?.(answer);
  return send(reply, answer);
}

function log(request: FastifyRequest, { body, headers: _headers, said: _said, ...answer }: Answer): void {
  const tls = negotiated(request.raw.socket);
  request.log.info({
    ...answer,
    bytes: body.length,
    source: request.ip,
    tls: tls && { protocol: tls.protocol, cipher: tls.cipher },
  });
}
