import { request, Agent } from "node:https";
import type { RequestListener, ServerResponse } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { EventEmitter, once } from "node:events";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { httpsServer, openFront, type Front, type Limits } from "../../server/http/front.ts";
import { secureContext } from "../../server/http/tls.ts";
import { Refusal } from "../../server/refusal.ts";
import { certified } from "./certified.ts";

const unhurried: Limits = {
  handshake: 20_000,
  headers: 20_000,
  request: 20_000,
  keepAlive: 20_000,
  plain: 20_000,
  grace: 20_000,
};

const open: Front[] = [];
afterEach(async () => {
  for (const front of open.splice(0)) await front.close();
});

const hello: RequestListener = (_request, response) => response.end("hello");

async function front(limits: Partial<Limits> = {}, handler = hello): Promise<Front> {
  const all = { ...unhurried, ...limits };
  const made = await openFront({ host: "127.0.0.1", port: 0 }, all);
  open.push(made);
  made.serve(httpsServer(secureContext(await certified(), "1.2"), handler, all), "https://here:1");
  return made;
}

async function get(port: number, agent?: Agent): Promise<string> {
  const ca = (await certified()).authorities.join("");
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, ca, agent: agent ?? false }, (response) => {
      let text = "";
      response.on("data", (part) => (text += String(part)));
      response.on("end", () => resolve(text));
    });
    call.on("error", reject);
    call.end();
  });
}

