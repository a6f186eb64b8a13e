import type { CustomerGateway } from "./customerGateway.ts";
import { insideAddresses, type VpnTunnel } from "./vpnTunnel.ts";

/** What the configuration of a customer's device follows from. */
export interface Configured {
  readonly id: string;
  readonly customer: Pick<CustomerGateway, "id" | "address" | "asn">;
  readonly gatewayId: string | undefined;
  /** Of AWS's autonomous system. */
  readonly asn: number;
  readonly staticRoutes: boolean;
  readonly tunnels: readonly VpnTunnel[];
  /** The addresses at the customer's side and at AWS's. */
  readonly local: string;
  readonly remote: string;
}

type Xml = string | number | boolean | undefined | { readonly [name: string]: Xml | readonly Xml[] };

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** One element, indented; nothing for what is undefined. */
function element(name: string, value: Xml, depth: number, attributes = ""): string {
  const indent = "  ".repeat(depth);
  if (value === undefined) return "";
  if (typeof value !== "object") return `${indent}<${name}>${escaped(String(value))}</${name}>\n`;
  const inner = Object.entries(value).flatMap(([key, child]) =>
    (Array.isArray(child) ? (child as readonly Xml[]) : [child as Xml]).map((each) =>
      element(key, each, depth + 1),
    ),
  );
  return `${indent}<${name}${attributes}>\n${inner.join("")}${indent}</${name}>\n`;
}

/** As devices spell what EC2 lists: `aes-128-cbc`, `sha1`, `group2`. */
const cipher = (name = "AES128"): string =>
  `${name.toLowerCase().replace("aes", "aes-")}${name.includes("GCM") ? "" : "-cbc"}`;
const digest = (name = "SHA1"): string => name.toLowerCase();
const group = (number = 2): string => `group${number}`;

function tunnelOf({ customer, asn, staticRoutes }: Configured, tunnel: VpnTunnel): Xml {
  const { settings, outside, preSharedKey } = tunnel;
  const inside = insideAddresses(tunnel.insideCidr);
  const end = (address: string | undefined, own: string, number: number): Xml => ({
    tunnel_outside_address: { ip_address: address },
    tunnel_inside_address: { ip_address: own, network_mask: "255.255.255.252", network_cidr: 30 },
    bgp: staticRoutes ? undefined : { asn: number, hold_time: 30 },
  });
  return {
    customer_gateway: end(customer.address, inside.customer, customer.asn),
    vpn_gateway: end(outside, inside.gateway, asn),
    ike: {
      authentication_protocol: digest(settings.Phase1IntegrityAlgorithms?.[0]?.Value),
      encryption_protocol: cipher(settings.Phase1EncryptionAlgorithms?.[0]?.Value),
      lifetime: settings.Phase1LifetimeSeconds ?? 28_800,
      perfect_forward_secrecy: group(settings.Phase1DHGroupNumbers?.[0]?.Value),
      mode: "main",
      pre_shared_key: preSharedKey,
    },
    ipsec: {
      protocol: "esp",
      authentication_protocol: `hmac-${digest(settings.Phase2IntegrityAlgorithms?.[0]?.Value)}-96`,
      encryption_protocol: cipher(settings.Phase2EncryptionAlgorithms?.[0]?.Value),
      lifetime: settings.Phase2LifetimeSeconds ?? 3600,
      perfect_forward_secrecy: group(settings.Phase2DHGroupNumbers?.[0]?.Value),
      mode: "tunnel",
      clear_df_bit: true,
      fragmentation_before_encryption: true,
      tcp_mss_adjustment: 1379,
      dead_peer_detection: { interval: 10, retries: 3 },
    },
  };
}

/** What the customer's device has to know, in EC2's own XML format. */
export function configurationOf(connection: Configured): string {
  const { id, customer, gatewayId, staticRoutes, tunnels } = connection;
  const body: Xml = {
    customer_gateway_id: customer.id,
    vpn_gateway_id: gatewayId?.startsWith("tgw-") ? undefined : gatewayId,
    transit_gateway_id: gatewayId?.startsWith("tgw-") ? gatewayId : undefined,
    vpn_connection_type: "ipsec.1",
    vpn_connection_attributes: staticRoutes ? "NoBGPVPNConnection" : undefined,
    ipsec_tunnel: tunnels.map((tunnel) => tunnelOf(connection, tunnel)),
  };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element("vpn_connection", body, 0, ` id="${id}"`)}`;
}

/** The same for people, for whatever device. */
export function sampleConfiguration(connection: Configured, ike: "ikev1" | "ikev2"): string {
  const { id, customer, gatewayId, staticRoutes, asn, tunnels } = connection;
  const parts = tunnels.map((tunnel, place) => {
    const { settings, outside, preSharedKey, certificateArn } = tunnel;
    const inside = insideAddresses(tunnel.insideCidr);
    return [
      `Tunnel ${place + 1}`,
      `  IKE version             ${ike}`,
      preSharedKey === undefined
        ? `  Certificate             ${certificateArn ?? ""}`
        : `  Pre-shared key          ${preSharedKey}`,
      `  IKE                     ${cipher(settings.Phase1EncryptionAlgorithms?.[0]?.Value)}, ${digest(settings.Phase1IntegrityAlgorithms?.[0]?.Value)}, ${group(settings.Phase1DHGroupNumbers?.[0]?.Value)}, ${settings.Phase1LifetimeSeconds ?? 28_800} seconds`,
      `  IPsec (ESP, tunnel)     ${cipher(settings.Phase2EncryptionAlgorithms?.[0]?.Value)}, ${digest(settings.Phase2IntegrityAlgorithms?.[0]?.Value)}, ${group(settings.Phase2DHGroupNumbers?.[0]?.Value)}, ${settings.Phase2LifetimeSeconds ?? 3600} seconds`,
      `  Outside addresses       customer ${customer.address ?? "any"}, AWS ${outside}`,
      `  Inside addresses        customer ${inside.customer}/30, AWS ${inside.gateway}/30`,
      staticRoutes
        ? "  Routing                 static"
        : `  Routing                 BGP: customer AS ${customer.asn}, neighbor ${inside.gateway} AS ${asn}, hold time 30`,
      `  MTU                     1446 bytes; TCP segments of at most 1406`,
    ].join("\n");
  });
  const head = `VPN connection ${id}: customer gateway ${customer.id}, gateway ${gatewayId ?? "none"}`;
  return `${[head, ...parts].join("\n\n")}\n`;
}
