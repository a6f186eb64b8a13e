/**
 * The certificates a server shows: two leaves, ECDSA and RSA, of a local authority. The RSA leaf is there because
 * DHE suites exist for RSA certificates only, and for clients that know no ECDSA.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { isIPv4 } from "node:net";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { Refusal, systemCode } from "../refusal.ts";
import { writePrivately } from "./privateFile.ts";

/** A certificate and its private key, both PEM. */
export interface Identity {
  cert: string;
  key: string;
}

export type KeyType = "ecdsa" | "rsa";

export interface Certificates {
  /** What clients must trust, PEM, one each. */
  authorities: readonly string[];
  leaves: readonly Identity[];
}

/** Certificates to start with. */
export interface FirstCertificates extends Certificates {
  /**
   * Makes what is missing, and answers with all: the RSA leaf, whose key takes a tenth of a second or more to find, and
   * the trust store. It is for when the server listens.
   */
  readonly complete?: () => Promise<Certificates>;
}

/** For Java's clients. The password is Java's own default: public certificates need no secrecy. */
export const truststoreFile = "truststore.p12";
export const truststorePassword = "changeit";

const day = 86_400_000;
/** A leaf is replaced when less is left of it, in milliseconds. */
const leafMargin = 30 * day;
/** An authority is replaced before it could expire under a leaf of 397 days. */
const authorityMargin = 400 * day;

/** Every name and address of a leaf, each once. */
const leafNames = (hostnames: readonly string[]): readonly string[] => [
  ...new Set(["localhost", "*.vpce.localhost", "127.0.0.1", "::1", ...hostnames]),
];

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** The certificate, where it and its key parse, fit together and are valid for longer than the margin. */
function sound({ cert, key }: Identity, now: Date, margin: number): X509Certificate | undefined {
  const certificate = parseCertificate(cert);
  if (!certificate) return undefined;
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  if (!(from <= now.getTime() && to - now.getTime() > margin)) return undefined;
  try {
    return certificate.checkPrivateKey(createPrivateKey(key)) ? certificate : undefined;
  } catch {
    return undefined;
  }
}

function hasExactly(certificate: X509Certificate, names: readonly string[]): boolean {
  if (certificate.subjectAltName?.split(", ").length !== names.length) return false;
  return names.every((name) =>
    // Not isIP: for a name it compiles Node.js's expression for IPv6, which is 4 ms of every start.
    name.includes(":") || isIPv4(name)
      ? certificate.checkIP(name) !== undefined
      : certificate.checkHost(name.replace(/^\*/, "any"), { subject: "never" }) !== undefined,
  );
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return "";
    throw new Refusal(`cannot read ${file} (${systemCode(error)}): let this user own it, or remove it`);
  }
}

/**
 * The certificates that a folder keeps; what is missing, broken, about to expire or has other names is made anew. A
 * start that finds all in place generates no key and loads nothing.
 *
 * `ca.pem` and `truststore.p12` are for clients, `tls/` holds private keys; the owner alone can read any of them.
 */
