/** What TLS this server speaks: forward secrecy always, whoever asks. */
import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { SecureContextOptions } from "node:tls";
import type { TlsVersion } from "../options.ts";
import type { Certificates } from "./certificates.ts";

/**
 * Every suite, in the server's order. Each exchanges keys by (EC)DHE: TLS 1.3 has no other way, and of the older ones
 * only these are named, so that RSA key exchange, anonymous, export, NULL, RC4, 3DES and PSK suites are not there to
 * be asked for. DHE needs an RSA certificate: there are no DHE-ECDSA suites.
 */
export const cipherSuites = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  // TLS 1.2 with authenticated encryption
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "DHE-RSA-AES128-GCM-SHA256",
  "DHE-RSA-AES256-GCM-SHA384",
  "DHE-RSA-CHACHA20-POLY1305",
  // TLS 1.2 clients without it
  "ECDHE-ECDSA-AES128-SHA256",
  "ECDHE-RSA-AES128-SHA256",
  "ECDHE-ECDSA-AES256-SHA384",
  "ECDHE-RSA-AES256-SHA384",
  "DHE-RSA-AES128-SHA256",
  "DHE-RSA-AES256-SHA256",
  // All that TLS 1.0 and 1.1 have
  "ECDHE-ECDSA-AES128-SHA",
  "ECDHE-RSA-AES128-SHA",
  "ECDHE-ECDSA-AES256-SHA",
  "ECDHE-RSA-AES256-SHA",
  "DHE-RSA-AES128-SHA",
  "DHE-RSA-AES256-SHA",
] as const;

const minVersions = { "1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3" } as const;

/** For `https.createServer` and for `setSecureContext`. */
export function secureContext({ leaves }: Certificates, tlsMin: TlsVersion): SecureContextOptions {
  const legacy = tlsMin === "1.0" || tlsMin === "1.1";
  return {
    cert: leaves.map(({ cert }) => cert),
    key: leaves.map(({ key }) => key),
    minVersion: minVersions[tlsMin],
    maxVersion: "TLSv1.3",
    // OpenSSL's security level 1 and up refuse the SHA-1 signatures of TLS 1.0 and 1.1. The level guards keys and
    // digests only: which suites there are stays as named.
    ciphers: [...cipherSuites, ...(legacy ? ["@SECLEVEL=0"] : [])].join(":"),
    honorCipherOrder: true,
    // A well-known prime as long as the RSA key: 2048 bits.
    dhparam: "auto",
    // OpenSSL's own order of groups: X25519 first, with ML-KEM before it where OpenSSL has that.
    ecdhCurve: "auto",
    // A TLS 1.2 ticket is the session's master secret sealed with a key of the server: who gets the key can read all
    // sessions whose tickets were recorded, whatever their key exchange. So there are no tickets, and as Node.js
    // keeps no session cache, no resumption: each connection has key exchange of its own, and nothing on the server
    // outlives a connection. A full handshake costs as good as nothing more here (ECDSA; clients keep connections).
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/** What a connection agreed on: for the access log, and for CloudTrail's `tlsDetails`. */
export interface Negotiated {
  /** `TLSv1.3` */
  protocol: string;
  /** The suite's name in the IANA registry: `TLS_AES_128_GCM_SHA256`, `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`. */
  cipher: string;
  /** OpenSSL's name of it, which is CloudTrail's: `TLS_AES_128_GCM_SHA256`, `ECDHE-RSA-AES128-GCM-SHA256`. */
  suite: string;
}

const known = new WeakMap<Socket, Negotiated>();

/** Asked once per connection; undefined where the socket is no TLS socket (Fastify's `inject`) or already closed. */
export function negotiated(socket: Socket): Negotiated | undefined {
  const found = known.get(socket);
  if (found || !(socket instanceof TLSSocket)) return found;
  const protocol = socket.getProtocol();
  if (protocol === null) return undefined;
  const { name, standardName } = socket.getCipher();
  const agreed = { protocol, cipher: standardName, suite: name };
  known.set(socket, agreed);
  return agreed;
}
