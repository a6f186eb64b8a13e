import type { FastifyRequest } from "fastify";
import type { SignedRequest } from "../auth/sigv4.ts";
import type { Origin } from "../kit/origin.ts";

const NOTHING = Buffer.alloc(0);

/** A request as it came in, and where from. */
export interface IncomingRequest extends SignedRequest, Origin {
  /** What it was sent to, with a port where that is not the usual one. */
  readonly host: string;
  readonly rawHeaders: readonly string[];
}

/** The request as its sender signed it, and where it came from. */
export function signedRequest(request: FastifyRequest): IncomingRequest {
  const { method = "GET", url = "/", rawHeaders, headers, socket } = request.raw;
  const { host = "" } = headers;
  const body = (request.body as Buffer | undefined) ?? NOTHING;
  return { method, target: url, rawHeaders, body, socket, host };
}
