import { spawnSync } from "node:child_process";
import { createHash, createHmac, createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { ApiError } from "../../server/errors.ts";
import {
  createKeyMaterial,
  readPublicKey,
  type KeyFormat,
  type KeyType,
} from "../../server/ec2/keyMaterial.ts";

const seed = 20_261_123;

const folder = mkdtempSync(join(tmpdir(), "islet-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Whether a program is on this machine; tests that need one it has not are shown as skipped. */
const has = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  expect(stderr + stdout, `${program} ${args.join(" ")}`).not.toMatch(/error|invalid/i);
  expect(status).toBe(0);
  return stdout.trim();
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** One key of each sort for all tests: making RSA keys is slow. */
const created = Object.fromEntries(
  (["rsa", "ed25519"] as const).flatMap((type) =>
    (["pem", "ppk"] as const).map((format) => [
      `${type} ${format}`,
      createKeyMaterial(type, format, "a key's name"),
    ]),
  ),
);

function key(type: KeyType, format: KeyFormat) {
  const found = created[`${type} ${format}`];
  if (!found) throw new Error(`no key ${type} ${format}`);
  return found;
}

const bytes = (text: string): Buffer => Buffer.from(text);

/** Made by ssh-keygen 9.2; fingerprints by `openssl rsa -pubout -outform DER | openssl md5 -c` and `ssh-keygen -l`. */
const rsa1024 = {
  blob:
    "AAAAB3NzaC1yc2EAAAADAQABAAAAgQCpFnl34hh/J6w92rwsMfzBdEiEzRyOOMEoJlYMZXZ991qQ58aZCGCpGp4ye6o4kzSYtxpuNjzd" +
    "5/QSQw7r/O6kA83jk17PiHwpmVJrw8fSvB3Vo6h+Mu8JyjDkOP022PRodFoeLsj4PLI+y1jIzydpkm96Se9+l6/GcXGB7TZ1bw==",
  der:
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCpFnl34hh/J6w92rwsMfzBdEiEzRyOOMEoJlYMZXZ991qQ58aZCGCpGp4ye6o4kzSYtxpu" +
    "Njzd5/QSQw7r/O6kA83jk17PiHwpmVJrw8fSvB3Vo6h+Mu8JyjDkOP022PRodFoeLsj4PLI+y1jIzydpkm96Se9+l6/GcXGB7TZ1bwIDAQAB",
  fingerprint: "18:05:55:37:49:c6:50:1e:45:0c:3d:d3:af:b0:58:45",
};
const ed25519 = {
  blob: "AAAAC3NzaC1lZDI1NTE5AAAAIIX9fXay4qH+bEP4KbuX/FdMzeJI1l+FmlC4Nqu+m6yd",
  der: "MCowBQYDK2VwAyEAhf19drLiof5sQ/gpu5f8V0zN4kjWX4WaULg2q76brJ0=",
  fingerprint: "Th3Q4YJTqXfbnuLQl8OM3O84mHkyH6BHog14SGJjb4w=",
};
/** The same ED25519 key as `puttygen -O private --ppk-param version=2` of PuTTY 0.78 writes it. */
const puttyVector = [
  "PuTTY-User-Key-File-2: ssh-ed25519",
  "Encryption: none",
  "Comment: somebody@host",
  "Public-Lines: 2",
  "AAAAC3NzaC1lZDI1NTE5AAAAIIX9fXay4qH+bEP4KbuX/FdMzeJI1l+FmlC4Nqu+",
  "m6yd",
  "Private-Lines: 1",
  "AAAAILeL6NSHDXykIvydBbGn45vVFAfZ+wgUpX14JGAnKtJx",
  "Private-MAC: d946293671bbc82aec96eb76cdd2e5982ecc3cde",
  "",
].join("\n");

const ssh2 = (body: string, headers: readonly string[] = []): string =>
  [
    "---- BEGIN SSH2 PUBLIC KEY ----",
    ...headers,
    ...(body.match(/.{1,70}/g) ?? []),
    "---- END SSH2 PUBLIC KEY ----",
  ]
    .join("\n")
    .concat("\n");

/** A field of SSH's binary form. */
const field = (value: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(value.length);
  return Buffer.concat([length, value]);
};

/** The fields that a buffer of SSH's binary form consists of. */
function fields(blob: Buffer): readonly Buffer[] {
  if (blob.length === 0) return [];
  const end = 4 + blob.readUInt32BE();
  return [blob.subarray(4, end), ...fields(blob.subarray(end))];
}

/** The binary public key that belongs to an ED25519 seed, in base64: by RFC 8410's private key in DER. */
function publicOf(seed: Buffer): string {
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const { x = "" } = createPublicKey(createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" })).export({
    format: "jwk",
  });
  return Buffer.concat([bytes("ssh-ed25519"), Buffer.from(x, "base64url")].map(field)).toString("base64");
}

const integer = (magnitude: Buffer): bigint => BigInt(`0x${magnitude.toString("hex")}`);

/** Base64 of DER. */
const der = (pair: ReturnType<typeof generateKeyPairSync>): string =>
  pair.publicKey.export({ type: "spki", format: "der" }).toString("base64");

function refusal(material: Buffer): string {
  try {
    readPublicKey(material);
  } catch (error) {
    if (error instanceof ApiError) return `${error.status} ${error.code}: ${error.message}`;
    throw error;
  }
  return "taken";
}

const refused = "400 InvalidKey.Format: Key is not in valid OpenSSH public key format";

describe("what ImportKeyPair reads", () => {
  const spellings = (name: string, { blob, der }: typeof rsa1024): readonly (readonly [string, string])[] => [
    ["OpenSSH without comment", `${name} ${blob}`],
    ["OpenSSH with comment and newline", `${name} ${blob} somebody at a host\r\n`],
    ["OpenSSH with tabs", `${name}\t${blob}\tsomebody@host`],
    ["an RFC 4716 file", ssh2(blob)],
    [
      "an RFC 4716 file with headers",
      ssh2(blob, ['Comment: "a: comment \\', 'in two lines"', "x-private: y"]),
    ],
    ["an RFC 4716 file of another system", ssh2(blob).replaceAll("\n", "\r\n")],
    ["DER in one line", der],
    ["DER in lines", `${(der.match(/.{1,64}/g) ?? []).join("\n")}\n`],
  ];

  it.each(spellings("ssh-rsa", rsa1024))("an RSA key: %s", (_, text) => {
    expect(readPublicKey(bytes(text))).toEqual({
      type: "rsa",
      publicKey: `ssh-rsa ${rsa1024.blob}`,
      fingerprint: rsa1024.fingerprint,
    });
  });

  it.each(spellings("ssh-ed25519", ed25519))("an ED25519 key: %s", (_, text) => {
    expect(readPublicKey(bytes(text))).toEqual({
      type: "ed25519",
      publicKey: `ssh-ed25519 ${ed25519.blob}`,
      fingerprint: ed25519.fingerprint,
    });
  });

  it("the key of a published EC2 fingerprint", () => {
    // Public key and fingerprint as in the tests of kops, which compares its own with what EC2 answers.
    const blob =
      "AAAAB3NzaC1yc2EAAAADAQABAAABAQCySdqIU+FhCWl3BNrAvPaOe5VfL2aCARUWwy91ZP+T7LBwFa9lhdttfjp/VX1D1/PVwntn2EhN079m" +
      "8c2kfdmiZ/iCHqrLyIGSd+BOiCz0lT47znvANSfxYjLUuKrWWWeaXqerJkOsAD4PHchRLbZGPdbfoBKwtb/WT4GMRQmb9vmiaZYjsfdPPM9K" +
      "kWI9ECoWFGjGehA8D+iYIPR711kRacb1xdYmnjHqxAZHFsb5L8wDWIeAyhy49cBD+lbzTiioq2xWLorXuFmXh6Do89PgzvHeyCLY6816f/kC" +
      "X6wIFts8A2eaEHFL4rAOsuh6qHmSxGCR9peSyuRW8DxV725x";
    expect(readPublicKey(bytes(`ssh-rsa ${blob} justin@test`)).fingerprint).toBe(
      "85:a6:f4:64:b7:8f:4a:75:f1:ed:f9:26:1b:67:5f:f2",
    );
  });
});

describe("what ImportKeyPair refuses", () => {
  const ecdsa = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const short = generateKeyPairSync("rsa", { modulusLength: 768 });

  it.each([
    ["nothing", ""],
    ["blanks", " \r\n\t "],
    ["words", "somethingInvalid"],
    ["a type alone", "ssh-rsa"],
    ["no base64", "ssh-rsa ????"],
    ["base64 without its padding", `ssh-rsa ${rsa1024.blob.replace(/=+$/, "")}`],
    ["a body cut short", `ssh-rsa ${rsa1024.blob.slice(0, -8)}`],
    [
      "bytes at the end of a body",
      `ssh-ed25519 ${Buffer.from(`${ed25519.blob}AAAA`, "base64").toString("base64")}`,
    ],
    ["a body of another type", `ssh-rsa ${ed25519.blob}`],
    ["two keys", `ssh-rsa ${rsa1024.blob}\nssh-ed25519 ${ed25519.blob}`],
    ["options in front", `no-pty ssh-rsa ${rsa1024.blob}`],
    ["base64 of an OpenSSH line", Buffer.from(`ssh-rsa ${rsa1024.blob}`).toString("base64")],
    ["a body without its type", rsa1024.blob],
    ["DSA", "ssh-dss AAAAB3NzaC1kc3MAAACBAJchqnLY0ftgycETJCsb+OSJZRakw2v+"],
    [
      "ECDSA",
      "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBJTkP6SrG2EH05BeyE3O/HAfFo/+qqIgWFg9LEHm" +
        "KGfckY3N9qNfMO9dCAZup47HtTkNRRLIJFVJ7mF17/Rc4wY= somebody@host",
    ],
    ["ECDSA in DER", der(ecdsa)],
    ["another length of RSA in DER", der(short)],
    [
      "bytes at the end of DER",
      Buffer.concat([Buffer.from(rsa1024.der, "base64"), bytes("!")]).toString("base64"),
    ],
    ["PEM armour", `-----BEGIN PUBLIC KEY-----\n${rsa1024.der}\n-----END PUBLIC KEY-----\n`],
    ["a private key", key("ed25519", "pem").privateKey],
    ["an RFC 4716 file without its end", ssh2(rsa1024.blob).replace(/---- END.*/, "")],
    ["an RFC 4716 file of headers alone", ssh2("", ["Comment: x\\"])],
    ["an RFC 4716 file of DSA", ssh2("AAAAB3NzaC1kc3MAAACBAJchqnLY0ftgycETJCsb+OSJZRakw2v+")],
    ["too much", `ssh-rsa ${rsa1024.blob} ${"x".repeat(16_384)}`],
  ])("%s", (_, text) => {
    expect(refusal(bytes(text))).toBe(refused);
  });

  const rsaLine = (e: Buffer, n: Buffer): string =>
    `ssh-rsa ${Buffer.concat([bytes("ssh-rsa"), e, n].map(field)).toString("base64")}`;
  const modulus = Buffer.concat([Buffer.from([0]), Buffer.alloc(256, 0xab)]);
  const usual = Buffer.from([1, 0, 1]);

  it("RSA numbers that are none of a key", () => {
    expect(refusal(bytes(rsaLine(usual, modulus)))).toBe("taken");
    expect(refusal(bytes(rsaLine(Buffer.from([35]), modulus)))).toBe("taken");
    for (const [e, n] of [
      [Buffer.alloc(0), modulus],
      [Buffer.from([1]), modulus],
      [Buffer.from([4]), modulus],
      [Buffer.from([0x81]), modulus], // negative
      [Buffer.from([0, 1, 0, 1]), modulus], // a superfluous zero
      [Buffer.alloc(9, 0x7f), modulus],
      [usual, Buffer.alloc(0)],
      [usual, modulus.subarray(1)],
      [usual, Buffer.concat([Buffer.from([0]), modulus])],
      [usual, Buffer.concat([Buffer.from([0]), Buffer.alloc(257, 0xab)])],
      [usual, Buffer.concat([Buffer.from([0]), Buffer.alloc(1024, 0xab)])],
    ] as const) {
      expect(refusal(bytes(rsaLine(e, n))), `${e.toString("hex")} ${n.length}`).toBe(refused);
    }
  });

  it.each([1024, 2048, 3072, 4096])("but takes RSA of %i bits", (bits) => {
    const n = Buffer.concat([Buffer.from([0]), Buffer.alloc(bits / 8, 0xab)]);
    expect(readPublicKey(bytes(rsaLine(usual, n))).type).toBe("rsa");
  });

  /** Whatever is handed in: a key that reads again as itself, or the one error. */
  const holds = (material: Buffer): boolean => {
    if (refusal(material) === refused) return true;
    const read = readPublicKey(material);
    return isDeepStrictEqual(readPublicKey(bytes(read.publicKey)), read);
  };

  it("any bytes", () => {
    const material = fc.oneof(
      fc.uint8Array({ maxLength: 600 }).map((array) => Buffer.from(array)),
      fc.uint8Array({ maxLength: 400 }).map((array) => bytes(Buffer.from(array).toString("base64"))),
      fc
        .tuple(fc.constantFrom("ssh-rsa", "ssh-ed25519", "ssh-dss"), fc.uint8Array({ maxLength: 400 }))
        .map(([name, array]) => bytes(`${name} ${Buffer.from(array).toString("base64")}`)),
      fc
        .tuple(
          fc.constantFrom("ssh-rsa", "ssh-ed25519"),
          fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }),
        )
        .map(([name, fields]) =>
          bytes(
            `${name} ${Buffer.concat([bytes(name), ...fields.map((array) => Buffer.from(array))].map(field)).toString("base64")}`,
          ),
        ),
      fc.string({ maxLength: 300 }).map((text) => bytes(ssh2("", text.split("\n")))),
    );
    expect(fc.check(fc.property(material, holds), { seed, numRuns: 1000 })).toMatchObject({ failed: false });
  });

  it("any damage to a key", () => {
    const whole = fc.constantFrom(
      bytes(`ssh-rsa ${rsa1024.blob} c`),
      bytes(`ssh-ed25519 ${ed25519.blob}`),
      bytes(ssh2(rsa1024.blob, ["Comment: c"])),
      bytes(rsa1024.der),
      bytes(ed25519.der),
    );
    const damage = fc.tuple(whole, fc.nat(), fc.nat({ max: 3 }), fc.uint8Array({ maxLength: 3 }));
    const property = fc.property(damage, ([text, place, cut, put]) => {
      const at = place % text.length;
      return holds(Buffer.concat([text.subarray(0, at), Buffer.from(put), text.subarray(at + cut)]));
    });
    expect(fc.check(property, { seed, numRuns: 1000 })).toMatchObject({ failed: false });
  });
});

