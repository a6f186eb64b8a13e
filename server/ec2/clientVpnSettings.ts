import type * as Sdk from "@aws-sdk/client-ec2";
import { parseAddress } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { findLogGroup } from "../logs/logGroup.ts";
import { addLogStream, findLogStream } from "../logs/logStream.ts";
import type { ClientAuthentication, ClientVpnSettings, ConnectionLog } from "./clientVpnEndpoint.ts";
import { defaultGroupOf, securityGroups } from "./securityGroup.ts";
import { isUsableIn } from "./securityGroupVpc.ts";
import { vpcs } from "./vpc.ts";

export const invalid = (value: string | number, parameter: string, why = ""): ApiError =>
  new ApiError(
    "InvalidParameterValue",
    `Value (${value}) for parameter ${parameter} is invalid.${why && ` ${why}`}`,
  );

const CERTIFICATE = /^arn:aws:acm:([a-z0-9-]+):(\d{12}):certificate\/[0-9a-fA-F-]{36}$/;
const SAML_PROVIDER = /^arn:aws:iam::(\d{12}):saml-provider\/[\w+=,.@-]{1,128}$/;
const DIRECTORY = /^d-[0-9a-f]{10}$/;

/** There is no Certificate Manager: any certificate that it could have in the region, for the caller, will do. */
export function readCertificate(ctx: Context, arn: string, parameter: string): string {
  const [, region, account] = CERTIFICATE.exec(arn) ?? [];
  if (region !== ctx.region || account !== ctx.account) throw invalid(arn, parameter);
  return arn;
}

function readSamlProvider(ctx: Context, arn: string, parameter: string): string {
  const [, account] = SAML_PROVIDER.exec(arn) ?? [];
  if (account !== ctx.account) throw invalid(arn, parameter);
  return arn;
}

function missing(name: string): never {
  throw new ApiError("MissingParameter", name);
}

function readMethod(ctx: Context, asked: Sdk.ClientVpnAuthenticationRequest): ClientAuthentication {
  const { Type, ActiveDirectory, MutualAuthentication, FederatedAuthentication } = asked;
  switch (Type) {
    case "certificate-authentication": {
      const arn =
        MutualAuthentication?.ClientRootCertificateChainArn ?? missing("clientRootCertificateChainArn");
      return { type: Type, rootChainArn: readCertificate(ctx, arn, "clientRootCertificateChainArn") };
    }
    case "directory-service-authentication": {
      const directoryId = ActiveDirectory?.DirectoryId ?? missing("directoryId");
      if (!DIRECTORY.test(directoryId)) throw invalid(directoryId, "directoryId");
      return { type: Type, directoryId };
    }
    case "federated-authentication": {
      const { SAMLProviderArn = missing("samlProviderArn"), SelfServiceSAMLProviderArn: own } =
        FederatedAuthentication ?? {};
      return {
        type: Type,
        samlArn: readSamlProvider(ctx, SAMLProviderArn, "samlProviderArn"),
        selfServiceSamlArn: own && readSamlProvider(ctx, own, "selfServiceSamlProviderArn"),
      };
    }
    case undefined:
      break;
  }
  return missing("type");
}

/**
 * One way of authentication, or a certificate and one that knows users by name.
 *
 * @see https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/client-authentication.html
 */
export function readAuthentication(
  ctx: Context,
  asked: readonly Sdk.ClientVpnAuthenticationRequest[],
): ClientAuthentication[] {
  if (asked.length === 0) missing("authenticationOptions");
  const methods = asked.map((each) => readMethod(ctx, each));
  const byName = methods.filter(({ type }) => type !== "certificate-authentication");
  if (byName.length > 1 || methods.length - byName.length > 1) {
    throw new ApiError(
      "InvalidParameterCombination",
      "A Client VPN endpoint takes certificates, and one other type of authentication.",
    );
  }
  return methods;
}

/** A stream that Client VPN makes for an endpoint. */
function newStream(ctx: Context, endpointId: string): string {
  const day = new Date(ctx.now).toISOString().slice(0, 10).replaceAll("-", "/");
  return `${endpointId}-${ctx.region}-${day}-${ctx.chance.hex(32)}`;
}

/** Where connections are to be logged; undefined for nowhere. */
export function readConnectionLog(
  ctx: Context,
  endpointId: string,
  { Enabled = false, CloudwatchLogGroup: name, CloudwatchLogStream: asked }: Sdk.ConnectionLogOptions,
): ConnectionLog | undefined {
  if (!Enabled) return undefined;
  if (name === undefined) return missing("cloudwatchLogGroup");
  const group = findLogGroup(ctx, name);
  if (!group) throw invalid(name, "cloudwatchLogGroup", "The specified log group does not exist.");
  const stream = asked === undefined ? undefined : findLogStream(ctx, group, asked);
  if (asked !== undefined && !stream) {
    throw invalid(asked, "cloudwatchLogStream", "The specified log stream does not exist.");
  }
  return { group: name, stream: (stream ?? addLogStream(ctx, group, newStream(ctx, endpointId))).name };
}

const MOST_DNS_SERVERS = 2;

