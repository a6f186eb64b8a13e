import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { findZone } from "./catalogue/zones.ts";
import { clientVpnTargetNetworks, networksOf } from "./clientVpnTargetNetwork.ts";
import { isLive, transitGatewayAttachments } from "./transitGatewayAttachment.ts";

/** How users prove who they are. */
export type ClientAuthentication =
  | { readonly type: "certificate-authentication"; readonly rootChainArn: string }
  | { readonly type: "directory-service-authentication"; readonly directoryId: string }
  | {
      readonly type: "federated-authentication";
      readonly samlArn: string;
      /** For the self-service portal. */
      readonly selfServiceSamlArn: string | undefined;
    };

/** Where it is written down who connects. */
export interface ConnectionLog {
  readonly group: string;
  readonly stream: string;
}

/** A route that somebody made; those that come with an associated subnet are told by that. */
export interface MadeClientVpnRoute {
  readonly destination: string;
  /** The associated subnet; `local` for other clients; undefined for the transit gateway. */
  readonly subnetId: string | undefined;
  readonly description: string | undefined;
  readonly state: "creating" | "active" | "deleting";
}

export interface ClientVpnAuthorizationRule {
  readonly destination: string;
  /** Undefined for all users. */
  readonly groupId: string | undefined;
  readonly description: string | undefined;
  readonly state: "authorizing" | "active" | "revoking";
}

export interface ClientRevocationList {
  readonly pem: string;
  /** The serial numbers of revoked certificates, in lower-case hexadecimal without leading zeros. */
  readonly serials: readonly string[];
  readonly state: "pending" | "active";
}

/** Which connections are taken, in Cedar. */
export interface ClientAuthorizationPolicy {
  readonly document: string;
  readonly description: string | undefined;
  /** Whether it is evaluated and keeps nobody out. */
  readonly shadow: boolean;
  readonly state: Sdk.ClientVpnAuthorizationPolicyStatus;
}

/** What can be changed of an endpoint. */
export interface ClientVpnSettings {
  readonly description: string | undefined;
  readonly serverCertificateArn: string;
  readonly log: ConnectionLog | undefined;
  readonly dnsServers: readonly string[];
  readonly port: 443 | 1194;
  readonly splitTunnel: boolean;
  readonly vpcId: string | undefined;
  /** Ids of security groups, of its interfaces. */
  readonly groups: readonly string[];
  readonly selfService: boolean;
  readonly sessionHours: number;
  /** The text that clients show; undefined for none. */
  readonly banner: string | undefined;
  readonly routesEnforced: boolean;
  readonly disconnects: boolean;
}

export interface ClientVpnEndpoint extends ResourceRow, ClientVpnSettings {
  readonly state: "present" | "deleting" | "deleted";
  /** Milliseconds since the epoch. */
  readonly deleted: number | undefined;
  readonly clientCidr: string;
  readonly authentication: readonly ClientAuthentication[];
  readonly transport: Sdk.TransportProtocol;
  readonly endpointAddresses: Sdk.EndpointIpAddressType;
  /** In the place of a VPC. */
  readonly transitGateway: { readonly gatewayId: string; readonly attachmentId: string } | undefined;
  readonly routes: readonly MadeClientVpnRoute[];
  readonly rules: readonly ClientVpnAuthorizationRule[];
  readonly revocationList: ClientRevocationList | undefined;
  readonly policy: ClientAuthorizationPolicy | undefined;
}

type Rows = Pick<Context, "unit">;

/** How long a deleted endpoint is still shown, in seconds: EC2 does not say. */
const SHOWN_DELETED_SECONDS = 3600;

/** As Client VPN tells times: `2020-07-03T11:37:27`. */
const timeOf = (at: number): string => new Date(at).toISOString().slice(0, 19);

/** `available` as long as clients can come in somewhere, and go on from there. */
export function statusOf(rows: Rows, row: ClientVpnEndpoint): Sdk.ClientVpnEndpointStatusCode {
  if (row.state !== "present") return row.state;
  const isReady = networksOf(rows, row.id).some(({ state }) => state === "associated");
  const attachment = transitGatewayAttachments.table(rows).get(row.transitGateway?.attachmentId ?? "");
  const isConnected = row.transitGateway === undefined || (attachment !== undefined && isLive(attachment));
  return isReady && isConnected ? "available" : "pending-associate";
}

/** By the region's name servers; clients put something of their own before it. */
export const dnsNameOf = (
  { region }: Pick<Context, "region">,
  { id }: Pick<ClientVpnEndpoint, "id">,
): string => `${id}.prod.clientvpn.${region}.amazonaws.com`;

/** Whether users have names, by which they can use the self-service portal, too. */
export const hasUsers = ({ authentication }: ClientVpnEndpoint): boolean =>
  authentication.some(({ type }) => type !== "certificate-authentication");

function viewAuthentication(row: ClientAuthentication): Sdk.ClientVpnAuthentication {
  if (row.type === "certificate-authentication") {
    return { Type: row.type, MutualAuthentication: { ClientRootCertificateChain: row.rootChainArn } };
  }
  if (row.type === "directory-service-authentication") {
    return { Type: row.type, ActiveDirectory: { DirectoryId: row.directoryId } };
  }
  const { type: Type, samlArn: SamlProviderArn, selfServiceSamlArn: SelfServiceSamlProviderArn } = row;
  return { Type, FederatedAuthentication: { SamlProviderArn, SelfServiceSamlProviderArn } };
}