/** The parts of a PuTTY file and what its MAC should be, computed from the file alone. */
function readPutty(text: string) {
  const lines = text.split("\n");
  const value = (tag: string): string =>
    lines.find((line) => line.startsWith(`${tag}: `))?.slice(tag.length + 2) ?? "";
  const block = (tag: string): Buffer => {
    const from = lines.findIndex((line) => line.startsWith(`${tag}: `)) + 1;
    return Buffer.from(lines.slice(from, from + Number(value(tag))).join(""), "base64");
  };
  const parts = [
    bytes(value("PuTTY-User-Key-File-2")),
    bytes(value("Encryption")),
    bytes(value("Comment")),
    block("Public-Lines"),
    block("Private-Lines"),
  ];
  const mac = createHmac("sha1", createHash("sha1").update("putty-private-key-file-mac-key").digest());
  mac.update(Buffer.concat(parts.map(field)));
  return {
    value,
    blob: block("Public-Lines").toString("base64"),
    secret: fields(block("Private-Lines")),
    mac: mac.digest("hex"),
  };
}

describe("what CreateKeyPair makes", () => {
  it("an RSA key of 2048 bits in PKCS#1", () => {
    const { privateKey, publicKey, fingerprint } = key("rsa", "pem");
    expect(privateKey).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n[^-]+-----END RSA PRIVATE KEY-----\n$/);
    const read = createPrivateKey(privateKey);
    expect(read.asymmetricKeyDetails).toEqual({ modulusLength: 2048, publicExponent: 65_537n });
    const pkcs8 = createHash("sha1").update(read.export({ type: "pkcs8", format: "der" }));
    expect(fingerprint.replaceAll(":", "")).toBe(pkcs8.digest("hex"));
    expect(fingerprint).toMatch(/^(?:[0-9a-f]{2}:){19}[0-9a-f]{2}$/);
    const spki = createPublicKey(read).export({ type: "spki", format: "der" }).toString("base64");
    expect(readPublicKey(bytes(spki)).publicKey).toBe(publicKey);
  });

  it("an ED25519 key in OpenSSH's format", () => {
    const { privateKey, fingerprint } = key("ed25519", "pem");
    expect(privateKey).toMatch(
      /^-----BEGIN OPENSSH PRIVATE KEY-----\n[^-]+-----END OPENSSH PRIVATE KEY-----\n$/,
    );
    expect(fingerprint).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  });

  it("an ED25519 secret that belongs to its public key", () => {
    const { privateKey, publicKey } = key("ed25519", "pem");
    const content = Buffer.from(privateKey.replaceAll(/-----.*-----|\n/g, ""), "base64");
    // Magic, three empty or "none" fields, the number of keys, the public key; then the secret part as the last field.
    const afterNames = "openssh-key-v1\0".length + 8 + 8 + 4;
    expect(content.readUInt32BE(afterNames)).toBe(1);
    const [blob, secret = Buffer.alloc(0)] = fields(content.subarray(afterNames + 4));
    expect(publicKey).toBe(`ssh-ed25519 ${blob?.toString("base64")}`);
    expect(secret.length % 8).toBe(0);
    expect(secret.subarray(0, 4)).toEqual(secret.subarray(4, 8));
    // Type, point, and the seed followed by the point.
    const seedAt = 8 + (4 + 11) + (4 + 32) + 4;
    expect(publicOf(secret.subarray(seedAt, seedAt + 32))).toBe(blob?.toString("base64"));
    expect(secret.subarray(seedAt + 32, seedAt + 64)).toEqual(blob?.subarray(-32));
  });

  it("PuTTY's secrets that belong to their public keys", () => {
    const [seed = Buffer.alloc(0)] = readPutty(key("ed25519", "ppk").privateKey).secret;
    expect(`ssh-ed25519 ${publicOf(seed)}`).toBe(key("ed25519", "ppk").publicKey);

    const rsa = readPutty(key("rsa", "ppk").privateKey);
    const [d = 0n, p = 0n, q = 0n, inverse = 0n] = rsa.secret.map(integer);
    const [, e = 0n, n = 0n] = fields(Buffer.from(rsa.blob, "base64")).map(integer);
    expect(p * q).toBe(n);
    expect((q * inverse) % p).toBe(1n);
    expect((d * e) % (p - 1n)).toBe(1n);
    expect((d * e) % (q - 1n)).toBe(1n);
  });

  it("a public key that imports, with another fingerprint for RSA only", () => {
    for (const { type, publicKey, fingerprint } of Object.values(created)) {
      const read = readPublicKey(bytes(publicKey));
      expect(read).toMatchObject({ type, publicKey });
      expect(read.fingerprint === fingerprint).toBe(type === "ed25519");
    }
  });

  it("another key each time", () => {
    const keys = Array.from({ length: 20 }, () => createKeyMaterial("ed25519", "pem").publicKey);
    expect(new Set(keys).size).toBe(20);
  });

  it("PuTTY files whose MAC is right", () => {
    const known = readPutty(puttyVector);
    expect(known).toMatchObject({ blob: ed25519.blob, mac: known.value("Private-MAC") });
    for (const type of ["rsa", "ed25519"] as const) {
      const { privateKey, publicKey } = key(type, "ppk");
      const read = readPutty(privateKey);
      expect(read.value("PuTTY-User-Key-File-2")).toBe(`ssh-${type}`);
      expect(read.value("Comment")).toBe("a key's name");
      expect(publicKey).toBe(`ssh-${type} ${read.blob}`);
      expect(read.value("Private-MAC")).toBe(read.mac);
    }
  });

  it("files that a name with line breaks does not tear apart", () => {
    const { privateKey } = createKeyMaterial("ed25519", "ppk", "one\nPublic-Lines: 0\r\0two");
    const read = readPutty(privateKey);
    expect(read.value("Comment")).toBe("one Public-Lines: 0  two");
    expect(read.value("Private-MAC")).toBe(read.mac);
  });

  it.skipIf(!has("ssh-keygen")).each(["rsa", "ed25519"] as const)("%s: ssh-keygen reads it", (type) => {
    const { privateKey, publicKey, fingerprint } = key(type, "pem");
    const path = file(type, privateKey);
    expect(run("ssh-keygen", ["-y", "-f", path]).split(" ").slice(0, 2).join(" ")).toBe(publicKey);
    const shown = run("ssh-keygen", ["-l", "-f", file(`${type}.pub`, `${publicKey}\n`)]);
    const digest = type === "ed25519" ? `256 SHA256:${fingerprint.replace("=", "")} ` : "2048 SHA256:";
    expect(shown).toContain(digest);
    const message = file(`${type}.txt`, "a message");
    run("ssh-keygen", ["-Y", "sign", "-q", "-f", path, "-n", "file", message]);
    const check = spawnSync("ssh-keygen", ["-Y", "check-novalidate", "-n", "file", "-s", `${message}.sig`], {
      input: "a message",
    });
    expect(check.status).toBe(0);
  });

  it.skipIf(!has("puttygen")).each(["rsa", "ed25519"] as const)("%s: puttygen reads it", (type) => {
    const { privateKey, publicKey } = key(type, "ppk");
    expect(run("puttygen", [file(`${type}.ppk`, privateKey), "-L"])).toBe(`${publicKey} a key's name`);
  });
});
