import type * as Sdk from "@aws-sdk/client-ec2";
import { formatPrefix, overlaps, type Prefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { findZone, zonesOf, type Zone } from "./catalogue/zones.ts";
import { isAssociated } from "./cidrAssociation.ts";
import { readCidr, storedCidr } from "./cidrBlock.ts";
import { clientVpnEndpoints, dnsNameOf, statusOf } from "./clientVpnEndpoint.ts";
import {
  invalid,
  readAuthentication,
  readCertificate,
  readConnectionLog,
  readDnsServers,
  readSettings,
} from "./clientVpnSettings.ts";
import { clientVpnTargetNetworks } from "./clientVpnTargetNetwork.ts";
import { usableGateway, type TransitGateway } from "./transitGateway.ts";
import { transitGatewayAttachments } from "./transitGatewayAttachment.ts";
import { vpcs } from "./vpc.ts";

/** In bits. @see https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/what-is-best-practices.html */
const LARGEST = 12;
const SMALLEST = 22;

/** "You can specify up to 5 Availability Zones per endpoint. If not specified, AWS automatically assigns 2." */
export const MOST_ZONES = 5;
const USUAL_ZONES = 2;

function readClientCidr(text: string | undefined): Prefix {
  if (text === undefined) throw new ApiError("MissingParameter", "clientCidrBlock");
  const prefix = readCidr(text, "clientCidrBlock", 4);
  if (prefix.length < LARGEST || prefix.length > SMALLEST) {
    throw invalid(text, "clientCidrBlock", "The block size must be between /22 and /12.");
  }
  return prefix;
}

/** @throws {ApiError} InvalidParameterValue if a VPC has addresses of clients' */
export function checkApart(ctx: Context, clients: Prefix, vpcId: string): void {
  const blocks = vpcs.table(ctx).get(vpcId)?.ipv4.filter(isAssociated) ?? [];
  const shared = blocks.find(({ cidr }) => overlaps(storedCidr(cidr), clients));
  if (shared) throw overlapping(clients, shared.cidr);
}

const overlapping = (clients: Prefix, cidr: string): ApiError =>
  invalid(formatPrefix(clients), "clientCidrBlock", `It overlaps with ${cidr}.`);

/** A zone by its name or its id. */
export function readZone({ region }: Context, nameOrId: string): Zone {
  const zone = findZone(region, nameOrId);
  if (!zone) throw invalid(nameOrId, "availabilityZone");
  return zone;
}

function readZones(ctx: Context, asked: Sdk.TransitGatewayConfigurationInputStructure): Zone[] {
  const { AvailabilityZones: names = [], AvailabilityZoneIds: ids = [] } = asked;
  if (names.length > 0 && ids.length > 0) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter AvailabilityZones cannot be used with the parameter AvailabilityZoneIds",
    );
  }
  const zones = new Set([...names, ...ids].map((each) => readZone(ctx, each)));
  if (zones.size > MOST_ZONES) {
    throw invalid([...names, ...ids].join(", "), "availabilityZones", "Up to 5 Availability Zones.");
  }
  return zones.size > 0 ? [...zones] : zonesOf(ctx.region).slice(0, USUAL_ZONES);
}

/**
 * A gateway that clients can be at: with addresses of its own, and none of theirs.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-client-vpn-attachments.html
 */
function readGateway(ctx: Context, id: string | undefined, clients: Prefix): TransitGateway {
  if (id === undefined) throw new ApiError("MissingParameter", "transitGatewayId");
  const gateway = usableGateway(ctx, id);
  const blocks = gateway.cidrs.map(storedCidr);
  if (!blocks.some(({ version }) => version === 4)) {
    throw invalid(id, "transitGatewayId", "The transit gateway has no IPv4 CIDR block.");
  }
  const own = blocks.find((block) => overlaps(block, clients));
  if (own) throw overlapping(clients, formatPrefix(own));
  for (const { to } of transitGatewayAttachments.by(ctx, "gateway", gateway.id)) {
    if (to.type === "vpc") checkApart(ctx, clients, to.id);
  }
  return gateway;
}