/** All that the server says until it hangs up. */
function conversation(port: number, ...said: (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    for (const each of said) socket.write(each);
    socket.on("data", (data) => (text += data.toString("latin1")));
    // A reset counts as hanging up.
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
}

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

const hungUp = (socket: Socket) =>
  new Promise<boolean>((resolve) => {
    socket.resume().once("close", () => resolve(true));
  });

async function connectedTls(port: number): Promise<Socket> {
  const socket = connectTls({ host: "127.0.0.1", port, ca: (await certified()).authorities.join("") });
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  return socket;
}

describe("plain HTTP", () => {
  test.each(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT"])(
    "%s gets an answer that says what to do",
    async (method) => {
      const { port } = await front();
      const answer = await conversation(port, `${method} / HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      const [head = "", body] = answer.split("\r\n\r\n");
      expect(head.split("\r\n")).toEqual([
        "HTTP/1.1 400 Bad Request",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Length: 42",
        "Connection: close",
      ]);
      expect(body).toBe("This is an HTTPS port: use https://here:1\n");
    },
  );

  test("the answer is not lost when the client sends much", async () => {
    const { port } = await front();
    const body = Buffer.alloc(4 * 1024 * 1024, "x");
    const answer = await conversation(port, "POST / HTTP/1.1\r\nContent-Length: 4194304\r\n\r\n", body);
    expect(answer).toContain("use https://here:1");
  });

  test("who goes on sending is cut off", async () => {
    const { port } = await front({ plain: 50 });
    const socket = await connected(port);
    const drip = setInterval(() => socket.write("x"), 5);
    socket.write("POST / HTTP/1.1\r\n");
    expect(await hungUp(socket)).toBe(true);
    clearInterval(drip);
  });
});

describe("hostile and unlucky clients", () => {
  test.each([
    ["zeros", Buffer.alloc(64)],
    ["a TLS record that is none", Buffer.from("16030100050100000100", "hex")],
    ["a record that is too long", Buffer.from("160301ffff", "hex")],
    ["an SSL 2.0 hello", Buffer.from("802e0100020015000000100100800300800700c0", "hex")],
    ["lower case", Buffer.from("hello?\n")],
    ["an SSH client", Buffer.from("\0SSH-2.0-OpenSSH_9.2\r\n")],
  ])("%s: hangs up and goes on serving", async (_what, garbage) => {
    const { port } = await front({ handshake: 100 });
    expect(await conversation(port, garbage)).not.toContain("HTTP/");
    expect(await get(port)).toBe("hello");
  });

  test("a hello that comes byte by byte is a hello", async () => {
    const { port } = await front();
    const relay = createServer((client) => {
      const upstream = connect({ port, host: "127.0.0.1", noDelay: true });
      client.on("data", (data) => {
        for (const byte of data) upstream.write(Buffer.of(byte));
      });
      upstream.pipe(client);
      for (const socket of [client, upstream]) socket.on("error", () => {});
      client.on("close", () => upstream.destroy());
    }).listen(0, "127.0.0.1");
    await once(relay, "listening");
    expect(await get((relay.address() as { port: number }).port)).toBe("hello");
    relay.close();
  });

  test("silence has an end", async () => {
    const { port } = await front({ handshake: 50 });
    expect(await hungUp(await connected(port))).toBe(true);
  });

  test("a handshake that only trickles has an end", async () => {
    const { port } = await front({ handshake: 100 });
    const socket = await connected(port);
    socket.write(Buffer.from("16030110000100", "hex"));
    const drip = setInterval(() => socket.write("\0"), 10);
    expect(await hungUp(socket)).toBe(true);
    clearInterval(drip);
  });

  test("a head that only trickles has an end", async () => {
    const { port } = await front({ headers: 100 });
    const socket = await connectedTls(port);
    socket.write("GET / HTTP/1.1\r\n");
    const drip = setInterval(() => socket.write("x"), 10);
    expect(await hungUp(socket)).toBe(true);
    clearInterval(drip);
  });

  test("who hangs up at once, in whatever way, does no harm", async () => {
    const { port } = await front();
    for (const end of ["destroy", "resetAndDestroy", "end"] as const) (await connected(port))[end]();
    const halfway = await connected(port);
    halfway.write(Buffer.from("1603010200", "hex"));
    halfway.resetAndDestroy();
    expect(await get(port)).toBe("hello");
  });

  test("500 idle connections do no harm", async () => {
    const { port } = await front();
    const idle = await Promise.all(Array.from({ length: 500 }, () => connected(port)));
    expect(await get(port)).toBe("hello");
    for (const socket of idle) socket.destroy();
  });
});

test("who connects before there is a server is served when there is one", async () => {
  const early = await openFront({ host: "127.0.0.1", port: 0 });
  open.push(early);
  const answer = get(early.port);
  await new Promise((resolve) => setTimeout(resolve, 20));
  early.serve(httpsServer(secureContext(await certified(), "1.2"), hello), "https://here:1");
  expect(await answer).toBe("hello");
});

describe("listening that fails says what to do", () => {
  test("a port that is taken", async () => {
    const { port } = await front();
    const second = openFront({ host: "127.0.0.1", port });
    await expect(second).rejects.toThrow(Refusal);
    await expect(second).rejects.toThrow(`port ${port} of 127.0.0.1 is taken`);
  });

  test("an address that is another's", async () => {
    await expect(openFront({ host: "192.0.2.1", port: 0 })).rejects.toThrow(
      "192.0.2.1 is no address of this machine: choose one that is with --host",
    );
  });

  test("a name that nobody has", async () => {
    await expect(openFront({ host: "nobody.invalid", port: 0 })).rejects.toThrow(
      "no address is known for nobody.invalid",
    );
  });
});

describe("closing", () => {
  test("lets the request in flight end", async () => {
    const arrivals = new EventEmitter();
    const made = await front({}, (_request, response) => arrivals.emit("request", response));
    const agent = new Agent({ keepAlive: true });
    const answered = get(made.port, agent);
    const [response] = (await once(arrivals, "request")) as [ServerResponse];
    const closed = made.close();
    await expect(get(made.port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    response.end("late");
    expect(await answered).toBe("late");
    await closed;
    agent.destroy();
  });

  test("does not wait for connections without a request", async () => {
    const made = await front();
    const agent = new Agent({ keepAlive: true });
    await get(made.port, agent);
    const ends = [await connected(made.port), await connectedTls(made.port)].map(hungUp);
    await made.close();
    expect(await Promise.all(ends)).toEqual([true, true]);
    agent.destroy();
  });

  test("waits for a request that never ends no longer than it must", async () => {
    const arrivals = new EventEmitter();
    const made = await front({ grace: 50 }, () => arrivals.emit("request"));
    const outcome = get(made.port).catch((error: Error) => error.message);
    await once(arrivals, "request");
    await made.close();
    expect(await outcome).toBe("socket hang up");
  });

  test("may be done twice, and before serving", async () => {
    const made = await openFront({ host: "127.0.0.1", port: 0 });
    const waiting = await connected(made.port);
    const end = hungUp(waiting);
    await Promise.all([made.close(), made.close()]);
    expect(await end).toBe(true);
  });
});
