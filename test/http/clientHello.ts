/** A TLS ClientHello written by hand, for what this machine's OpenSSL would not even offer. */
import { connect } from "node:net";

const u8 = (value: number) => Buffer.from([value]);
const u16 = (value: number) => Buffer.from([value >> 8, value & 0xff]);
const vector = (length: (value: number) => Buffer, ...parts: Buffer[]) => {
  const content = Buffer.concat(parts);
  return Buffer.concat([length(content.length), content]);
};
const u24 = (value: number) => Buffer.concat([u8(value >> 16), u16(value & 0xffff)]);
const extension = (type: number, content: Buffer) => Buffer.concat([u16(type), vector(u16, content)]);

const groups = [0x001d, 0x0017, 0x0018];
/** ecdsa_secp256r1_sha256, rsa_pss_rsae_sha256, rsa_pkcs1_sha256, rsa_pkcs1_sha1 */
const signatures = [0x0403, 0x0804, 0x0401, 0x0201];

/** RFC 5246 section 7.4.1.2, in one record. */
export function clientHello(version: number, suites: readonly number[]): Buffer {
  const body = Buffer.concat([
    u16(version),
    Buffer.alloc(32, 7),
    vector(u8),
    vector(u16, ...suites.map(u16)),
    vector(u8, u8(0)),
    vector(
      u16,
      extension(10, vector(u16, ...groups.map(u16))),
      extension(11, vector(u8, u8(0))),
      extension(13, vector(u16, ...signatures.map(u16))),
    ),
  ]);
  return Buffer.concat([u8(22), u16(0x0301), vector(u16, u8(1), vector(u24, body))]);
}

/** The server's answer: the alert it refuses with, or the suite it chose. */
export type HelloAnswer = { alert: number } | { version: number; suite: number };

export function sayHello(port: number, hello: Buffer): Promise<HelloAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(hello));
    let received = Buffer.alloc(0);
    socket.on("data", (data: Buffer) => {
      received = Buffer.concat([received, data]);
      const type = received[0];
      if (type === 21 && received.length >= 7) resolve({ alert: received.readUInt8(6) });
      else if (type === 22 && received.length >= 11 + 33) {
        const sessionId = received.readUInt8(43);
        if (received.length < 46 + sessionId) return;
        resolve({ version: received.readUInt16BE(9), suite: received.readUInt16BE(44 + sessionId) });
      } else return;
      socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("closed without an answer")));
  });
}