export async function keepCertificates(
  folder: string,
  hostnames: readonly string[],
  now: Date,
): Promise<FirstCertificates> {
  const keys = join(folder, "tls");
  const names = leafNames(hostnames);
  let authority: Identity = { cert: read(join(folder, "ca.pem")), key: read(join(keys, "ca.key")) };
  const kept = sound(authority, now, authorityMargin);
  const keptLeaf = (type: KeyType): Identity | undefined => {
    const leaf = { cert: read(join(keys, `${type}.pem`)), key: read(join(keys, `${type}.key`)) };
    const certificate = kept && sound(leaf, now, leafMargin);
    return certificate && certificate.verify(kept.publicKey) && hasExactly(certificate, names)
      ? leaf
      : undefined;
  };
  const newLeaf = async (type: KeyType): Promise<Identity> => {
    const { issueLeaf, newKey } = await import("./issue.ts");
    const leaf = issueLeaf(authority, await newKey(type), names, now);
    writePrivately(join(keys, `${type}.key`), leaf.key);
    writePrivately(join(keys, `${type}.pem`), leaf.cert);
    return leaf;
  };
  const [keptEcdsa, keptRsa] = [keptLeaf("ecdsa"), keptLeaf("rsa")];
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  if (!kept) {
    const { issueAuthority } = await import("./issue.ts");
    authority = await issueAuthority(now);
    rmSync(join(folder, truststoreFile), { force: true });
    writePrivately(join(keys, "ca.key"), authority.key);
    writePrivately(join(folder, "ca.pem"), authority.cert);
  }
  const authorities = [authority.cert];
  const ecdsa = keptEcdsa ?? (await newLeaf("ecdsa"));
  const hasTruststore = read(join(folder, truststoreFile)) !== "";
  if (keptRsa && hasTruststore) return { authorities, leaves: [ecdsa, keptRsa] };
  return {
    authorities,
    leaves: keptRsa ? [ecdsa, keptRsa] : [ecdsa],
    async complete() {
      const rsa = keptRsa ?? (await newLeaf("rsa"));
      if (!hasTruststore) await writeTruststore(folder, authorities);
      return { authorities, leaves: [ecdsa, rsa] };
    },
  };
}

async function writeTruststore(folder: string, authorities: readonly string[]): Promise<void> {
  const { truststore } = await import("./truststore.ts");
  writePrivately(join(folder, truststoreFile), truststore(authorities, truststorePassword));
}

/** The certificates of a server that leaves nothing behind: they are never on a disk. */
export async function passingCertificates(
  hostnames: readonly string[],
  now: Date,
): Promise<Required<FirstCertificates>> {
  const { issueAuthority, issueLeaf, newKey, sharedRsaKey } = await import("./issue.ts");
  const names = leafNames(hostnames);
  const authority = await issueAuthority(now);
  const authorities = [authority.cert];
  const leaf = issueLeaf(authority, await newKey("ecdsa"), names, now);
  return {
    authorities,
    leaves: [leaf],
    async complete() {
      return { authorities, leaves: [leaf, issueLeaf(authority, await sharedRsaKey(), names, now)] };
    },
  };
}

/**
 * A certificate of one's own, followed by its chain, and its key.
 *
 * @throws Refusal if a file cannot be read, is no PEM, does not fit the other, or is out of date.
 */
export function ownCertificates(certFile: string, keyFile: string, now: Date): Certificates {
  const cert = readOwn("--cert", certFile);
  const key = readOwn("--key", keyFile);
  const chain = cert.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const certificates = chain.map(parseCertificate);
  const [leaf, ...issuers] = certificates;
  if (!leaf || certificates.includes(undefined)) {
    throw new Refusal(`--cert: ${certFile} is no certificate in PEM`, 2);
  }
  if (!(Date.parse(leaf.validTo) > now.getTime())) {
    throw new Refusal(`--cert: ${certFile} expired on ${leaf.validTo}: name a valid one`);
  }
  if (!sound({ cert, key }, new Date(leaf.validFrom), 0)) {
    throw new Refusal(`--key: ${keyFile} is not the private key of ${certFile} in PEM`, 2);
  }
  const issuerPems = issuers.length > 0 ? chain.slice(1) : chain;
  // Without a root in the file it is one of those that everybody trusts, and clients are to go on doing so.
  const authorities = certificates.some((each) => each?.issuer === each?.subject)
    ? issuerPems
    : [...chain.slice(1), ...rootCertificates];
  return { authorities: authorities.map((pem) => `${pem.trim()}\n`), leaves: [{ cert, key }] };
}

function readOwn(flag: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Refusal(`${flag}: cannot read ${file} (${systemCode(error)})`);
  }
}

/** Writes own authorities where the clients look for them. */
export async function publishAuthorities(folder: string, authorities: readonly string[]): Promise<void> {
  writePrivately(join(folder, "ca.pem"), authorities.join(""));
  await writeTruststore(folder, authorities);
}