/** Attaches an endpoint to a gateway, whose owner may have to accept that. */
function attach(ctx: Context, gateway: TransitGateway, endpointId: string): string {
  const isAccepted = gateway.account === ctx.account || gateway.autoAccept === "enable";
  const { id } = transitGatewayAttachments.create(ctx, {
    gatewayId: gateway.id,
    state: isAccepted ? "pending" : "pendingAcceptance",
    to: { type: "client-vpn", id: endpointId, account: ctx.account },
    association: undefined,
    propagations: [],
  });
  if (isAccepted) transitGatewayAttachments.soon(ctx, id, "available", 60);
  return id;
}

/** Lets clients of an endpoint at a transit gateway come in by a zone. */
export function associateZone(ctx: Context, endpointId: string, { name }: Zone) {
  const network = clientVpnTargetNetworks.create(ctx, {
    endpointId,
    state: "associating",
    subnetId: undefined,
    vpcId: undefined,
    zone: name,
  });
  clientVpnTargetNetworks.soon(ctx, network.id, "associated", 300);
  return network;
}

/** IPv6 inside of the tunnel is not built. */
function refuseIpv6({ TrafficIpAddressType: type = "ipv4" }: Sdk.CreateClientVpnEndpointRequest): void {
  if (type === "ipv4") return;
  throw new ApiError("UnsupportedOperation", `The traffic IP address type ${type} is not supported.`);
}

const NEW = {
  description: undefined,
  port: 443,
  splitTunnel: false,
  vpcId: undefined,
  groups: [],
  selfService: true,
  sessionHours: 24,
  banner: undefined,
  routesEnforced: false,
  disconnects: true,
} as const;

export const operations = {
  CreateClientVpnEndpoint: (input, ctx) => {
    refuseIpv6(input);
    const { TransitGatewayConfiguration: configuration, VpcId, SecurityGroupIds } = input;
    const clients = readClientCidr(input.ClientCidrBlock);
    const certificate = readCertificate(ctx, input.ServerCertificateArn, "serverCertificateArn");
    const authentication = readAuthentication(ctx, input.AuthenticationOptions);
    if (configuration && (VpcId !== undefined || SecurityGroupIds !== undefined)) {
      throw new ApiError(
        "InvalidParameterCombination",
        "The parameter TransitGatewayConfiguration cannot be used with the parameters VpcId and SecurityGroupIds",
      );
    }
    const settings = readSettings(ctx, input, NEW);
    if (settings.vpcId !== undefined) checkApart(ctx, clients, settings.vpcId);
    const gateway = configuration && readGateway(ctx, configuration.TransitGatewayId, clients);
    const zones = configuration ? readZones(ctx, configuration) : [];
    const id = clientVpnEndpoints.newId(ctx);
    const row = clientVpnEndpoints.create(
      ctx,
      {
        ...settings,
        state: "present",
        deleted: undefined,
        clientCidr: formatPrefix(clients),
        serverCertificateArn: certificate,
        authentication,
        log: readConnectionLog(ctx, id, input.ConnectionLogOptions),
        dnsServers: readDnsServers(input.DnsServers ?? []),
        transport: input.TransportProtocol ?? "udp",
        endpointAddresses: input.EndpointIpAddressType ?? "ipv4",
        transitGateway: gateway && { gatewayId: gateway.id, attachmentId: attach(ctx, gateway, id) },
        routes: [],
        rules: [],
        revocationList: undefined,
        policy: undefined,
      },
      input.TagSpecifications,
      id,
    );
    for (const zone of zones) associateZone(ctx, id, zone);
    return { ClientVpnEndpointId: id, Status: { Code: statusOf(ctx, row) }, DnsName: dnsNameOf(ctx, row) };
  },
} satisfies Handlers;

export const partly = {
  CreateClientVpnEndpoint:
    "IPv6 inside of the tunnel, client connect handlers, device posture; certificates of ACM, directories and SAML providers are checked in form alone; nobody asks the DNS servers",
};
