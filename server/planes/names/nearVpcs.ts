import { isLive, transitGatewayAttachments } from "../../ec2/transitGatewayAttachment.ts";
import { transitGateways } from "../../ec2/transitGateway.ts";
import { givesNames, vpcs, type Vpc } from "../../ec2/vpc.ts";
import { vpcPeerings } from "../../ec2/vpcPeering.ts";
import type { NameSources } from "./publicZone.ts";

/** A VPC whose private addresses may be told by name. */
export interface NearVpc {
  readonly region: string;
  readonly vpc: Vpc;
}

type Rows = NameSources["rows"];

interface Place {
  readonly region: string;
  readonly vpcId: string;
}

/** @see https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-dns.html */
function peered(rows: Rows, region: string, vpcId: string): readonly Place[] {
  return vpcPeerings
    .table({ unit: rows(region) })
    .by("live", vpcId)
    .flatMap(({ state, requester, accepter }) => {
      const other = requester.vpcId === vpcId ? accepter : requester;
      return state === "active" && other.dnsResolution ? [other] : [];
    });
}

/**
 * Over transit gateways, where these and both attachments have DNS support.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html
 */
function attached(rows: Rows, region: string, vpcId: string): readonly Place[] {
  const unit = rows(region);
  const attachments = transitGatewayAttachments.table({ unit });
  return attachments
    .by("resource", vpcId)
    .filter((row) => isLive(row) && row.to.type === "vpc" && row.to.dns === "enable")
    .filter(({ gatewayId }) => transitGateways.table({ unit }).get(gatewayId)?.dns === "enable")
    .flatMap(({ gatewayId }) => attachments.by("gateway", gatewayId))
    .flatMap((row) =>
      isLive(row) && row.to.type === "vpc" && row.to.dns === "enable" ? [{ region, vpcId: row.to.id }] : [],
    );
}

/** A VPC, first, and those that let it know their private addresses; none of them if it does not give names itself. */
export function nearVpcs(rows: Rows, region: string, vpcId: string): NearVpc[] {
  const named = (place: Place): NearVpc[] => {
    const vpc = vpcs.table({ unit: rows(place.region) }).get(place.vpcId);
    return vpc && givesNames(vpc) ? [{ region: place.region, vpc }] : [];
  };
  const [home] = named({ region, vpcId });
  if (!home) return [];
  const others = [...peered(rows, region, vpcId), ...attached(rows, region, vpcId)];
  return [home, ...others.filter((other) => other.vpcId !== vpcId).flatMap(named)];
}
