import type * as Sdk from "@aws-sdk/client-ec2";
import { contains, formatPrefix, overlaps, parseAddress, sizeOf, type Prefix } from "../../network/cidr.ts";
import { ownAddresses } from "../../network/subnetAddresses.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { readCidr, storedCidr } from "./cidrBlock.ts";
import { networkInterfaces } from "./networkInterface.ts";
import { addressUsers, reservedBlocks, subnets, type Subnet } from "./subnet.ts";

export interface SubnetCidrReservation extends ResourceRow {
  readonly subnetId: string;
  /** IPv4 or IPv6. */
  readonly cidr: string;
  /** `prefix`: EC2 takes from it the prefixes that it chooses. `explicit`: EC2 takes nothing from it by itself. */
  readonly type: Sdk.SubnetCidrReservationType;
  readonly description: string | undefined;
}

const filters = {
  reservationType: (reservation: Sdk.SubnetCidrReservation) => reservation.ReservationType,
  "subnet-id": (reservation: Sdk.SubnetCidrReservation) => reservation.SubnetId,
};

/** A part of a subnet's addresses that EC2 does not give out by its own choice. */
export const reservations = defineResource({
  type: "subnet-cidr-reservation",
  idPrefix: "scr",
  notFound: "InvalidSubnetCidrReservationID.NotFound",
  ids: "SubnetCidrReservationIds",
  view: (row: SubnetCidrReservation, { account, tags }): Sdk.SubnetCidrReservation => ({
    SubnetCidrReservationId: row.id,
    SubnetId: row.subnetId,
    Cidr: row.cidr,
    ReservationType: row.type,
    OwnerId: account,
    Description: row.description,
    Tags: tags,
  }),
  filters,
  indexes: { subnet: ({ subnetId }) => subnetId },
  parents: { subnet: "subnet" },
  partOf: () => true,
});

const reservationsOf = (ctx: Context, subnetId: string, version: 4 | 6): Prefix[] =>
  reservations
    .by(ctx, "subnet", subnetId)
    .map(({ cidr }) => storedCidr(cidr))
    .filter((block) => block.version === version);

/** How many IPv4 addresses of a reservation neither an interface has nor the network itself. */
function unused(ctx: Context, subnet: Subnet, reserved: Prefix): number {
  const isReserved = (text: string): boolean => contains(reserved, parseAddress(text) ?? storedCidr(text));
  const own = subnet.cidr === undefined ? [] : ownAddresses(storedCidr(subnet.cidr));
  let count = Number(sizeOf(reserved)) - own.filter((address) => contains(reserved, address)).length;
  for (const { privateAddresses, ipv4Prefixes } of networkInterfaces.by(ctx, "subnet", subnet.id)) {
    count -= privateAddresses.filter(isReserved).length;
    for (const prefix of ipv4Prefixes.map(storedCidr)) {
      if (overlaps(prefix, reserved)) count -= Number(sizeOf(contains(reserved, prefix) ? prefix : reserved));
    }
  }
  return count;
}

addressUsers.push((ctx, subnetId) => {
  const blocks = reservationsOf(ctx, subnetId, 4);
  const subnet = blocks.length > 0 ? subnets.table(ctx).get(subnetId) : undefined;
  return subnet ? blocks.reduce((sum, block) => sum + unused(ctx, subnet, block), 0) : 0;
});

reservedBlocks.push((ctx, subnetId) => reservations.by(ctx, "subnet", subnetId));

/**
 * Reads what a reservation is to hold: addresses of the subnet, in use or not, that no other one holds.
 *
 * @throws {ApiError} InvalidParameterValue
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/subnet-cidr-reservation.html
 */
function readReserved(ctx: Context, subnet: Subnet, text: string): string {
  const block = readCidr(text, "cidr");
  const cidr = formatPrefix(block);
  const blocks = [
    ...(subnet.cidr === undefined ? [] : [subnet.cidr]),
    ...subnet.ipv6.map((each) => each.cidr),
  ];
  if (!blocks.some((each) => contains(storedCidr(each), block))) {
    throw new ApiError(
      "InvalidParameterValue",
      `Reservation CIDR ${cidr} is not within the CIDR blocks of the subnet ${subnet.id}`,
    );
  }
  if (reservationsOf(ctx, subnet.id, block.version).some((other) => overlaps(other, block))) {
    throw new ApiError(
      "InvalidParameterValue",
      `Reservation CIDR ${cidr} has overlap with existing reserved CIDR block`,
    );
  }
  return cidr;
}

const describe = describeList({
  output: "Reservations",
  filters,
  tagged: true,
  of: ({ SubnetId }: Sdk.GetSubnetCidrReservationsRequest, ctx) =>
    reservations
      .by(ctx, "subnet", subnets.get(ctx, SubnetId ?? "").id)
      .map((row) => reservations.show(ctx, row)),
});

const isIpv6 = ({ Cidr }: Sdk.SubnetCidrReservation): boolean => Cidr?.includes(":") ?? false;

export const operations = {
  CreateSubnetCidrReservation: ({ SubnetId, Cidr, ReservationType, Description, TagSpecifications }, ctx) => {
    const subnet = subnets.get(ctx, SubnetId);
    const row = reservations.create(
      ctx,
      {
        subnetId: subnet.id,
        cidr: readReserved(ctx, subnet, Cidr),
        type: ReservationType,
        description: Description,
      },
      TagSpecifications,
    );
    return { SubnetCidrReservation: reservations.show(ctx, row) };
  },

  DeleteSubnetCidrReservation: ({ SubnetCidrReservationId }, ctx) => {
    const row = reservations.get(ctx, SubnetCidrReservationId);
    const view = reservations.show(ctx, row);
    reservations.delete(ctx, row.id);
    return { DeletedSubnetCidrReservation: view };
  },

  GetSubnetCidrReservations: Object.assign(
    (input: Sdk.GetSubnetCidrReservationsRequest, ctx: Context): Sdk.GetSubnetCidrReservationsResult => {
      const { Reservations, ...page } = describe(input, ctx);
      return {
        SubnetIpv4CidrReservations: Reservations.filter((each) => !isIpv6(each)),
        SubnetIpv6CidrReservations: Reservations.filter(isIpv6),
        ...page,
      };
    },
    { filters: describe.filters },
  ),
} satisfies Handlers;
