import type { FastifyRequest } from "fastify";
import type { SignedRequest } from "../auth/sigv4.ts";
import type { Origin } from "../kit/origin.ts";

const NOTHING = Buffer.alloc(0);

/** The request as its sender signed it, and where it came from. */
export function signedRequest(request: FastifyRequest): SignedRequest & Origin {
  const { method = "GET", url = "/", rawHeaders, socket } = request.raw;
  return { method, target: url, rawHeaders, body: (request.body as Buffer | undefined) ?? NOTHING, socket };
}