function viewTransitGateway(
  ctx: Context,
  { id, transitGateway }: ClientVpnEndpoint,
): Sdk.TransitGatewayConfigurationDescribeEndpointStructure | undefined {
  if (!transitGateway) return undefined;
  const zones = networksOf(ctx, id).map(({ zone }) => zone);
  return {
    TransitGatewayId: transitGateway.gatewayId,
    TransitGatewayAttachmentId: transitGateway.attachmentId,
    AvailabilityZones: zones,
    AvailabilityZoneIds: zones.map((zone) => findZone(ctx.region, zone)?.id ?? zone),
  };
}

/** Where the tunnels of users' devices end. */
export const clientVpnEndpoints = defineResource({
  type: "client-vpn-endpoint",
  idPrefix: "cvpn-endpoint",
  notFound: "InvalidClientVpnEndpointId.NotFound",
  ids: "ClientVpnEndpointIds",
  view: (row: ClientVpnEndpoint, { ctx, tags }): Sdk.ClientVpnEndpoint => ({
    ClientVpnEndpointId: row.id,
    Description: row.description ?? "",
    Status: { Code: statusOf(ctx, row) },
    CreationTime: timeOf(row.created),
    DeletionTime: row.deleted === undefined ? undefined : timeOf(row.deleted),
    DnsName: `*.${dnsNameOf(ctx, row)}`,
    ClientCidrBlock: row.clientCidr,
    DnsServers: [...row.dnsServers],
    SplitTunnel: row.splitTunnel,
    VpnProtocol: "openvpn",
    TransportProtocol: row.transport,
    VpnPort: row.port,
    AssociatedTargetNetworks: networksOf(ctx, row.id).flatMap(({ subnetId }) =>
      subnetId === undefined ? [] : { NetworkId: subnetId, NetworkType: "vpc" },
    ),
    ServerCertificateArn: row.serverCertificateArn,
    AuthenticationOptions: row.authentication.map(viewAuthentication),
    ConnectionLogOptions: {
      Enabled: row.log !== undefined,
      CloudwatchLogGroup: row.log?.group,
      CloudwatchLogStream: row.log?.stream,
    },
    SecurityGroupIds: [...row.groups],
    VpcId: row.vpcId,
    SelfServicePortalUrl:
      row.selfService && hasUsers(row)
        ? `https://self-service.clientvpn.amazonaws.com/endpoints/${row.id}`
        : undefined,
    ClientConnectOptions: { Enabled: false, Status: { Code: "applied" } },
    SessionTimeoutHours: row.sessionHours,
    ClientLoginBannerOptions: { Enabled: row.banner !== undefined, BannerText: row.banner },
    ClientRouteEnforcementOptions: { Enforced: row.routesEnforced },
    DisconnectOnSessionTimeout: row.disconnects,
    EndpointIpAddressType: row.endpointAddresses,
    TrafficIpAddressType: "ipv4",
    TransitGatewayConfiguration: viewTransitGateway(ctx, row),
    DevicePostureOptions: { TrustProviders: [] },
    Tags: tags,
  }),
  filters: {
    "endpoint-id": (endpoint) => endpoint.ClientVpnEndpointId,
    "transport-protocol": (endpoint) => endpoint.TransportProtocol,
  },
  indexes: {
    vpc: ({ state, vpcId }) => (state === "deleted" ? undefined : vpcId),
    group: ({ state, groups }) => (state === "deleted" ? [] : groups),
    attachment: ({ state, transitGateway }) =>
      state === "deleted" ? undefined : transitGateway?.attachmentId,
  },
  parents: { vpc: "vpc", "security-group": "group" },
  quotas: [
    {
      code: "L-8EA77D34",
      name: "Client VPN endpoints per Region",
      usual: 5,
      error: () => new ApiError("ClientVpnEndpointLimitExceeded"),
    },
  ],
  transitions: {
    /** EC2 is through with what it was at. */
    settled: (ctx, { id, routes, rules, revocationList, policy }) => {
      clientVpnEndpoints.update(ctx, id, {
        routes: routes
          .filter(({ state }) => state !== "deleting")
          .map((route) => ({ ...route, state: "active" as const })),
        rules: rules
          .filter(({ state }) => state !== "revoking")
          .map((rule) => ({ ...rule, state: "active" as const })),
        revocationList: revocationList && { ...revocationList, state: "active" },
        policy: policy?.state === "deleting" ? undefined : policy && { ...policy, state: "active" },
      });
    },
    deleted: (ctx, { id }) => {
      for (const network of networksOf(ctx, id)) clientVpnTargetNetworks.delete(ctx, network.id);
      clientVpnEndpoints.update(ctx, id, { state: "deleted", routes: [], rules: [] });
      clientVpnEndpoints.later(ctx, id, "forget", SHOWN_DELETED_SECONDS);
    },
    forget: (ctx, { id }) => clientVpnEndpoints.delete(ctx, id),
  },
});

/**
 * An endpoint that is there to be worked with.
 *
 * @throws {ApiError} InvalidClientVpnEndpointId.NotFound
 */
export function usableEndpoint(ctx: Context, id: string): ClientVpnEndpoint {
  const row = clientVpnEndpoints.get(ctx, id);
  if (row.state !== "present") throw new ApiError("InvalidClientVpnEndpointId.NotFound", id);
  return row;
}

/** Changes what EC2 takes about `seconds` to have changed everywhere. */
export function settle(
  ctx: Context,
  id: string,
  seconds: number,
  fields: Partial<Pick<ClientVpnEndpoint, "policy" | "revocationList" | "routes" | "rules">>,
): void {
  clientVpnEndpoints.update(ctx, id, fields);
  clientVpnEndpoints.soon(ctx, id, "settled", seconds);
}

export const operations = {
  DescribeClientVpnEndpoints: clientVpnEndpoints.describe("ClientVpnEndpoints"),
} satisfies Handlers;
