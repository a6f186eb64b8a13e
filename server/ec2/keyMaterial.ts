import { createHash, createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { ApiError } from "../errors.ts";
import { takeRsaKey } from "./rsaSupply.ts";

export type KeyType = "rsa" | "ed25519";
export type KeyFormat = "pem" | "ppk";

/** A public key as EC2 keeps it. */
export interface PublicKey {
  readonly type: KeyType;
  /** One line of authorized_keys without a comment; EC2 shows the key pair's name as the comment. */
  readonly publicKey: string;
  readonly fingerprint: string;
}

/** A new key pair; `privateKey` is shown once and never stored. */
export interface KeyMaterial extends PublicKey {
  /** The text of a file in the format that was asked for, ending in a newline. */
  readonly privateKey: string;
}

/** A 4096-bit key takes about 740 characters in any of the formats; the rest is room for comments and headers. */
const MAX_MATERIAL_BYTES = 16_384;

/**
 * Modulus lengths that import, in bits. The documentation lists all but 3072, yet EC2 takes what `ssh-keygen -t rsa`
 * makes by default.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-key-pairs.html
 * @see https://github.com/aws/aws-cli/issues/5336
 */
const RSA_BITS: ReadonlySet<number> = new Set([1024, 2048, 3072, 4096]);

/** Public exponents of more bits than this are none that a tool makes. */
const MAX_EXPONENT_BITS = 64;

const sshName = { rsa: "ssh-rsa", ed25519: "ssh-ed25519" } as const satisfies Record<KeyType, string>;

const invalid = (): ApiError => new ApiError("InvalidKey.Format");

// SSH's binary form: RFC 4251 section 5

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const string = (value: Buffer | string): Buffer => {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([uint32(bytes.length), bytes]);
};

/** A positive integer: no superfluous zero bytes, and one in front where the highest bit would read as a sign. */
function mpint(magnitude: Buffer): Buffer {
  const first = magnitude.findIndex((byte) => byte !== 0);
  const bytes = first < 0 ? Buffer.alloc(0) : magnitude.subarray(first);
  return string(((bytes[0] ?? 0) & 0x80) === 0 ? bytes : Buffer.concat([Buffer.from([0]), bytes]));
}

/** The fields of a binary key, or undefined where a length points outside of it. */
function fieldsOf(blob: Buffer): readonly Buffer[] | undefined {
  const fields: Buffer[] = [];
  let at = 0;
  while (at < blob.length) {
    if (blob.length - at < 4) return undefined;
    const length = blob.readUInt32BE(at);
    at += 4;
    if (blob.length - at < length) return undefined;
    fields.push(blob.subarray(at, at + length));
    at += length;
  }
  return fields;
}

// Numbers of a key, as JSON Web Keys carry them: base64url, big-endian (RFC 7518 section 6.3, RFC 8037)

type Numbers = Readonly<Record<string, Buffer>>;

function numbersOf(key: KeyObject): Numbers {
  const jwk = key.export({ format: "jwk" });
  return Object.fromEntries(
    Object.entries(jwk).flatMap(([name, value]) =>
      typeof value === "string" ? [[name, Buffer.from(value, "base64url")] as const] : [],
    ),
  );
}

const number = (numbers: Numbers, name: string): Buffer => numbers[name] ?? Buffer.alloc(0);

const bitLength = (magnitude: Buffer): number => {
  const first = magnitude.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (magnitude.length - first) * 8 - Math.clz32(magnitude[first] ?? 0) + 24;
};

/** The binary public key: RFC 4253 section 6.6 for RSA, RFC 8709 section 4 for ED25519. */
function sshBlob(type: KeyType, key: KeyObject): Buffer {
  const numbers = numbersOf(key);
  return type === "rsa"
    ? Buffer.concat([string(sshName.rsa), mpint(number(numbers, "e")), mpint(number(numbers, "n"))])
    : Buffer.concat([string(sshName.ed25519), string(number(numbers, "x"))]);
}

const authorizedKey = (type: KeyType, blob: Buffer): string => `${sshName[type]} ${blob.toString("base64")}`;

// Fingerprints: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/verify-keys.html

const colons = (digest: Buffer): string => (digest.toString("hex").match(/../g) ?? []).join(":");

/** As OpenSSH shows it, but without `SHA256:` and with the padding that OpenSSH leaves out. */
const ed25519Fingerprint = (blob: Buffer): string => createHash("sha256").update(blob).digest("base64");

const createdRsaFingerprint = (key: KeyObject): string =>
  colons(
    createHash("sha1")
      .update(key.export({ type: "pkcs8", format: "der" }))
      .digest(),
  );

/**
 * The API reference says "as specified in section 4 of RFC 4716", which would be a digest of SSH's binary form. What EC2
 * answers, and the user guide computes by `openssl rsa -pubout -outform DER | openssl md5 -c`, is one of the DER form.
 */
const importedRsaFingerprint = (key: KeyObject): string =>
  colons(
    createHash("md5")
      .update(key.export({ type: "spki", format: "der" }))
      .digest(),
  );

// Private key files

const wrap = (bytes: Buffer, width: number): readonly string[] =>
  bytes.toString("base64").match(new RegExp(`.{1,${width}}`, "g")) ?? [];

/**
 * OpenSSH's own format, unencrypted: the only one in which ssh reads an ED25519 key.
 *
 * @see https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key
 */
function openSshFile(key: KeyObject, blob: Buffer, comment: string): string {
  const numbers = numbersOf(key);
  const seed = number(numbers, "d");
  const point = number(numbers, "x");
  // Two equal numbers tell a reader that it decrypted well; with nothing encrypted, any will do.
  const check = createHash("sha256").update(blob).digest().subarray(0, 4);
  const secret = Buffer.concat([
    check,
    check,
    string(sshName.ed25519),
    string(point),
    string(Buffer.concat([seed, point])),
    string(comment),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const bytes = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    string("none"),
    string("none"),
    string(""),
    uint32(1),
    string(blob),
    string(Buffer.concat([secret, padding])),
  ]);
  return [
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    ...wrap(bytes, 70),
    "-----END OPENSSH PRIVATE KEY-----",
    "",
  ].join("\n");
}

/**
 * PuTTY's format, version 2, unencrypted. (EC2 has offered it since before version 3 existed, and every PuTTY reads it.)
 *
 * @see https://the.earth.li/~sgtatham/putty/0.83/htmldoc/AppendixC.html
 */
function puttyFile(type: KeyType, key: KeyObject, blob: Buffer, comment: string): string {
  const numbers = numbersOf(key);
  const secret =
    type === "rsa"
      ? Buffer.concat(["d", "p", "q", "qi"].map((name) => mpint(number(numbers, name))))
      : string(number(numbers, "d"));
  const encryption = "none";
  const mac = createHmac("sha1", createHash("sha1").update("putty-private-key-file-mac-key").digest())
    .update(Buffer.concat([sshName[type], encryption, comment, blob, secret].map(string)))
    .digest("hex");
  const open = wrap(blob, 64);
  const closed = wrap(secret, 64);
  return [
    `PuTTY-User-Key-File-2: ${sshName[type]}`,
    `Encryption: ${encryption}`,
    `Comment: ${comment}`,
    `Public-Lines: ${open.length}`,
    ...open,
    `Private-Lines: ${closed.length}`,
    ...closed,
    `Private-MAC: ${mac}`,
    "",
  ].join("\n");
}

/**
 * A new key pair as CreateKeyPair gives it: RSA of 2048 bits (PKCS#1) or ED25519 (OpenSSH's format), or either for PuTTY.
 * Draws from the operating system's randomness.
 *
 * @param comment EC2's is the name of the key pair; a file of lines cannot hold control characters, they become spaces
 */
export function createKeyMaterial(type: KeyType, format: KeyFormat, comment = ""): KeyMaterial {
  const key: KeyObject = type === "rsa" ? takeRsaKey() : generateKeyPairSync("ed25519").privateKey;
  const blob = sshBlob(type, key);
  // oxlint-disable-next-line no-control-regex
  const line = comment.replaceAll(/[\u0000-\u001f\u007f]/g, " ");
  const privateKey =
    format === "ppk"
      ? puttyFile(type, key, blob, line)
      : type === "rsa"
        ? key.export({ type: "pkcs1", format: "pem" }).toString()
        : openSshFile(key, blob, line);
  const fingerprint = type === "rsa" ? createdRsaFingerprint(key) : ed25519Fingerprint(blob);
  return { type, privateKey, publicKey: authorizedKey(type, blob), fingerprint };
}

// Reading public keys

/** Base64 in its one canonical spelling, or undefined. */
function base64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return text !== "" && bytes.toString("base64") === text ? bytes : undefined;
}

