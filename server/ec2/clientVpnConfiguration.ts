import type { Handlers } from "../kit/handlers.ts";
import { dnsNameOf, usableEndpoint, type ClientVpnEndpoint } from "./clientVpnEndpoint.ts";

/** How a client asks its user who he is. */
const LINES: Readonly<Record<ClientVpnEndpoint["authentication"][number]["type"], readonly string[]>> = {
  "certificate-authentication": [],
  "directory-service-authentication": ["auth-user-pass"],
  "federated-authentication": ["auth-federate", "auth-retry interact", "auth-nocache"],
};

/**
 * What an OpenVPN client has to know of an endpoint. It puts something of its own before the name, which is another one
 * each time.
 *
 * @see https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/cvpn-working-endpoint-export.html
 */
export const operations = {
  ExportClientVpnClientConfiguration: ({ ClientVpnEndpointId }, ctx) => {
    const endpoint = usableEndpoint(ctx, ClientVpnEndpointId);
    const lines = [
      "client",
      "dev tun",
      `proto ${endpoint.transport}`,
      `remote ${dnsNameOf(ctx, endpoint)} ${endpoint.port}`,
      "remote-random-hostname",
      "resolv-retry infinite",
      "nobind",
      "remote-cert-tls server",
      "cipher AES-256-GCM",
      "verb 3",
      ...endpoint.authentication.flatMap(({ type }) => LINES[type]),
      "reneg-sec 0",
    ];
    return { ClientConfiguration: `${lines.join("\n")}\n` };
  },
} satisfies Handlers;

export const partly = {
  ExportClientVpnClientConfiguration: "the chain of the server certificate, which ACM would have",
};
