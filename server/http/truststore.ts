/** A PKCS #12 trust store, which Java's clients take by `-Djavax.net.ssl.trustStore`: RFC 7292. */
import { createHash, createHmac, randomBytes } from "node:crypto";
import { AsnSerializer, OctetString } from "@peculiar/asn1-schema";
import { ContentInfo } from "@peculiar/asn1-cms";
import {
  AuthenticatedSafe,
  CertBag,
  MacData,
  PFX,
  PKCS12Attribute,
  SafeBag,
  SafeContents,
} from "@peculiar/asn1-pfx";
import { DigestInfo } from "@peculiar/asn1-rsa";
import { AlgorithmIdentifier, ExtendedKeyUsage } from "@peculiar/asn1-x509";

const data = "1.2.840.113549.1.7.1";
const certBag = "1.2.840.113549.1.12.10.1.3";
const x509Certificate = "1.2.840.113549.1.9.22.1";
const friendlyName = "1.2.840.113549.1.9.20";
/** Java takes a certificate without key for a trust anchor only if it bears this attribute of Oracle's. */
const trustedKeyUsage = "2.16.840.1.113894.746875.1.1";
const anyExtendedKeyUsage = "2.5.29.37.0";

/** As few as are usual anywhere: a password that everybody knows is not to be guessed. */
const macIterations = 1000;

const octets = (content: Uint8Array) => new OctetString(new Uint8Array(content));

/** Text as UTF-16, big endian. */
const bmp = (text: string) => Buffer.from(text, "utf16le").swap16();

/** The value of an attribute is the first and only member of a set, here written by hand: an ASN.1 BMPString. */
const bmpString = (text: string) => Buffer.concat([Buffer.from([0x1e, text.length * 2]), bmp(text)]);

const buffer = (content: Uint8Array): ArrayBuffer => new Uint8Array(content).buffer;

/** The only member of `SEQUENCE OF OBJECT IDENTIFIER`: the bare identifier, as the attribute wants it. */
const anyUsage = () =>
  buffer(new Uint8Array(AsnSerializer.serialize(new ExtendedKeyUsage([anyExtendedKeyUsage]))).subarray(2));

/** The class's constructor of asn1-pfx 2.11 forgets its argument. */
const attribute = (attrId: string, value: ArrayBuffer): PKCS12Attribute =>
  Object.assign(new PKCS12Attribute(), { attrId, attrValues: [value] });

/** RFC 7292 appendix B.2 for a MAC key (ID 3) of one SHA-1 block: with n = u there is but one round to make. */
function macKey(password: string, salt: Buffer): Buffer {
  const blockSize = 64;
  const repeated = (bytes: Buffer) => Buffer.alloc(Math.ceil(bytes.length / blockSize) * blockSize, bytes);
  let digest: Buffer = Buffer.concat([
    Buffer.alloc(blockSize, 3),
    repeated(salt),
    repeated(bmp(`${password}\0`)),
  ]);
  for (let round = 0; round < macIterations; round++) digest = createHash("sha1").update(digest).digest();
  return digest;
}

function bag(pem: string, alias: string): SafeBag {
  const certificate = new CertBag({
    certId: x509Certificate,
    certValue: AsnSerializer.serialize(
      octets(Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64")),
    ),
  });
  return new SafeBag({
    bagId: certBag,
    bagValue: AsnSerializer.serialize(certificate),
    bagAttributes: [
      attribute(friendlyName, buffer(bmpString(alias))),
      attribute(trustedKeyUsage, anyUsage()),
    ],
  });
}

/**
 * A PKCS #12 file, DER.
 *
 * @param authorities Certificates to trust, PEM, one each.
 */
export function truststore(authorities: readonly string[], password: string): Buffer {
  const bags = new SafeContents(
    authorities.map((pem, index) => bag(pem, index ? `islet-${index}` : "islet")),
  );
  const content = (value: Uint8Array | ArrayBuffer) =>
    new ContentInfo({
      contentType: data,
      content: AsnSerializer.serialize(octets(new Uint8Array(value))),
    });
  const safe = new Uint8Array(
    AsnSerializer.serialize(new AuthenticatedSafe([content(AsnSerializer.serialize(bags))])),
  );
  const salt = randomBytes(16);
  // SHA-1 as MAC is the one form that every Java reads, those of version 8 before 2021 too.
  const mac = createHmac("sha1", macKey(password, salt)).update(safe).digest();
  return Buffer.from(
    AsnSerializer.serialize(
      new PFX({
        version: 3,
        authSafe: content(safe),
        macData: new MacData({
          mac: new DigestInfo({
            digestAlgorithm: new AlgorithmIdentifier({ algorithm: "1.3.14.3.2.26", parameters: null }),
            digest: octets(mac),
          }),
          macSalt: octets(salt),
          iterations: macIterations,
        }),
      }),
    ),
  );
}
