import type * as Sdk from "@aws-sdk/client-ec2";
import { isDeepStrictEqual } from "node:util";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { checkQuota, declareQuota } from "../kit/quotas.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { protocolName } from "./ipProtocol.ts";
import {
  checkNumber,
  defaultEntry,
  defaultIpv6Entry,
  inOrder,
  readEntry,
  viewEntry,
  withImplicit,
  type NetworkAclEntry,
} from "./networkAclEntry.ts";
import { furnishings as subnetFurnishings, subnets } from "./subnet.ts";
import { furnishings as vpcFurnishings, vpcs, type Vpc } from "./vpc.ts";

export interface NetworkAcl extends ResourceRow {
  readonly vpcId: string;
  readonly isDefault: boolean;
  /** Outbound first, then by number; without the implicit ones. */
  readonly entries: readonly NetworkAclEntry[];
}

/** Which ACL guards a subnet: each has one at any time. */
export interface NetworkAclAssociation extends ResourceRow {
  readonly aclId: string;
  readonly subnetId: string;
}

export const networkAclAssociations = defineResource({
  type: "network-acl-association",
  idPrefix: "aclassoc",
  notFound: "InvalidAssociationID.NotFound",
  ids: "AssociationIds",
  view: ({ id, aclId, subnetId }: NetworkAclAssociation): Sdk.NetworkAclAssociation => ({
    NetworkAclAssociationId: id,
    NetworkAclId: aclId,
    SubnetId: subnetId,
  }),
  filters: {},
  indexes: { acl: ({ aclId }) => aclId, subnet: ({ subnetId }) => subnetId },
  parents: { "network-acl": "acl", subnet: "subnet" },
  partOf: (_association, parent) => parent === "subnet",
});

/** The numbered rules by which packets enter and leave a subnet, whatever passed before. */
export const networkAcls = defineResource({
  type: "network-acl",
  idPrefix: "acl",
  notFound: "InvalidNetworkAclID.NotFound",
  malformed: "InvalidNetworkAclId.Malformed",
  ids: "NetworkAclIds",
  view: (acl: NetworkAcl, { account, tags, ctx }): Sdk.NetworkAcl => ({
    NetworkAclId: acl.id,
    OwnerId: account,
    VpcId: acl.vpcId,
    IsDefault: acl.isDefault,
    Associations: networkAclAssociations
      .by(ctx, "acl", acl.id)
      .map((association) => networkAclAssociations.show(ctx, association)),
    Entries: withImplicit(acl.entries, hasIpv6(ctx, acl)).map(viewEntry),
    Tags: tags,
  }),
  filters: {
    "association.association-id": (acl) =>
      acl.Associations?.map(({ NetworkAclAssociationId }) => NetworkAclAssociationId),
    "association.network-acl-id": (acl) => acl.Associations?.map(({ NetworkAclId }) => NetworkAclId),
    "association.subnet-id": (acl) => acl.Associations?.map(({ SubnetId }) => SubnetId),
    default: (acl) => acl.IsDefault,
    "entry.cidr": (acl) => acl.Entries?.map(({ CidrBlock }) => CidrBlock),
    "entry.egress": (acl) => acl.Entries?.map(({ Egress }) => Egress),
    "entry.icmp.code": (acl) => acl.Entries?.map(({ IcmpTypeCode }) => IcmpTypeCode?.Code),
    "entry.icmp.type": (acl) => acl.Entries?.map(({ IcmpTypeCode }) => IcmpTypeCode?.Type),
    "entry.ipv6-cidr": (acl) => acl.Entries?.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock),
    "entry.port-range.from": (acl) => acl.Entries?.map(({ PortRange }) => PortRange?.From),
    "entry.port-range.to": (acl) => acl.Entries?.map(({ PortRange }) => PortRange?.To),
    // "tcp | udp | icmp or a protocol number"
    "entry.protocol": (acl) =>
      acl.Entries?.flatMap(({ Protocol }) => [Protocol, protocolName(Number(Protocol))]),
    "entry.rule-action": (acl) => acl.Entries?.map(({ RuleAction }) => RuleAction),
    "entry.rule-number": (acl) => acl.Entries?.map(({ RuleNumber }) => RuleNumber),
    "network-acl-id": (acl) => acl.NetworkAclId,
    "owner-id": (acl) => acl.OwnerId,
    "vpc-id": (acl) => acl.VpcId,
  },
  filterIndexes: { "vpc-id": "vpc" },
  indexes: {
    vpc: ({ vpcId }) => vpcId,
    default: ({ vpcId, isDefault }) => (isDefault ? vpcId : undefined),
  },
  parents: { vpc: "vpc" },
  quotas: [
    {
      code: "L-B4A6D682",
      name: "Network ACLs per VPC",
      usual: 200,
      per: "vpc",
      error: () => new ApiError("NetworkAclLimitExceeded"),
    },
  ],
  partOf: ({ isDefault }) => isDefault,
});

const hasIpv6 = (ctx: Context, { vpcId }: NetworkAcl): boolean =>
  (vpcs.find(ctx, vpcId)?.ipv6.length ?? 0) > 0;

const BOTH_WAYS = [true, false];

// Each VPC has an ACL that lets everything through, for the subnets that are given no other.
vpcFurnishings.push((ctx, { id, ipv6 }) => {
  const entries = BOTH_WAYS.flatMap((egress) =>
    ipv6.length > 0 ? [defaultEntry(egress), defaultIpv6Entry(egress)] : [defaultEntry(egress)],
  );
  networkAcls.create(ctx, { vpcId: id, isDefault: true, entries });
});

