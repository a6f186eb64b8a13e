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

/** @see https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-dns.html */
function peered(rows: Rows, region: string, vpcId: string): readonly { region: string; vpcId: string }[] {
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
function attached(rows: Rows, region: string, vpcId: string): readonly { region: string; vpcId: string }[] {
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

/** A VPC that gives names, first, and those that let it know their private addresses and give names as well. */
export function nearVpcs(rows: Rows, region: string, vpcId: string): NearVpc[] {
  const all = [{ region, vpcId }, ...peered(rows, region, vpcId), ...attached(rows, region, vpcId)];
  const found = new Map<string, NearVpc>();
  for (const each of all) {
    const vpc = vpcs.table({ unit: rows(each.region) }).get(each.vpcId);
    if (vpc && givesNames(vpc)) found.set(vpc.id, { region: each.region, vpc });
    else if (each.vpcId === vpcId) return [];
  }
  return [...found.values()];
}
