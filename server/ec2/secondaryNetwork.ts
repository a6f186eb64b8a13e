import type * as Sdk from "@aws-sdk/client-ec2";
import { formatPrefix, type Prefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { readCidr } from "./cidrBlock.ts";

/** What secondary networks and their subnets go through alike. */
export type SecondaryState =
  | "create-in-progress"
  | "create-complete"
  | "delete-in-progress"
  | "delete-complete";

export interface SecondaryNetwork extends ResourceRow {
  readonly cidr: string;
  /** `sn-cidr-assoc-…` */
  readonly associationId: string;
  readonly type: Sdk.SecondaryNetworkType;
  readonly state: SecondaryState;
}

/** Seconds that EC2 takes, about, and for which it shows what is gone. */
export const SECONDARY_SECONDS = 10;
export const SECONDARY_SHOWN_SECONDS = 3600;

/** The block is there as long as what has it. */
export const associationStateOf: Readonly<
  Record<SecondaryState, Sdk.SecondaryNetworkCidrBlockAssociationState>
> = {
  "create-in-progress": "associating",
  "create-complete": "associated",
  "delete-in-progress": "disassociating",
  "delete-complete": "disassociated",
};

/**
 * A network of its own beside the VPCs, for traffic between the memories of instances.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecondaryNetwork.html
 */
export const secondaryNetworks = defineResource({
  type: "secondary-network",
  idPrefix: "sn",
  notFound: "InvalidSecondaryNetworkId.NotFound",
  ids: "SecondaryNetworkIds",
  view: (
    { id, type, state, associationId, cidr }: SecondaryNetwork,
    { account, tags, ctx },
  ): Sdk.SecondaryNetwork => ({
    SecondaryNetworkId: id,
    SecondaryNetworkArn: `arn:aws:ec2:${ctx.region}:${account}:secondary-network/${id}`,
    OwnerId: account,
    Type: type,
    State: state,
    Ipv4CidrBlockAssociations: [
      { AssociationId: associationId, CidrBlock: cidr, State: associationStateOf[state] },
    ],
    Tags: tags,
  }),
  filters: {
    "ipv4-cidr-block-association.association-id": (network) =>
      network.Ipv4CidrBlockAssociations?.map(({ AssociationId }) => AssociationId),
    "ipv4-cidr-block-association.cidr-block": (network) =>
      network.Ipv4CidrBlockAssociations?.map(({ CidrBlock }) => CidrBlock),
    "ipv4-cidr-block-association.state": (network) =>
      network.Ipv4CidrBlockAssociations?.map(({ State }) => State),
    "owner-id": (network) => network.OwnerId,
    "secondary-network-arn": (network) => network.SecondaryNetworkArn,
    "secondary-network-id": (network) => network.SecondaryNetworkId,
    state: (network) => network.State,
    type: (network) => network.Type,
  },
  transitions: {
    created: (ctx, { id, state }) => {
      if (state === "create-in-progress") secondaryNetworks.update(ctx, id, { state: "create-complete" });
    },
    deleted: (ctx, { id }) => {
      secondaryNetworks.update(ctx, id, { state: "delete-complete" });
      secondaryNetworks.later(ctx, id, "forget", SECONDARY_SHOWN_SECONDS);
    },
    forget: (ctx, { id }) => secondaryNetworks.delete(ctx, id),
  },
});

/**
 * Reads the block of a secondary network, or of a subnet of one: between a /12 and a /28.
 *
 * @throws {ApiError} InvalidParameterValue
 */
export function readSecondaryCidr(text: string): Prefix {
  const block = readCidr(text, "ipv4CidrBlock", 4);
  if (block.length >= 12 && block.length <= 28) return block;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${text}) for parameter ipv4CidrBlock is invalid. The block size must be between a /12 and a /28.`,
  );
}

/** @throws {ApiError} InvalidState for what is being made or is going away */
export function checkModifiable({
  id,
  state,
}: {
  readonly id: string;
  readonly state: SecondaryState;
}): void {
  if (state !== "create-complete") {
    throw new ApiError("InvalidState", `The resource '${id}' is not in a modifiable state: ${state}.`);
  }
}

/** The network that something is to be done in. */
export function getModifiable(ctx: Context, id: string): SecondaryNetwork {
  const network = secondaryNetworks.get(ctx, id);
  checkModifiable(network);
  return network;
}

export const operations = {
  CreateSecondaryNetwork: ({ Ipv4CidrBlock, NetworkType, TagSpecifications, ClientToken }, ctx) => {
    const network = secondaryNetworks.create(
      ctx,
      {
        cidr: formatPrefix(readSecondaryCidr(Ipv4CidrBlock)),
        associationId: `sn-cidr-assoc-0${ctx.chance.hex(16)}`,
        type: NetworkType,
        state: "create-in-progress",
      },
      TagSpecifications,
    );
    secondaryNetworks.soon(ctx, network.id, "created", SECONDARY_SECONDS);
    return { SecondaryNetwork: secondaryNetworks.show(ctx, network), ClientToken };
  },

  DeleteSecondaryNetwork: ({ SecondaryNetworkId, ClientToken }, ctx) => {
    const { id } = getModifiable(ctx, SecondaryNetworkId);
    secondaryNetworks.checkFree(ctx, id);
    const network = secondaryNetworks.update(ctx, id, { state: "delete-in-progress" });
    secondaryNetworks.soon(ctx, id, "deleted", SECONDARY_SECONDS);
    return { SecondaryNetwork: secondaryNetworks.show(ctx, network), ClientToken };
  },

  DescribeSecondaryNetworks: secondaryNetworks.describe("SecondaryNetworks"),
} satisfies Handlers;
