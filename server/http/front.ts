/** The port: TLS goes to the HTTPS server, plain HTTP gets an answer that says what to do, all else is dropped. */
import { createServer as createHttpsServer } from "node:https";
import type { Server } from "node:https";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server as TcpServer, Socket } from "node:net";
import type { RequestListener } from "node:http";
import type { SecureContextOptions } from "node:tls";
import { Refusal, systemCode } from "../refusal.ts";

/** How long clients may take, in milliseconds: nobody who is slow, or silent, holds a connection forever. */
export interface Limits {
  /** From connecting to the first byte, and from there to the end of the handshake. */
  handshake: number;
  /** For the head of a request, and from the handshake to the first one. */
  headers: number;
  /** For a whole request. */
  request: number;
  /** Between two requests. */
  keepAlive: number;
  /** For sending on after having spoken plain HTTP, until cut off. */
  plain: number;
  /** For requests in flight when the server closes. */
  grace: number;
}

const standardLimits: Limits = {
  handshake: 10_000,
  headers: 20_000,
  request: 60_000,
  keepAlive: 60_000,
  plain: 2000,
  grace: 10_000,
};

/** How often closing looks for connections that have become idle, in milliseconds. */
const idleCheck = 20;

/** An HTTPS server as `Front.serve` wants it; for Fastify's `serverFactory`. */
export function httpsServer(
  context: SecureContextOptions,
  handler: RequestListener,
  limits = standardLimits,
): Server {
  const server = createHttpsServer(
    {
      ...context,
      noDelay: true,
      handshakeTimeout: limits.handshake,
      headersTimeout: limits.headers,
      requestTimeout: limits.request,
      keepAliveTimeout: limits.keepAlive,
      connectionsCheckingInterval: limits.headers / 4,
    },
    handler,
  );
  // A failed handshake is the client's affair: Node.js would have Fastify answer it in HTTP.
  server.removeAllListeners("tlsClientError");
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return server;
}

export interface Front {
  /** The port that was asked for, or the free one that was found for 0. */
  readonly port: number;
  /** Takes connections for this server from now on; those that came since `openFront` are served too. */
  serve(server: Server, endpoint: string): void;
  /**
   * Stops listening, lets requests in flight end (10 s at most, unless told otherwise) and closes idle connections at once. Does not fail,
   * and may be called again.
   */
  close(): Promise<void>;
}

function listenError(error: unknown, host: string, port: number): unknown {
  switch (systemCode(error)) {
    case "EADDRINUSE":
      return new Refusal(
        `port ${port} of ${host} is taken: end what listens there, or choose another with --port (0 finds a free one)`,
      );
    case "EACCES":
      return new Refusal(`this user may not listen on port ${port}: choose one above 1023 with --port`);
    case "EADDRNOTAVAIL":
      return new Refusal(`${host} is no address of this machine: choose one that is with --host`);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new Refusal(`no address is known for ${host}: choose another with --host`);
    default:
      return error;
  }
}

/**
 * Binds the port. What connects before `serve` waits for it, so that a caller can know the port before it has all that
 * it needs to answer.
 *
 * @throws Refusal if the port cannot be had.
 */
export async function openFront(
  { host, port }: { host: string; port: number },
  limits = standardLimits,
): Promise<Front> {
  const held = new Set<Socket>();
  const listener = createTcpServer({ noDelay: true }, (socket) => held.add(socket));
  await new Promise<void>((resolve, reject) => {
    listener.once("error", (error) => reject(listenError(error, host, port)));
    listener.listen({ host, port }, resolve);
  });
  return new OpenFront(listener, held, limits);
}

class OpenFront implements Front {
  readonly port: number;
  readonly #limits: Limits;
  readonly #listener: TcpServer;
  /** Connections from before `serve`. */
  readonly #held: Set<Socket>;
  /** Every connection, as TCP sees it. */
  readonly #connections = new Set<Socket>();
  /** Those that have not said anything. */
  readonly #silent = new Set<Socket>();
  /** Those whose handshake is done, as HTTP sees them. */
  readonly #secured = new Set<Socket>();
  #server: Server | undefined;
  #closed: Promise<void> | undefined;

  constructor(listener: TcpServer, held: Set<Socket>, limits: Limits) {
    this.#limits = limits;
    this.#listener = listener;
    this.#held = held;
    this.port = (listener.address() as AddressInfo).port;
  }

  serve(server: Server, endpoint: string): void {
    this.#server = server;
    // The listener that https.Server put there: it takes a TCP connection and starts TLS on it.
    const [startTls] = server.listeners("connection") as ((socket: Socket) => void)[];
    server.removeAllListeners("connection");
    server.on("connection", (socket: Socket) => {
      this.#admit(socket, (hello) => {
        if (isHttp(hello)) refusePlain(socket, endpoint, this.#limits.plain);
        else startTls?.call(server, socket);
      });
    });
    server.on("secureConnection", (socket: Socket) => {
      this.#secured.add(socket);
      socket.once("close", () => this.#secured.delete(socket));
    });
    server.listen(this.#listener);
    for (const socket of this.#held) server.emit("connection", socket);
    this.#held.clear();
  }

  /** Calls `begin` when the client has sent its first bytes; they are still there to be read. */
  #admit(socket: Socket, begin: (first: Buffer) => void): void {
    if (socket.destroyed) return;
    this.#connections.add(socket);
    this.#silent.add(socket);
    socket.once("close", () => {
      this.#connections.delete(socket);
      this.#silent.delete(socket);
    });
    // "close" follows and tells all there is to know.
    socket.on("error", () => {});
    const tooSlow = () => socket.destroy();
    socket.setTimeout(this.#limits.handshake, tooSlow);
    socket.once("readable", () => {
      this.#silent.delete(socket);
      const first = socket.read() as Buffer | null;
      if (first === null) {
        socket.destroy();
        return;
      }
      socket.setTimeout(0, tooSlow);
      // From here on TLS reads from the socket's handle: nothing stays in the way of the bytes that follow.
      socket.unshift(first);
      begin(first);
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    const server = this.#server;
    for (const socket of this.#held) socket.destroy();
    if (!server) {
      await new Promise<void>((resolve) => {
        this.#listener.close(() => resolve());
      });
      return;
    }
    const ended = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    for (const socket of this.#silent) socket.destroy();
    const closeIdle = () => {
      server.closeIdleConnections();
      // To Node.js a connection is not idle before its first request.
      for (const socket of this.#secured) if (socket.bytesRead === 0) socket.destroy();
    };
    closeIdle();
    const sweep = setInterval(closeIdle, idleCheck);
    const limit = setTimeout(() => {
      for (const socket of this.#connections) socket.destroy();
    }, this.#limits.grace);
    await ended;
    clearInterval(sweep);
    clearTimeout(limit);
  }
}

/** A TLS record of a handshake begins with 22; a request line of HTTP begins with a capital letter. */
const isHttp = ([first = 0]: Buffer): boolean => first >= 0x41 && first <= 0x5a;

/** Answers in the protocol that the client speaks, and reads on for a while, as closing at once would lose the answer. */
function refusePlain(socket: Socket, endpoint: string, timeout: number): void {
  const body = `This is an HTTPS port: use ${endpoint}\n`;
  socket.end(
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n" +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  socket.resume();
  const limit = setTimeout(() => socket.destroy(), timeout);
  socket.once("close", () => clearTimeout(limit));
}
