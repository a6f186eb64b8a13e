import type { FastifyRequest } from "fastify";
import type { SignedRequest } from "../auth/sigv4.ts";

const NOTHING = Buffer.alloc(0);

/** The request as its sender signed it. */
export function signedRequest(request: FastifyRequest): SignedRequest {
  const { method = "GET", url = "/", rawHeaders } = request.raw;
  return { method, target: url, rawHeaders, body: (request.body as Buffer | undefined) ?? NOTHING };
}