/** `TYPE BASE64 [COMMENT]` on one line; what authorized_keys may have in front of it (options) is not part of a key. */
function fromOpenSsh(text: string): Buffer | undefined {
  const [, name, body = ""] = /^(ssh-rsa|ssh-ed25519)[ \t]+([^ \t\r\n]+)(?:[ \t][^\r\n]*)?$/.exec(text) ?? [];
  const blob = base64(body);
  return blob && fieldsOf(blob)?.[0]?.toString("latin1") === name ? blob : undefined;
}

const SSH2_BEGIN = "---- BEGIN SSH2 PUBLIC KEY ----";
const SSH2_END = "---- END SSH2 PUBLIC KEY ----";

/** RFC 4716: headers (`Tag: value`, continued by a backslash at a line's end), then the binary key in lines of base64. */
function fromSsh2(text: string): Buffer | undefined {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines[0] !== SSH2_BEGIN || lines.at(-1) !== SSH2_END) return undefined;
  let at = 1;
  while (lines[at]?.includes(":")) {
    while (lines[at]?.endsWith("\\")) at++;
    at++;
  }
  return base64(lines.slice(at, -1).join(""));
}

/**
 * The key in SSH's binary form, if it is exactly one of a kind that EC2 takes: that form has one spelling, so negative
 * or zero-padded numbers and bytes at the end are refused.
 */
