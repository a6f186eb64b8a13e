/**
 * Makes certificates: a local authority, and leaves that it signs. Loads an ASN.1 library (tens of milliseconds), so
 * it is imported only when something is to be issued.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomBytes,
  sign,
} from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isIP } from "node:net";
import { promisify } from "node:util";
import { AsnParser, AsnSerializer, OctetString } from "@peculiar/asn1-schema";
import * as asn1 from "@peculiar/asn1-x509";
import type { Identity, KeyType } from "./certificates.ts";

const day = 86_400_000;

/** A leaf may live 397 days at most: Apple's clients refuse longer ones. https://support.apple.com/en-us/102028 */
const leafDays = 396;
const authorityDays = 3650;

/** RFC 5758 section 3.2: ecdsa-with-SHA256, without parameters. */
const ecdsaWithSha256 = new asn1.AlgorithmIdentifier({ algorithm: "1.2.840.10045.4.3.2" });

const generate = promisify(generateKeyPair);

/** A new private key as PKCS #8 PEM. */
export async function newKey(type: KeyType): Promise<string> {
  const { privateKey } =
    type === "rsa"
      ? await generate("rsa", { modulusLength: 2048 })
      : await generate("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

let rsaKey: Promise<string> | undefined;

/** One RSA key for the whole process: it takes a tenth of a second or more to find one. */
export const sharedRsaKey = (): Promise<string> => (rsaKey ??= newKey("rsa"));

const bytes = (data: Uint8Array): ArrayBuffer => new Uint8Array(data).buffer;

function extension(extnID: string, value: object, critical = false): asn1.Extension {
  return new asn1.Extension({
    extnID,
    critical,
    extnValue: new OctetString(AsnSerializer.serialize(value)),
  });
}

const name = (commonName: string) =>
  new asn1.Name([
    new asn1.RelativeDistinguishedName([
      new asn1.AttributeTypeAndValue({
        type: "2.5.4.3",
        value: new asn1.AttributeValue({ utf8String: commonName }),
      }),
    ]),
  ]);

const publicKeyInfo = (key: KeyObject) =>
  AsnParser.parse(createPublicKey(key).export({ type: "spki", format: "der" }), asn1.SubjectPublicKeyInfo);

/** RFC 5280 section 4.2.1.2, method 1. */
const keyIdentifier = (key: KeyObject) =>
  bytes(
    createHash("sha1")
      .update(new Uint8Array(publicKeyInfo(key).subjectPublicKey))
      .digest(),
  );

/** At most 20 octets, positive, and not to be guessed: RFC 5280 section 4.1.2.2. */
function serialNumber(): ArrayBuffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return bytes(serial);
}

interface Draft {
  subject: asn1.Name;
  subjectKey: KeyObject;
  issuer: asn1.Name;
  issuerKey: KeyObject;
  now: Date;
  days: number;
  extensions: asn1.Extension[];
}

function issue({ subject, subjectKey, issuer, issuerKey, now, days, extensions }: Draft): string {
  const tbsCertificate = new asn1.TBSCertificate({
    version: asn1.Version.v3,
    serialNumber: serialNumber(),
    signature: ecdsaWithSha256,
    issuer,
    // From yesterday, so that a client in a virtual machine whose clock lags behind accepts it too.
    validity: new asn1.Validity({
      notBefore: new Date(now.getTime() - day),
      notAfter: new Date(now.getTime() + days * day),
    }),
    subject,
    subjectPublicKeyInfo: publicKeyInfo(subjectKey),
    extensions: new asn1.Extensions([
      ...extensions,
      extension(asn1.id_ce_subjectKeyIdentifier, new asn1.SubjectKeyIdentifier(keyIdentifier(subjectKey))),
      // Python 3.13 and others verify strictly and miss it in a leaf: RFC 5280 section 4.2.1.1.
      extension(
        asn1.id_ce_authorityKeyIdentifier,
        new asn1.AuthorityKeyIdentifier({ keyIdentifier: new asn1.KeyIdentifier(keyIdentifier(issuerKey)) }),
      ),
    ]),
  });
  const signed = new Uint8Array(AsnSerializer.serialize(tbsCertificate));
  const der = AsnSerializer.serialize(
    new asn1.Certificate({
      tbsCertificate,
      signatureAlgorithm: ecdsaWithSha256,
      signatureValue: bytes(sign("sha256", signed, issuerKey)),
    }),
  );
  const lines = Buffer.from(der)
    .toString("base64")
    .replaceAll(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** A new authority that may sign leaves, and nothing else. */
export async function issueAuthority(now: Date): Promise<Identity> {
  const key = await newKey("ecdsa");
  const keyObject = createPrivateKey(key);
  // A name of its own, so that trust stores which hold two of them do not take one for the other.
  const subject = name(`islet local CA ${randomBytes(4).toString("hex")}`);
  const cert = issue({
    subject,
    subjectKey: keyObject,
    issuer: subject,
    issuerKey: keyObject,
    now,
    days: authorityDays,
    extensions: [
      extension(
        asn1.id_ce_basicConstraints,
        new asn1.BasicConstraints({ cA: true, pathLenConstraint: 0 }),
        true,
      ),
      extension(
        asn1.id_ce_keyUsage,
        new asn1.KeyUsage(asn1.KeyUsageFlags.keyCertSign | asn1.KeyUsageFlags.cRLSign),
        true,
      ),
    ],
  });
  return { key, cert };
}

/** A certificate for a server with these names and addresses. */
export function issueLeaf(authority: Identity, key: string, names: readonly string[], now: Date): Identity {
  const issuerKey = createPrivateKey(authority.key);
  const issuer = AsnParser.parse(
    Buffer.from(authority.cert.replaceAll(/-----[^-]+-----|\s/g, ""), "base64"),
    asn1.Certificate,
  ).tbsCertificate.subject;
  const cert = issue({
    subject: name("islet"),
    subjectKey: createPrivateKey(key),
    issuer,
    issuerKey,
    now,
    days: leafDays,
    extensions: [
      extension(asn1.id_ce_basicConstraints, new asn1.BasicConstraints({ cA: false }), true),
      // Signing only: with keyEncipherment a client could ask for RSA key exchange, which has no forward secrecy.
      extension(asn1.id_ce_keyUsage, new asn1.KeyUsage(asn1.KeyUsageFlags.digitalSignature), true),
      extension(asn1.id_ce_extKeyUsage, new asn1.ExtendedKeyUsage([asn1.id_kp_serverAuth])),
      extension(
        asn1.id_ce_subjectAltName,
        new asn1.SubjectAlternativeName(
          names.map((each) => new asn1.GeneralName(isIP(each) ? { iPAddress: each } : { dNSName: each })),
        ),
      ),
    ],
  });
  return { key, cert };
}
