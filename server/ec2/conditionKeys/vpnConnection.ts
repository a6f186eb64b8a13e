import type * as Sdk from "@aws-sdk/client-ec2";
import { customerGateways } from "../customerGateway.ts";
import type { VpnConnection } from "../vpnConnection.ts";
import type { TunnelSettings, VpnTunnel } from "../vpnTunnel.ts";
import type { Found, TypeKeys } from "./typeKeys.ts";

type Asked = Sdk.VpnTunnelOptionsSpecification;

/** What a tunnel has or is asked for: one value, or a list of those that it takes. */
type Setting = string | number | readonly { readonly Value?: string | number | undefined }[] | undefined;

/** What the tunnels have, each once; undefined where none of them says. */
function ofAll<T>(tunnels: readonly T[] | undefined, settingOf: (tunnel: T) => Setting): Found {
  const values = (tunnels ?? []).flatMap((tunnel) => {
    const setting = settingOf(tunnel) ?? [];
    return typeof setting === "object" ? setting.flatMap(({ Value }) => Value ?? []) : setting;
  });
  const [first, ...others] = new Set(values);
  return first === undefined || others.length === 0 ? first : [first, ...others];
}

/** The keys of a tunnel's settings, by how rows and how requests call them. */
const settings = {
  "ec2:DPDTimeoutSeconds": ["DpdTimeoutSeconds", "DPDTimeoutSeconds"],
  "ec2:IKEVersions": ["IkeVersions", "IKEVersions"],
  "ec2:Phase1DHGroup": ["Phase1DHGroupNumbers", "Phase1DHGroupNumbers"],
  "ec2:Phase1EncryptionAlgorithms": ["Phase1EncryptionAlgorithms", "Phase1EncryptionAlgorithms"],
  "ec2:Phase1IntegrityAlgorithms": ["Phase1IntegrityAlgorithms", "Phase1IntegrityAlgorithms"],
  "ec2:Phase1LifetimeSeconds": ["Phase1LifetimeSeconds", "Phase1LifetimeSeconds"],
  "ec2:Phase2DHGroup": ["Phase2DHGroupNumbers", "Phase2DHGroupNumbers"],
  "ec2:Phase2EncryptionAlgorithms": ["Phase2EncryptionAlgorithms", "Phase2EncryptionAlgorithms"],
  "ec2:Phase2IntegrityAlgorithms": ["Phase2IntegrityAlgorithms", "Phase2IntegrityAlgorithms"],
  "ec2:Phase2LifetimeSeconds": ["Phase2LifetimeSeconds", "Phase2LifetimeSeconds"],
  "ec2:RekeyFuzzPercentage": ["RekeyFuzzPercentage", "RekeyFuzzPercentage"],
  "ec2:RekeyMarginTimeSeconds": ["RekeyMarginTimeSeconds", "RekeyMarginTimeSeconds"],
  "ec2:ReplayWindowSizePackets": ["ReplayWindowSize", "ReplayWindowSize"],
} as const satisfies Readonly<Record<string, readonly [keyof TunnelSettings, keyof Asked]>>;

const names = Object.entries(settings);

/** A concentrator is at a transit gateway. */
const gatewayType = (vpnGateway: string | undefined, other: string | undefined): string | undefined =>
  vpnGateway ? "VGW" : other ? "TGW" : undefined;

/** By the customer gateway: one with a certificate needs no keys. */
const authentication = (certificate: string | undefined): string =>
  certificate === undefined ? "Pre Shared Keys" : "Certificates";

/** @see https://docs.aws.amazon.com/vpn/latest/s2svpn/security_iam_id-based-policy-examples.html */
export const vpnConnectionKeys: TypeKeys<VpnConnection, Sdk.CreateVpnConnectionRequest> = {
  rows: {
    ...Object.fromEntries(
      names.map(([key, [own]]) => [
        key,
        ({ tunnels }: VpnConnection) => ofAll(tunnels, ({ settings: of }: VpnTunnel) => of[own]),
      ]),
    ),
    "ec2:AuthenticationType": ({ tunnels }) =>
      ofAll(tunnels, ({ certificateArn }) => authentication(certificateArn)),
    "ec2:GatewayType": ({ vpnGatewayId, transitGatewayId, concentratorId }) =>
      gatewayType(vpnGatewayId, transitGatewayId ?? concentratorId),
    "ec2:InsideTunnelCidr": ({ tunnels }) => ofAll(tunnels, ({ insideCidr }) => insideCidr),
    "ec2:InsideTunnelIpv6Cidr": ({ tunnels }) => ofAll(tunnels, ({ insideIpv6Cidr }) => insideIpv6Cidr),
    "ec2:RoutingType": ({ staticRoutes }) => (staticRoutes ? "static" : "bgp"),
  },
  asked: {
    ...Object.fromEntries(
      names.map(([key, [, asked]]) => [
        key,
        ({ Options }: Sdk.CreateVpnConnectionRequest) =>
          ofAll(Options?.TunnelOptions, (tunnel) => tunnel[asked]),
      ]),
    ),
    "ec2:AuthenticationType": ({ CustomerGatewayId = "" }, ctx) =>
      authentication(customerGateways.find(ctx, CustomerGatewayId)?.certificateArn),
    "ec2:GatewayType": ({ VpnGatewayId, TransitGatewayId, VpnConcentratorId }) =>
      gatewayType(VpnGatewayId, TransitGatewayId ?? VpnConcentratorId),
    "ec2:InsideTunnelCidr": ({ Options }) =>
      ofAll(Options?.TunnelOptions, (tunnel) => tunnel.TunnelInsideCidr),
    "ec2:InsideTunnelIpv6Cidr": ({ Options }) =>
      ofAll(Options?.TunnelOptions, (tunnel) => tunnel.TunnelInsideIpv6Cidr),
    "ec2:RoutingType": ({ Options }) => (Options?.StaticRoutesOnly ? "static" : "bgp"),
  },
};
