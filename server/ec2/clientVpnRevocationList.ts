import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { revokedSerials } from "./certificateRevocationList.ts";
import { endConnections } from "./clientVpnConnection.ts";
import { settle, usableEndpoint } from "./clientVpnEndpoint.ts";

/** "Entries in a client certificate revocation list", which nobody gets more of. */
const MOST_ENTRIES = 20_000;

export const operations = {
  ExportClientVpnClientCertificateRevocationList: ({ ClientVpnEndpointId }, ctx) => {
    const { revocationList } = usableEndpoint(ctx, ClientVpnEndpointId);
    return revocationList
      ? { CertificateRevocationList: revocationList.pem, Status: { Code: revocationList.state } }
      : {};
  },

  /** "Uploading a client certificate revocation list resets existing client connections." */
  ImportClientVpnClientCertificateRevocationList: (
    { ClientVpnEndpointId, CertificateRevocationList },
    ctx,
  ) => {
    const { id } = usableEndpoint(ctx, ClientVpnEndpointId);
    const serials = revokedSerials(CertificateRevocationList);
    if (!serials) {
      throw new ApiError(
        "InvalidParameterValue",
        "The client certificate revocation list is not a valid X.509 CRL in PEM format.",
      );
    }
    if (serials.length > MOST_ENTRIES) throw new ApiError("ClientVpnCertificateRevocationListLimitExceeded");
    settle(ctx, id, 30, { revocationList: { pem: CertificateRevocationList, serials, state: "pending" } });
    endConnections(ctx, id);
    return { Return: true };
  },
} satisfies Handlers;

export const partly = {
  ImportClientVpnClientCertificateRevocationList:
    "the signature is not checked: certificates of ACM are not here",
};
