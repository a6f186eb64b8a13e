import type { Server } from "node:https";
import { connect, type ConnectionOptions, type SecureVersion, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { httpsServer, openFront, type Front } from "../../server/http/front.ts";
import { cipherSuites, negotiated, secureContext } from "../../server/http/tls.ts";
import { tlsVersions, type TlsVersion } from "../../server/options.ts";
import { certified } from "./certified.ts";
import { clientHello, sayHello } from "./clientHello.ts";

let ca: string;
const fronts = new Map<TlsVersion, Front>();
const port = (tlsMin: TlsVersion = "1.2") => fronts.get(tlsMin)?.port ?? 0;

beforeAll(async () => {
  const certificates = await certified();
  ca = certificates.authorities.join("");
  for (const tlsMin of tlsVersions) {
    const server: Server = httpsServer(secureContext(certificates, tlsMin), (request, response) => {
      response.end(JSON.stringify(negotiated(request.socket)));
    });
    const front = await openFront({ host: "127.0.0.1", port: 0 });
    front.serve(server, `https://127.0.0.1:${front.port}`);
    fronts.set(tlsMin, front);
  }
});

afterAll(async () => {
  for (const front of fronts.values()) await front.close();
});

/** Handshakes, looks, and hangs up. */
function handshake<Seen>(options: ConnectionOptions, look: (socket: TLSSocket) => Seen): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", ca, ...options }, () => {
      resolve(look(socket));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

const only = (version: SecureVersion) => ({ minVersion: version, maxVersion: version });

const seen = (socket: TLSSocket) => ({
  protocol: socket.getProtocol(),
  suite: socket.getCipher().name,
  exchange: (socket.getEphemeralKeyInfo() as { type?: string }).type,
});

const seenWithCertificate = (socket: TLSSocket) => ({
  ...seen(socket),
  type: socket.getPeerX509Certificate()?.publicKey.asymmetricKeyType,
});

/** Signature algorithms that only one of the two certificates has. */
const signatureOf = { ec: "ECDSA+SHA256", rsa: "RSA-PSS+SHA256" };

describe("every suite that is offered", () => {
  for (const suite of cipherSuites.filter((name) => name.startsWith("TLS_"))) {
    test.each(Object.entries(signatureOf))(`TLS 1.3 ${suite}, %s certificate`, async (type, sigalgs) => {
      const options = { port: port(), ciphers: suite, sigalgs, ...only("TLSv1.3") };
      expect(await handshake(options, seenWithCertificate)).toEqual({
        protocol: "TLSv1.3",
        suite,
        exchange: "ECDH",
        type,
      });
    });
  }

  for (const suite of cipherSuites.filter((name) => !name.startsWith("TLS_"))) {
    const exchange = suite.startsWith("DHE-") ? "DH" : "ECDH";
    test(`TLS 1.2 ${suite}`, async () => {
      const options = { port: port(), ciphers: suite, ...only("TLSv1.2") };
      expect(await handshake(options, seen)).toEqual({ protocol: "TLSv1.2", suite, exchange });
    });
    if (!suite.endsWith("-SHA")) continue;
    test.each(["TLSv1", "TLSv1.1"] as const)(`%s ${suite}`, async (protocol) => {
      const options = { port: port("1.0"), ciphers: `${suite}:@SECLEVEL=0`, ...only(protocol) };
      expect(await handshake(options, seen)).toEqual({ protocol, suite, exchange });
    });
  }
});

test("the server's order counts, not the client's", async () => {
  const backwards = cipherSuites.toReversed().join(":");
  const choose = (version: SecureVersion) =>
    handshake({ port: port(), ciphers: backwards, ...only(version) }, seen);
  expect(await choose("TLSv1.2")).toMatchObject({ suite: "ECDHE-ECDSA-AES128-GCM-SHA256" });
  expect(await choose("TLSv1.3")).toMatchObject({ suite: "TLS_AES_128_GCM_SHA256" });
});

test("DHE has a prime of 2048 bits at least", async () => {
  const options = { port: port(), ciphers: "DHE-RSA-AES128-GCM-SHA256", ...only("TLSv1.2") };
  const key = await handshake(options, (socket) => socket.getEphemeralKeyInfo());
  expect((key as { size: number }).size).toBeGreaterThanOrEqual(2048);
});

/** Code points of the IANA registry: suites without forward secrecy, without a server's identity, or with broken ciphers. */
const refused = {
  "RSA key exchange": [
    0x002f, 0x0035, 0x003c, 0x003d, 0x009c, 0x009d, 0xc09c, 0xc09d, 0x0041, 0x0084, 0x0007, 0xc050,
  ],
  "static ECDH and DH": [0xc02d, 0xc031, 0xc004, 0xc00e, 0x00a0, 0x0031],
  "3DES and DES": [0x000a, 0x0009, 0x0016, 0x0015, 0xc008, 0xc012],
  RC4: [0x0004, 0x0005, 0xc007, 0xc011, 0xc016],
  NULL: [0x0000, 0x0001, 0x0002, 0x003b, 0xc006, 0xc010, 0xc0b4, 0xc0b5],
  anonymous: [0x0018, 0x001b, 0x0034, 0x003a, 0x006c, 0x006d, 0x00a6, 0x00a7, 0xc018, 0xc019],
  export: [0x0003, 0x0006, 0x0008, 0x0011, 0x0014, 0x0017, 0x0019],
  PSK: [0x008c, 0x0090, 0x00a8, 0x00aa, 0x00ac, 0xc035, 0xccac, 0xccad],
  SRP: [0xc01a, 0xc01d, 0xc01e, 0xc020],
};

const handshakeFailure = 40;

describe("suites that are refused", () => {
  test("a hello by hand is well-formed: the server takes it where it may", async () => {
    const hello = clientHello(0x0303, [0x002f, 0xc02b]);
    expect(await sayHello(port(), hello)).toEqual({ version: 0x0303, suite: 0xc02b });
  });

  for (const [kind, suites] of Object.entries(refused)) {
    test.each(["1.0", "1.2"] as const)(`${kind}, --tls-min %s`, async (tlsMin) => {
      for (const suite of suites) {
        expect(await sayHello(port(tlsMin), clientHello(0x0303, [suite]))).toEqual({
          alert: handshakeFailure,
        });
      }
    });
  }

  test("all of them in TLS 1.0 too", async () => {
    const hello = clientHello(0x0301, Object.values(refused).flat());
    expect(await sayHello(port("1.0"), hello)).toEqual({ alert: handshakeFailure });
  });
});

describe("versions", () => {
  const protocols = { "1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3" } as const;

  for (const tlsMin of tlsVersions) {
    test(`--tls-min ${tlsMin}`, async () => {
      const ciphers = [...cipherSuites, "@SECLEVEL=0"].join(":");
      const outcomes = tlsVersions.map((version) =>
        handshake({ port: port(tlsMin), ciphers, ...only(protocols[version]) }, seen).then(
          ({ protocol }) => protocol,
          (error: { code: string }) => error.code,
        ),
      );
      expect(await Promise.all(outcomes)).toEqual(
        tlsVersions.map((version) =>
          version >= tlsMin ? protocols[version] : "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
        ),
      );
    });

    test(`--tls-min ${tlsMin}: no SSL 3.0`, async () => {
      expect(await sayHello(port(tlsMin), clientHello(0x0300, [0xc009, 0x0033]))).toEqual({
        alert: handshakeFailure,
      });
    });
  }
});

test.each(["TLSv1.2", "TLSv1.3"] as const)(
  "%s: no session is resumed, so no key outlives its connection",
  async (version) => {
    const first = await new Promise<Buffer>((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port: port(), ca, ...only(version) }, () => {
        socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      });
      socket.on("session", resolve);
      socket.on("error", reject);
      socket.resume();
    });
    const options = { port: port(), session: first, ...only(version) };
    expect(await handshake(options, (socket) => socket.isSessionReused())).toBe(false);
  },
);

test("TLS 1.2 hands out no ticket", async () => {
  const options = { port: port(), ...only("TLSv1.2") };
  expect(await handshake(options, (socket) => socket.getTLSTicket())).toBeUndefined();
});

test("a request knows what its connection negotiated", async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    const options = { host: "127.0.0.1", port: port(), ca, ciphers: "DHE-RSA-AES256-GCM-SHA384" };
    const socket = connect({ ...options, ...only("TLSv1.2") }, () => {
      socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    });
    let text = "";
    socket.on("data", (data) => (text += data.toString()));
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
  });
  expect(answer).toContain(
    '{"protocol":"TLSv1.2","cipher":"TLS_DHE_RSA_WITH_AES_256_GCM_SHA384","suite":"DHE-RSA-AES256-GCM-SHA384"}',
  );
});
