import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";

/** Sends one request over and over on one connection: the bytes are made once, so that the client costs little. */
export class Connection {
  readonly #socket: TLSSocket;
  #waiting: ((status: number) => void) | undefined;
  #status = 0;
  #missing = -1;
  #head: Buffer = Buffer.alloc(0);

  static async open(port: number): Promise<Connection> {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.setNoDelay(true);
    await once(socket, "secureConnect");
    return new Connection(socket);
  }

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
  }

  /** Resolves with the status when the whole answer is there. */
  send(request: Buffer): Promise<number> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#missing < 0) {
      this.#head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
      const end = this.#head.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = this.#head.toString("latin1", 0, end);
      this.#status = Number(head.slice(9, 12));
      this.#missing = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]) - (this.#head.length - end - 4);
      this.#head = Buffer.alloc(0);
    } else {
      this.#missing -= chunk.length;
    }
    if (this.#missing > 0) return;
    this.#missing = -1;
    this.#waiting?.(this.#status);
  }
}

/**
 * Keeps this process from sleeping while it works. A server that answers a client which sleeps has to wake it up,
 * answer by answer, which takes it longer than most of what it does for the answer; and the faster one of two servers
 * is spared that, as it leaves the client no time to sleep.
 */
export async function awake<T>(work: () => Promise<T>): Promise<T> {
  let working = true;
  const spin = (): void => {
    if (working) setImmediate(spin);
  };
  spin();
  try {
    return await work();
  } finally {
    working = false;
  }
}

/** How many requests a server answers on so many connections over `seconds`, and how long that took in the end. */
export async function throughput(
  port: number,
  request: Buffer,
  connections: number,
  seconds: number,
): Promise<{ readonly answered: number; readonly seconds: number }> {
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(port)));
  const until = performance.now() + seconds * 1000;
  const begin = performance.now();
  const counts = await awake(() =>
    Promise.all(
      open.map(async (connection) => {
        let count = 0;
        for (; performance.now() < until; count++) {
          const status = await connection.send(request);
          if (status !== 200) throw new Error(`answered ${status}`);
        }
        return count;
      }),
    ),
  );
  const elapsed = (performance.now() - begin) / 1000;
  for (const connection of open) connection.close();
  return { answered: counts.reduce((sum, count) => sum + count, 0), seconds: elapsed };
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
};