function defaultAclOf(ctx: Context, vpcId: string): NetworkAcl {
  const [acl] = networkAcls.by(ctx, "default", vpcId);
  if (!acl) throw new TypeError(`${vpcId} has no default network ACL`);
  return acl;
}

subnetFurnishings.push((ctx, { id, vpcId }) => {
  networkAclAssociations.create(ctx, { aclId: defaultAclOf(ctx, vpcId).id, subnetId: id });
});

/**
 * To be called when a VPC gets its first IPv6 block: its default ACL lets IPv6 through, too, in each direction whose
 * entries nobody has changed.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html
 */
export function onIpv6Added(ctx: Context, vpc: Vpc): void {
  const { id, entries } = defaultAclOf(ctx, vpc.id);
  const added = BOTH_WAYS.filter((egress) =>
    isDeepStrictEqual(
      entries.filter((entry) => entry.egress === egress),
      [defaultEntry(egress)],
    ),
  ).map(defaultIpv6Entry);
  networkAcls.update(ctx, id, { entries: inOrder([...entries, ...added]) });
}

/** The entries of an ACL without the one of this direction and number. */
function without(acl: NetworkAcl, egress: boolean, number: number): readonly NetworkAclEntry[] {
  const others = acl.entries.filter((entry) => entry.egress !== egress || entry.number !== number);
  if (others.length === acl.entries.length) {
    throw new ApiError("InvalidNetworkAclEntry.NotFound", egress ? "egress" : "ingress", number, acl.id);
  }
  return others;
}

/** Counted in each direction, IPv4 and IPv6 apart; the default entries that nobody can remove are not counted. */
const entryQuota = declareQuota({
  code: "L-2AEEBF1A",
  name: "Rules per network ACL",
  usual: 20,
  error: () => new ApiError("NetworkAclEntryLimitExceeded"),
});

const versionOf = ({ cidr }: NetworkAclEntry): string => (cidr.includes(":") ? "IPv6" : "IPv4");

/** @throws {ApiError} NetworkAclEntryLimitExceeded */
function checkEntries(ctx: Context, entries: readonly NetworkAclEntry[], added: NetworkAclEntry): void {
  const alike = (entry: NetworkAclEntry) =>
    entry.egress === added.egress && versionOf(entry) === versionOf(added);
  checkQuota(ctx, entryQuota, () => entries.filter(alike).length + 1, "");
}

export const operations = {
  CreateNetworkAcl: ({ VpcId, TagSpecifications, ClientToken }, ctx) => {
    const { id } = vpcs.get(ctx, VpcId);
    const acl = networkAcls.create(ctx, { vpcId: id, isDefault: false, entries: [] }, TagSpecifications);
    return { NetworkAcl: networkAcls.show(ctx, acl), ClientToken };
  },

  CreateNetworkAclEntry: (input, ctx) => {
    const { id, entries } = networkAcls.get(ctx, input.NetworkAclId);
    const entry = readEntry(input);
    if (entries.some(({ egress, number }) => egress === entry.egress && number === entry.number)) {
      throw new ApiError("NetworkAclEntryAlreadyExists", entry.number);
    }
    checkEntries(ctx, entries, entry);
    networkAcls.update(ctx, id, { entries: inOrder([...entries, entry]) });
    return {};
  },

  DeleteNetworkAcl: ({ NetworkAclId }, ctx) => {
    const { id, isDefault } = networkAcls.get(ctx, NetworkAclId);
    if (isDefault) throw new ApiError("InvalidParameterValue", `cannot delete default network ACL ${id}`);
    networkAcls.checkFree(ctx, id, "networkAcl");
    networkAcls.delete(ctx, id);
    return {};
  },

  DeleteNetworkAclEntry: ({ NetworkAclId, RuleNumber, Egress }, ctx) => {
    const acl = networkAcls.get(ctx, NetworkAclId);
    checkNumber(RuleNumber);
    networkAcls.update(ctx, acl.id, { entries: without(acl, Egress, RuleNumber) });
    return {};
  },

  DescribeNetworkAcls: networkAcls.describe("NetworkAcls"),

  ReplaceNetworkAclAssociation: ({ AssociationId, NetworkAclId }, ctx) => {
    const association = networkAclAssociations.get(ctx, AssociationId);
    const acl = networkAcls.get(ctx, NetworkAclId);
    if (subnets.get(ctx, association.subnetId).vpcId !== acl.vpcId) {
      throw new ApiError(
        "InvalidParameterValue",
        `Network ACL ${acl.id} and subnet ${association.subnetId} belong to different networks.`,
      );
    }
    // "This is an idempotent operation."
    if (association.aclId === acl.id) return { NewAssociationId: association.id };
    networkAclAssociations.delete(ctx, association.id);
    const { id } = networkAclAssociations.create(ctx, { aclId: acl.id, subnetId: association.subnetId });
    return { NewAssociationId: id };
  },

  ReplaceNetworkAclEntry: (input, ctx) => {
    const acl = networkAcls.get(ctx, input.NetworkAclId);
    const entry = readEntry(input);
    const others = without(acl, entry.egress, entry.number);
    networkAcls.update(ctx, acl.id, { entries: inOrder([...others, entry]) });
    return {};
  },
} satisfies Handlers;
