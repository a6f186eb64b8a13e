import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { storedCidr } from "./cidrBlock.ts";
import { endConnections } from "./clientVpnConnection.ts";
import { clientVpnEndpoints, usableEndpoint, type ClientVpnEndpoint } from "./clientVpnEndpoint.ts";
import { readCertificate, readConnectionLog, readDnsServers, readSettings } from "./clientVpnSettings.ts";
import { doorOf, networksOf } from "./clientVpnTargetNetwork.ts";
import { checkApart } from "./createClientVpnEndpoint.ts";
import { networkInterfaces } from "./networkInterface.ts";

/** The servers after a change: "Specify False to delete the existing DNS servers." */
function changeDnsServers(
  known: readonly string[],
  { Enabled, CustomDnsServers }: Sdk.DnsServersOptionsModifyStructure,
): readonly string[] {
  if (Enabled === false) return [];
  return CustomDnsServers === undefined ? known : readDnsServers(CustomDnsServers);
}

/** Puts other security groups on an endpoint and on its interfaces. */
export function applyGroups(ctx: Context, endpointId: string, groups: readonly string[]): void {
  for (const network of networksOf(ctx, endpointId)) {
    const door = doorOf(ctx, network);
    if (door) networkInterfaces.update(ctx, door.id, { groups });
  }
  clientVpnEndpoints.update(ctx, endpointId, { groups });
}

/** An endpoint stays at a transit gateway or in a VPC, and in the VPC that its subnets are of. */
function checkPlace(
  ctx: Context,
  { id, vpcId, transitGateway }: ClientVpnEndpoint,
  asked: Omit<Sdk.ModifyClientVpnEndpointRequest, "ClientVpnEndpointId">,
): void {
  if (asked.TransitGatewayConfiguration) {
    throw new ApiError("UnsupportedOperation", "The Transit Gateway configuration cannot be modified.");
  }
  if (transitGateway && (asked.VpcId !== undefined || asked.SecurityGroupIds !== undefined)) {
    throw new ApiError(
      "UnsupportedOperation",
      `The Client VPN endpoint '${id}' is associated with a transit gateway, and has no VPC and no security groups.`,
    );
  }
  if (asked.VpcId !== undefined && asked.VpcId !== vpcId && networksOf(ctx, id).length > 0) {
    throw new ApiError("IncorrectState", `The Client VPN endpoint '${id}' has associated target networks.`);
  }
}

export const operations = {
  ModifyClientVpnEndpoint: ({ ClientVpnEndpointId, ...asked }, ctx) => {
    const row = usableEndpoint(ctx, ClientVpnEndpointId);
    const { id } = row;
    checkPlace(ctx, row, asked);
    const { ServerCertificateArn: arn, ConnectionLogOptions: log, DnsServers } = asked;
    const settings = readSettings(ctx, asked, row);
    if (asked.VpcId !== undefined) checkApart(ctx, storedCidr(row.clientCidr), asked.VpcId);
    const dnsServers = DnsServers ? changeDnsServers(row.dnsServers, DnsServers) : row.dnsServers;
    clientVpnEndpoints.update(ctx, id, {
      ...settings,
      dnsServers,
      serverCertificateArn:
        arn === undefined ? row.serverCertificateArn : readCertificate(ctx, arn, "serverCertificateArn"),
      log: log ? readConnectionLog(ctx, id, log) : row.log,
    });
    applyGroups(ctx, id, settings.groups);
    // "Modifying the DNS server resets existing client connections."
    if (dnsServers.join() !== row.dnsServers.join()) endConnections(ctx, id);
    return { Return: true };
  },
} satisfies Handlers;

export const partly = {
  ModifyClientVpnEndpoint:
    "client connect handlers, device posture; certificates of ACM are checked in form alone",
};