export function readDnsServers(servers: readonly string[]): readonly string[] {
  const wrong = servers.find((server) => parseAddress(server)?.version !== 4);
  if (wrong !== undefined) throw invalid(wrong, "dnsServers");
  if (servers.length > MOST_DNS_SERVERS) {
    throw invalid(servers.join(", "), "dnsServers", "A Client VPN endpoint can have up to two DNS servers.");
  }
  return servers;
}

/** In characters. */
const LONGEST_BANNER = 1400;

function readBanner({ Enabled = false, BannerText }: Sdk.ClientLoginBannerOptions): string | undefined {
  if (!Enabled) return undefined;
  const text = BannerText ?? missing("bannerText");
  if (text.length > LONGEST_BANNER) throw invalid(text, "bannerText", "Maximum of 1400 characters.");
  return text;
}

const MOST_GROUPS = 5;

/** @throws {ApiError} InvalidGroup.NotFound, InvalidParameterValue for groups of other VPCs and for too many */
export function readClientVpnGroups(ctx: Context, vpcId: string, ids: readonly string[]): readonly string[] {
  if (ids.length === 0) return [defaultGroupOf(ctx, vpcId).id];
  const groups = securityGroups.getAll(ctx, ids);
  const foreign = groups.find((group) => !isUsableIn(ctx, group, vpcId));
  if (foreign) throw invalid(foreign.id, "securityGroupIds", `It does not belong to ${vpcId}.`);
  if (groups.length > MOST_GROUPS) {
    throw invalid(ids.join(", "), "securityGroupIds", "Up to 5 security groups can be applied.");
  }
  return groups.map(({ id }) => id);
}

const PORTS = [443, 1194] as const;
const HOURS: ReadonlySet<number> = new Set([8, 10, 12, 24]);

/** What Create and Modify say in the same words. */
type Asked = Pick<
  Sdk.CreateClientVpnEndpointRequest,
  | "ClientConnectOptions"
  | "ClientLoginBannerOptions"
  | "ClientRouteEnforcementOptions"
  | "Description"
  | "DevicePostureOptions"
  | "DisconnectOnSessionTimeout"
  | "SecurityGroupIds"
  | "SelfServicePortal"
  | "SessionTimeoutHours"
  | "SplitTunnel"
  | "VpcId"
  | "VpnPort"
>;

type Settings = Omit<ClientVpnSettings, "dnsServers" | "log" | "serverCertificateArn">;

/** The VPC and the groups of its interfaces, which without a VPC there are none of; another VPC has other groups. */
function readVpc(
  ctx: Context,
  { VpcId, SecurityGroupIds }: Asked,
  known: Pick<Settings, "groups" | "vpcId">,
): Pick<Settings, "groups" | "vpcId"> | undefined {
  if (VpcId === undefined && SecurityGroupIds === undefined) return undefined;
  const vpcId = VpcId === undefined ? known.vpcId : vpcs.get(ctx, VpcId).id;
  if (vpcId === undefined) return missing("vpcId");
  const groups = SecurityGroupIds ?? (vpcId === known.vpcId ? known.groups : []);
  return { vpcId, groups: readClientVpnGroups(ctx, vpcId, groups) };
}

/**
 * What is asked, on top of what an endpoint has.
 *
 * @throws {ApiError} InvalidParameterValue, MissingParameter, InvalidGroup.NotFound, InvalidVpcID.NotFound,
 *   UnsupportedOperation for what asks Lambda or other companies who may connect
 */
export function readSettings(ctx: Context, asked: Asked, known: Settings): Settings {
  if (asked.ClientConnectOptions?.Enabled) {
    throw new ApiError(
      "UnsupportedOperation",
      "Client connect handlers are not supported: there is no Lambda.",
    );
  }
  if (asked.DevicePostureOptions?.Enabled) {
    throw new ApiError(
      "UnsupportedOperation",
      "Device posture is not supported: there are no trust providers.",
    );
  }
  const { VpnPort = known.port, SessionTimeoutHours: sessionHours = known.sessionHours } = asked;
  const port = PORTS.find((each) => each === VpnPort);
  if (port === undefined) throw invalid(VpnPort, "vpnPort", "Valid values: 443 | 1194");
  if (!HOURS.has(sessionHours)) {
    throw invalid(sessionHours, "sessionTimeoutHours", "Valid values: 8 | 10 | 12 | 24");
  }
  const { ClientLoginBannerOptions: banner, ClientRouteEnforcementOptions: enforcement } = asked;
  return {
    description: asked.Description ?? known.description,
    port,
    splitTunnel: asked.SplitTunnel ?? known.splitTunnel,
    vpcId: known.vpcId,
    groups: known.groups,
    ...readVpc(ctx, asked, known),
    selfService:
      asked.SelfServicePortal === undefined ? known.selfService : asked.SelfServicePortal === "enabled",
    sessionHours,
    banner: banner ? readBanner(banner) : known.banner,
    routesEnforced: enforcement?.Enforced ?? known.routesEnforced,
    disconnects: asked.DisconnectOnSessionTimeout ?? known.disconnects,
  };
}
