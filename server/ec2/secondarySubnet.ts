import type * as Sdk from "@aws-sdk/client-ec2";
import { contains, formatPrefix, overlaps } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { findZone } from "./catalogue/zones.ts";
import { storedCidr } from "./cidrBlock.ts";
import {
  associationStateOf,
  checkModifiable,
  getModifiable,
  readSecondaryCidr,
  SECONDARY_SECONDS,
  SECONDARY_SHOWN_SECONDS,
  secondaryNetworks,
  type SecondaryNetwork,
  type SecondaryState,
} from "./secondaryNetwork.ts";
import { readZone } from "./subnet.ts";

interface SecondarySubnet extends ResourceRow {
  readonly networkId: string;
  /** Zone name: `us-east-1a`. */
  readonly zone: string;
  readonly cidr: string;
  /** `ss-cidr-assoc-…` */
  readonly associationId: string;
  readonly state: SecondaryState;
}

const isThere = ({ state }: SecondarySubnet): boolean => state !== "delete-complete";

/**
 * The part of a secondary network that is in one zone.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecondarySubnet.html
 */
export const secondarySubnets = defineResource({
  type: "secondary-subnet",
  idPrefix: "ss",
  notFound: "InvalidSecondarySubnetId.NotFound",
  ids: "SecondarySubnetIds",
  view: (row: SecondarySubnet, { account, tags, ctx }): Sdk.SecondarySubnet => ({
    SecondarySubnetId: row.id,
    SecondarySubnetArn: `arn:aws:ec2:${ctx.region}:${account}:secondary-subnet/${row.id}`,
    SecondaryNetworkId: row.networkId,
    SecondaryNetworkType: secondaryNetworks.table(ctx).get(row.networkId)?.type,
    OwnerId: account,
    AvailabilityZone: row.zone,
    AvailabilityZoneId: findZone(ctx.region, row.zone)?.id,
    Ipv4CidrBlockAssociations: [
      { AssociationId: row.associationId, CidrBlock: row.cidr, State: associationStateOf[row.state] },
    ],
    State: row.state,
    Tags: tags,
  }),
  filters: {
    "ipv4-cidr-block-association.association-id": (subnet) =>
      subnet.Ipv4CidrBlockAssociations?.map(({ AssociationId }) => AssociationId),
    "ipv4-cidr-block-association.cidr-block": (subnet) =>
      subnet.Ipv4CidrBlockAssociations?.map(({ CidrBlock }) => CidrBlock),
    "ipv4-cidr-block-association.state": (subnet) =>
      subnet.Ipv4CidrBlockAssociations?.map(({ State }) => State),
    "owner-id": (subnet) => subnet.OwnerId,
    "secondary-network-id": (subnet) => subnet.SecondaryNetworkId,
    "secondary-network-type": (subnet) => subnet.SecondaryNetworkType,
    "secondary-subnet-arn": (subnet) => subnet.SecondarySubnetArn,
    "secondary-subnet-id": (subnet) => subnet.SecondarySubnetId,
    state: (subnet) => subnet.State,
  },
  indexes: { network: (row) => (isThere(row) ? row.networkId : undefined) },
  parents: { "secondary-network": "network" },
  transitions: {
    created: (ctx, { id, state }) => {
      if (state === "create-in-progress") secondarySubnets.update(ctx, id, { state: "create-complete" });
    },
    deleted: (ctx, { id }) => {
      secondarySubnets.update(ctx, id, { state: "delete-complete" });
      secondarySubnets.later(ctx, id, "forget", SECONDARY_SHOWN_SECONDS);
    },
    forget: (ctx, { id }) => secondarySubnets.delete(ctx, id),
  },
});

/**
 * The block of a new subnet: within the network's, apart from the other subnets'.
 *
 * @throws {ApiError} InvalidParameterValue, InvalidSubnet.Range, InvalidSubnet.Conflict
 */
function readBlock(ctx: Context, network: SecondaryNetwork, text: string): string {
  const block = readSecondaryCidr(text);
  const cidr = formatPrefix(block);
  if (!contains(storedCidr(network.cidr), block)) throw new ApiError("InvalidSubnet.Range", cidr);
  for (const other of secondarySubnets.by(ctx, "network", network.id)) {
    if (overlaps(storedCidr(other.cidr), block)) throw new ApiError("InvalidSubnet.Conflict", cidr);
  }
  return cidr;
}

export const operations = {
  CreateSecondarySubnet: (input, ctx) => {
    const network = getModifiable(ctx, input.SecondaryNetworkId);
    const zone = readZone(ctx, input.AvailabilityZone, input.AvailabilityZoneId);
    const subnet = secondarySubnets.create(
      ctx,
      {
        networkId: network.id,
        zone: zone.name,
        cidr: readBlock(ctx, network, input.Ipv4CidrBlock),
        associationId: `ss-cidr-assoc-0${ctx.chance.hex(16)}`,
        state: "create-in-progress",
      },
      input.TagSpecifications,
    );
    secondarySubnets.soon(ctx, subnet.id, "created", SECONDARY_SECONDS);
    return { SecondarySubnet: secondarySubnets.show(ctx, subnet), ClientToken: input.ClientToken };
  },

  DeleteSecondarySubnet: ({ SecondarySubnetId, ClientToken }, ctx) => {
    const row = secondarySubnets.get(ctx, SecondarySubnetId);
    checkModifiable(row);
    const subnet = secondarySubnets.update(ctx, row.id, { state: "delete-in-progress" });
    secondarySubnets.soon(ctx, row.id, "deleted", SECONDARY_SECONDS);
    return { SecondarySubnet: secondarySubnets.show(ctx, subnet), ClientToken };
  },

  DescribeSecondarySubnets: secondarySubnets.describe("SecondarySubnets"),
} satisfies Handlers;
