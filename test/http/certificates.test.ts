import { createPrivateKey, X509Certificate } from "node:crypto";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  keepCertificates,
  ownCertificates,
  passingCertificates,
  publishAuthorities,
  truststorePassword,
  type Certificates,
  type FirstCertificates,
} from "../../server/http/certificates.ts";
import { certified } from "./certified.ts";

const day = 86_400_000;
const start = new Date("2026-01-02T03:04:05Z");
const later = (days: number) => new Date(start.getTime() + days * day);

/** What a first start leaves behind; made once, as finding RSA keys takes its time. */
let template: string;
let folder: string;
beforeAll(async () => {
  template = mkdtempSync(join(tmpdir(), "islet-certificates-"));
  await complete(keepCertificates(template, [], start));
});
afterAll(() => rmSync(template, { recursive: true }));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "islet-certificates-"));
  cpSync(template, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const complete = async (first: Promise<FirstCertificates>): Promise<Certificates> => {
  const certificates = await first;
  return certificates.complete ? certificates.complete() : certificates;
};

const keep = (days = 0, names: readonly string[] = []) =>
  complete(keepCertificates(folder, names, later(days)));

const parsed = ({ authorities, leaves }: Certificates) => ({
  authority: new X509Certificate(authorities[0] ?? ""),
  leaves: leaves.map(({ cert }) => new X509Certificate(cert)),
});

const hasKeytool = spawnSync("keytool", ["-help"]).error === undefined;

describe("what is issued", () => {
  test("one leaf for each kind of key, with every name, signed by the authority", async () => {
    const names = ["ec2.test", "*.ec2.test", "10.1.2.3", "fd00::1", "localhost"];
    const { authority, leaves } = parsed(await complete(passingCertificates(names, start)));
    expect(leaves.map(({ publicKey }) => publicKey.asymmetricKeyType)).toEqual(["ec", "rsa"]);
    for (const leaf of leaves) {
      expect(leaf.verify(authority.publicKey)).toBe(true);
      expect(leaf.checkIssued(authority)).toBe(true);
      expect(leaf.ca).toBe(false);
      expect(leaf.subjectAltName?.split(", ")).toEqual([
        "DNS:localhost",
        "DNS:*.vpce.localhost",
        "IP Address:127.0.0.1",
        "IP Address:0:0:0:0:0:0:0:1",
        "DNS:ec2.test",
        "DNS:*.ec2.test",
        "IP Address:10.1.2.3",
        "IP Address:FD00:0:0:0:0:0:0:1",
      ]);
      expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
      const lifetime = Date.parse(leaf.validTo) - Date.parse(leaf.validFrom);
      expect(lifetime).toBeLessThanOrEqual(397 * day);
    }
    expect(authority.ca).toBe(true);
    expect(authority.verify(authority.publicKey)).toBe(true);
    expect(Date.parse(authority.validTo)).toBe(later(3650).getTime());
  });

  test("two authorities have two names and two serial numbers", async () => {
    const [one, other] = await Promise.all([passingCertificates([], start), passingCertificates([], start)]);
    const [first, second] = [parsed(one).authority, parsed(other).authority];
    expect(first.subject).not.toBe(second.subject);
    expect(first.serialNumber).not.toBe(second.serialNumber);
  });
});

describe("what a folder keeps", () => {
  test("is the same at the next start", async () => {
    const first = await keep();
    expect(await keep(360)).toEqual(first);
  });

  test("can serve before it is complete, which a kept one is at once", async () => {
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    const first = await keepCertificates(folder, [], start);
    expect(parsed(first).leaves.map(({ publicKey }) => publicKey.asymmetricKeyType)).toEqual(["ec"]);
    const all = await first.complete?.();
    expect(await keepCertificates(folder, [], start)).toEqual(all);
  });

  test("the owner alone can read", () => {
    const files = ["ca.key", "ecdsa.key", "rsa.key", "ecdsa.pem", "rsa.pem"].map((name) => `tls/${name}`);
    for (const file of [...files, "ca.pem", "truststore.p12"]) {
      expect([file, statSync(join(template, file)).mode & 0o777]).toEqual([file, 0o600]);
    }
    expect(statSync(join(template, "tls")).mode & 0o777).toBe(0o700);
  });

  test("leaves are reissued a month before they expire, by the same authority", async () => {
    const first = parsed(await keep());
    const renewed = parsed(await keep(367));
    expect(renewed.authority.raw).toEqual(first.authority.raw);
    for (const [index, leaf] of renewed.leaves.entries()) {
      expect(leaf.fingerprint256).not.toBe(first.leaves[index]?.fingerprint256);
      expect(Date.parse(leaf.validTo)).toBeGreaterThan(later(367 + 390).getTime());
      expect(leaf.verify(first.authority.publicKey)).toBe(true);
    }
  });

  test("the authority is replaced before a leaf could outlive it, and with it all it signed", async () => {
    const first = parsed(await keep());
    const renewed = parsed(await keep(3650 - 399));
    expect(renewed.authority.fingerprint256).not.toBe(first.authority.fingerprint256);
    for (const leaf of renewed.leaves) expect(leaf.verify(renewed.authority.publicKey)).toBe(true);
    expect(readFileSync(join(folder, "ca.pem"), "utf8")).toBe(renewed.authority.toString());
  });

  test("other names make other leaves", async () => {
    const names = ["ec2.test", "*.ec2.test", "fd00::1"];
    const first = await keep();
    const named = await keep(0, names);
    expect(named.authorities).toEqual(first.authorities);
    for (const leaf of parsed(named).leaves) expect(leaf.checkHost("any.ec2.test")).toBe("*.ec2.test");
    expect(await keep(0, names)).toEqual(named);
    expect(parsed(await keep()).leaves[0]?.checkHost("ec2.test")).toBeUndefined();
  });

  test.each([
    ["ca.pem", "lost"],
    ["tls/ca.key", "cut"],
    ["tls/ecdsa.pem", "another's"],
    ["tls/ecdsa.key", "another's"],
    ["tls/rsa.pem", "cut"],
    ["tls/rsa.key", "lost"],
  ] as const)("%s %s: all fit together again", async (file, damage) => {
    await keep();
    const content = {
      lost: "",
      cut: readFileSync(join(folder, file), "utf8").slice(0, 200),
      "another's": readFileSync(join(folder, "tls", file.endsWith(".pem") ? "rsa.pem" : "rsa.key"), "utf8"),
    };
    writeFileSync(join(folder, file), content[damage]);
    const certificates = await keep();
    const { authority, leaves } = parsed(certificates);
    expect(leaves.map((leaf) => leaf.verify(authority.publicKey))).toEqual([true, true]);
    expect(leaves.map(({ publicKey }) => publicKey.asymmetricKeyType)).toEqual(["ec", "rsa"]);
    for (const [index, { key }] of certificates.leaves.entries()) {
      expect(leaves[index]?.checkPrivateKey(createPrivateKey(key))).toBe(true);
    }
    expect(await keep()).toEqual(certificates);
  });

  test("the trust store opens with its password and with no other", async () => {
    await keep();
    const pfx = readFileSync(join(folder, "truststore.p12"));
    expect(() => createSecureContext({ pfx, passphrase: "wrong" })).toThrow("mac verify failure");
    // Node.js wants a key too, but comes so far only if the password is right.
    expect(() => createSecureContext({ pfx, passphrase: truststorePassword })).toThrow(
      "Unable to load private key from PFX data",
    );
  });

  test.skipIf(!hasKeytool)("Java finds a trusted certificate in it, the authority's", async () => {
    const { authority } = parsed(await keep());
    const listing = execFileSync("keytool", [
      "-list",
      "-keystore",
      join(folder, "truststore.p12"),
      "-storepass",
      truststorePassword,
    ]).toString();
    expect(listing).toContain("trustedCertEntry");
    expect(listing).toContain(authority.fingerprint256);
  });
});

const write = (name: string, content: string) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

async function own() {
  const { authorities, leaves } = await certified();
  const [ecdsa, rsa] = leaves;
  return { ca: authorities[0] ?? "", cert: ecdsa?.cert ?? "", key: ecdsa?.key ?? "", other: rsa?.key ?? "" };
}

describe("an own certificate", () => {
  test("is shown, and what is behind it in its file is to be trusted", async () => {
    const { ca, cert, key } = await own();
    const files = [write("cert.pem", `leaf\n${cert}\nroot\n${ca}`), write("key.pem", key)] as const;
    const certificates = ownCertificates(...files, new Date());
    expect(certificates.authorities).toEqual([ca]);
    expect(certificates.leaves).toHaveLength(1);
    await publishAuthorities(folder, certificates.authorities);
    expect(readFileSync(join(folder, "ca.pem"), "utf8")).toBe(ca);
  });

  test("of an authority that everybody knows leaves everybody trusting those", async () => {
    const { cert, key } = await own();
    const { authorities } = ownCertificates(write("cert.pem", cert), write("key.pem", key), new Date());
    expect(authorities.length).toBeGreaterThan(100);
  });

  test("that signed itself is all there is to trust", async () => {
    await keep();
    const ca = readFileSync(join(folder, "ca.pem"), "utf8");
    const files = [join(folder, "ca.pem"), join(folder, "tls/ca.key")] as const;
    expect(ownCertificates(...files, later(1)).authorities).toEqual([ca]);
  });

  test("that cannot be used is refused in one line", async () => {
    const { cert, key, other } = await own();
    const certFile = write("cert.pem", cert);
    const keyFile = write("key.pem", key);
    const otherFile = write("other.pem", other);
    const nextYear = new Date(Date.now() + 400 * day);
    const now = new Date();
    for (const [certificate, privateKey, at, message] of [
      ["/nowhere", keyFile, now, "--cert: cannot read /nowhere (ENOENT)"],
      [certFile, "/nowhere", now, "--key: cannot read /nowhere (ENOENT)"],
      [keyFile, keyFile, now, `--cert: ${keyFile} is no certificate in PEM`],
      [certFile, otherFile, now, `--key: ${otherFile} is not the private key of ${certFile} in PEM`],
      [certFile, certFile, now, `--key: ${certFile} is not the private key`],
      [certFile, keyFile, nextYear, `--cert: ${certFile} expired on`],
    ] as const) {
      expect(() => ownCertificates(certificate, privateKey, at)).toThrow(message);
    }
  });
});
