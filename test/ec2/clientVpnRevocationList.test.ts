import {
  ExportClientVpnClientCertificateRevocationListCommand,
  ImportClientVpnClientCertificateRevocationListCommand,
} from "@aws-sdk/client-ec2";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { revokedSerials } from "../../server/ec2/certificateRevocationList.ts";
import { refused } from "../islet.ts";
import { operate, operationRefused } from "../operator.ts";
import { newEndpoint, newOwner, newReadyEndpoint, Region, type Owner } from "./clientVpns.ts";

/** As OpenSSL writes them: the first one revokes 0A1B2C3D4E5F and 8F00. */
const FULL = `-----BEGIN X509 CRL-----
MIH2MIGeAgEBMAoGCCqGSM49BAMCMA0xCzAJBgNVBAMMAmNhFw0yNjExMjMyMjQ4
MzlaFw0zNjExMjAyMjQ4MzlaMC8wFAIDAI8AFw0yNjAxMDEwMDAwMDBaMBcCBgob
LD1OXxcNMjYwMTAxMDAwMDAwWqAvMC0wHwYDVR0jBBgwFoAUo8NCNDE9EKtE0BJl
b0v8Q8u0vZgwCgYDVR0UBAMCAQEwCgYIKoZIzj0EAwIDRwAwRAIgP3nFxzmN9le7
ns8TQjhSkSNmk2E5ZOt+UkGNdJzNnSMCIHyc2uQVheRGbEpygYfRWd46rUahSk+a
KLAsDZqqJYGw
-----END X509 CRL-----
`;
const EMPTY = `-----BEGIN X509 CRL-----
MIHEMG0CAQEwCgYIKoZIzj0EAwIwDTELMAkGA1UEAwwCY2EXDTI2MTEyMzIyNDgz
OVoXDTM2MTEyMDIyNDgzOVqgLzAtMB8GA1UdIwQYMBaAFKPDQjQxPRCrRNASZW9L
/EPLtL2YMAoGA1UdFAQDAgECMAoGCCqGSM49BAMCA0cAMEQCIHsiu/o9ac5rEKzV
6O0X0X4ag6AmzAo3bYXgL2ffxzdIAiAyBYp3401dfqt5b35UcGNu1skR3B40fSYf
ZBPv8k2+2A==
-----END X509 CRL-----
`;

let owner: Owner;
beforeAll(async () => {
  owner = await newOwner();
});

const load = (ClientVpnEndpointId: string, CertificateRevocationList: string) =>
  owner.ec2.send(
    new ImportClientVpnClientCertificateRevocationListCommand({
      ClientVpnEndpointId,
      CertificateRevocationList,
    }),
  );
const save = (ClientVpnEndpointId: string) =>
  owner.ec2.send(new ExportClientVpnClientCertificateRevocationListCommand({ ClientVpnEndpointId }));

/** A value in DER. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const whole = Buffer.concat(content);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(whole.length);
  return Buffer.concat([Buffer.from([tag, 0x84]), size, whole]);
}

/** A list that revokes so many certificates. */
function listOf(count: number): string {
  const time = der(0x17, Buffer.from("260101000000Z"));
  const entry = der(0x30, der(0x02, Buffer.from([1, 2, 3])), time);
  const entries = der(0x30, ...Array.from({ length: count }, () => entry));
  const none = der(0x30);
  const list = der(0x30, none, none, time, time, entries);
  const whole = der(0x30, list, none, der(0x03, Buffer.from([0])));
  return `-----BEGIN X509 CRL-----\n${whole.toString("base64")}\n-----END X509 CRL-----\n`;
}

describe("what it refuses to parse", () => {
  test.each([
    "revoke everything",
    FULL.replaceAll("X509 CRL", "CERTIFICATE"),
    "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n",
    FULL.replace("MIH2", "MIH3"),
    FULL.replace(/A8EJ|R0EJ|KLAs/, ""),
  ])("%#", async (text) => {
    await refused(load(await newEndpoint(owner), text), "InvalidParameterValue", /valid X.509 CRL/);
  });

  test("whatever bytes come in, they are a list or none", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(200), fc.nat(255), (noise, at, byte) => {
        const text = (bytes: Uint8Array): string =>
          `-----BEGIN X509 CRL-----\n${Buffer.from(bytes).toString("base64")}\n-----END X509 CRL-----`;
        expect(revokedSerials(text(noise))).toBeUndefined();
        const whole = Buffer.from(FULL.replaceAll(/-----.*-----/g, ""), "base64");
        whole[at] = byte;
        expect(() => revokedSerials(text(whole))).not.toThrow();
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});

describe("what it refuses to do", () => {
  test("to keep more entries than there may be", async () => {
    const endpoint = await newEndpoint(owner);
    await refused(load(endpoint, listOf(20_001)), "ClientVpnCertificateRevocationListLimitExceeded");
    expect((await load(endpoint, listOf(20_000))).Return).toBe(true);
  });
});

describe("what it does", () => {
  test("reads serial numbers", () => {
    expect(revokedSerials(FULL)).toEqual(["8f00", "a1b2c3d4e5f"]);
    expect(revokedSerials(`Certificate Revocation List (CRL):\n${EMPTY}`)).toEqual([]);
  });

  test("keeps the list, and lets nobody in whose certificate is on it", async () => {
    const { endpoint } = await newReadyEndpoint(owner);
    expect((await save(endpoint)).CertificateRevocationList).toBeUndefined();
    const connect = {
      Region,
      ClientVpnEndpointId: endpoint,
      CommonName: "client1",
      SerialNumber: "0A1B2C3D4E5F",
    };
    const { ConnectionId } = await operate(owner.islet, "POST client-vpn-connections", connect);
    await load(endpoint, FULL);
    expect(await save(endpoint)).toMatchObject({
      CertificateRevocationList: FULL,
      Status: { Code: "active" },
    });
    // The connection that was there has been reset.
    const ended = { Region, ConnectionId };
    const code = "InvalidClientVpnConnection.IdNotFound";
    await operationRefused(owner.islet, "POST client-vpn-connections/end", ended, code);
    await operationRefused(owner.islet, "POST client-vpn-connections", connect, "AuthFailure", /revoked/);
    await operate(owner.islet, "POST client-vpn-connections", { ...connect, SerialNumber: "0A1B2C3D4E60" });
    await load(endpoint, EMPTY);
    await operate(owner.islet, "POST client-vpn-connections", connect);
  });
});