function fromBlob(blob: Buffer): KeyObject | undefined {
  const fields = fieldsOf(blob);
  if (!fields) return undefined;
  const [name, first = Buffer.alloc(0), second = Buffer.alloc(0)] = fields;
  const type = name?.equals(Buffer.from(sshName.rsa)) ? "rsa" : "ed25519";
  const jwk =
    type === "rsa"
      ? { kty: "RSA", e: first.toString("base64url"), n: second.toString("base64url") }
      : { kty: "OKP", crv: "Ed25519", x: first.toString("base64url") };
  const key = attempt(() => createPublicKey({ key: jwk, format: "jwk" }));
  return key && sshBlob(type, key).equals(blob) ? key : undefined;
}

/** DER in base64, in one line or many. */
function fromDer(text: string): KeyObject | undefined {
  const der = base64(text.replaceAll(/[ \t\r\n]/g, ""));
  const key = der && attempt(() => createPublicKey({ key: der, format: "der", type: "spki" }));
  return key?.export({ type: "spki", format: "der" }).equals(der ?? Buffer.alloc(0)) ? key : undefined;
}

function fromText(text: string): KeyObject | undefined {
  if (!text.startsWith("ssh-") && !text.startsWith("--")) return fromDer(text);
  const blob = text.startsWith("ssh-") ? fromOpenSsh(text) : fromSsh2(text);
  return blob && fromBlob(blob);
}

/** OpenSSL throws where bytes are no key, whatever is wrong with them. */
function attempt(read: () => KeyObject): KeyObject | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const isUsableRsa = (key: KeyObject): boolean => {
  const numbers = numbersOf(key);
  const e = number(numbers, "e");
  return (
    RSA_BITS.has(bitLength(number(numbers, "n"))) &&
    bitLength(e) > 1 &&
    bitLength(e) <= MAX_EXPONENT_BITS &&
    ((e.at(-1) ?? 0) & 1) === 1
  );
};

/**
 * A public key as ImportKeyPair takes it: OpenSSH's line, an RFC 4716 file or base64 of DER (SubjectPublicKeyInfo); RSA
 * or ED25519.
 *
 * @throws {ApiError} InvalidKey.Format for anything else: DSA and ECDSA, other lengths, private keys, more than one key
 */
export function readPublicKey(material: Buffer): PublicKey {
  if (material.length > MAX_MATERIAL_BYTES) throw invalid();
  const key = fromText(material.toString("latin1").trim());
  const type = key?.asymmetricKeyType;
  if (!key || (type !== "rsa" && type !== "ed25519")) throw invalid();
  if (type === "rsa" && !isUsableRsa(key)) throw invalid();
  const blob = sshBlob(type, key);
  const fingerprint = type === "rsa" ? importedRsaFingerprint(key) : ed25519Fingerprint(blob);
  return { type, publicKey: authorizedKey(type, blob), fingerprint };
}
