import { subnetOf } from "../../network/cidr.ts";
import { pickAddress } from "../../network/subnetAddresses.ts";
import { ApiError } from "../errors.ts";
import { later, onDue } from "../kit/agenda.ts";
import type { Context } from "../kit/context.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { regions } from "./catalogue/regions.ts";
import { storedCidr } from "./cidrBlock.ts";

/** Where a public address leads: to a private one of an interface, or to a regional NAT gateway, which has none. */
type Mapping = {
  /** `eipassoc-…`; absent for an address that is only lent. */
  readonly associationId: string | undefined;
} & (
  | {
      readonly networkInterfaceId: string;
      readonly privateAddress: string;
      readonly natGatewayId?: undefined;
    }
  | {
      readonly natGatewayId: string;
      readonly networkInterfaceId?: undefined;
      readonly privateAddress?: undefined;
    }
);

/** A public IPv4 address that somebody has, or had until a short while ago. Its id is the address. */
export interface PublicAddress extends Row {
  readonly account: string;
  /** The allocation it belongs to; absent for one that Amazon lends to an interface. */
  readonly allocationId: string | undefined;
  readonly mapping: Mapping | undefined;
  /** The account's own pool that it comes from; absent for one of Amazon's. */
  readonly poolId?: string;
  /** Given back: nobody gets it for a while, save the account that had it allocated. */
  readonly resting: boolean;
}

export const publicAddressTable: TableDefinition<PublicAddress> = {
  name: "public-address",
  indexes: {
    allocation: ({ allocationId }) => allocationId,
    association: ({ mapping }) => mapping?.associationId,
    networkInterface: ({ mapping }) => mapping?.networkInterfaceId,
    natGateway: ({ mapping }) => mapping?.natGatewayId,
    pool: ({ poolId }) => poolId,
  },
};

/** How long an address that was given back is not given to somebody else. */
const REST_SECONDS = 3600;

onDue("public-address", (ctx, target) => {
  if (ctx.unit.table(publicAddressTable).get(target)?.resting)
    ctx.unit.table(publicAddressTable).remove(target);
});

/** Blocks that Amazon announces; of each, every region has a /16 of its own. */
export const AMAZON_IPV4 = ["3.0.0.0/9", "52.0.0.0/10", "54.64.0.0/10"].map(storedCidr);

/** Takes an address that nobody in the region has. */
export function takePublicAddress(ctx: Context, allocationId?: string): PublicAddress {
  const table = ctx.unit.table(publicAddressTable);
  const place = BigInt([...regions.keys()].indexOf(ctx.region));
  const first = ctx.chance.below(AMAZON_IPV4.length);
  for (const block of [...AMAZON_IPV4.slice(first), ...AMAZON_IPV4.slice(0, first)]) {
    const id = pickAddress(
      subnetOf(block, 16, place),
      (address) => table.get(address) !== undefined,
      (bound) => ctx.chance.below(bound),
    );
    if (id !== undefined) return insertPublicAddress(ctx, { id, allocationId });
  }
  throw new ApiError("InsufficientAddressCapacity");
}

/** Gives the account an address that nobody has. */
export function insertPublicAddress(
  ctx: Context,
  fields: Pick<PublicAddress, "allocationId" | "id" | "poolId">,
): PublicAddress {
  const row: PublicAddress = {
    ...fields,
    seq: ctx.unit.nextSeq(),
    account: ctx.account,
    mapping: undefined,
    resting: false,
  };
  ctx.unit.table(publicAddressTable).insert(row);
  return row;
}

/** Gives an account back the address that it had allocated, if nobody else has it by now. */
export function recoverPublicAddress(
  ctx: Context,
  id: string,
  allocationId: string,
): PublicAddress | undefined {
  const row = ctx.unit.table(publicAddressTable).get(id);
  if (!row?.resting || row.account !== ctx.account || row.allocationId === undefined) return undefined;
  return put(ctx, { ...row, allocationId, resting: false });
}

/** Lets a public address lead to an interface, or nowhere. */
export const mapPublicAddress = (
  ctx: Context,
  row: PublicAddress,
  mapping: Mapping | undefined,
): PublicAddress => put(ctx, { ...row, mapping });

/** Ends a mapping: an address that was only lent is given back. */
export function unmapPublicAddress(ctx: Context, row: PublicAddress): void {
  if (row.allocationId === undefined) giveBackPublicAddress(ctx, row);
  else mapPublicAddress(ctx, row, undefined);
}

/** Whoever has the pool can have the address again at once; Amazon's rest first. */
export function giveBackPublicAddress(ctx: Context, row: PublicAddress): void {
  if (row.poolId !== undefined) {
    ctx.unit.table(publicAddressTable).remove(row.id);
    return;
  }
  put(ctx, { ...row, mapping: undefined, resting: true });
  later(ctx, "public-address", row.id, "forget", REST_SECONDS);
}

/** Makes the calling account the owner of an address that another one had allocated. */
export const takeOverPublicAddress = (ctx: Context, row: PublicAddress): PublicAddress =>
  put(ctx, { ...row, account: ctx.account });

/** The public addresses that lead to an interface. */
export const publicAddressesOf = (
  { unit }: Pick<Context, "unit">,
  networkInterfaceId: string,
): PublicAddress[] => unit.table(publicAddressTable).by("networkInterface", networkInterfaceId);

/** The public addresses that a regional NAT gateway has. */
export const publicAddressesOfGateway = (ctx: Context, natGatewayId: string): PublicAddress[] =>
  ctx.unit.table(publicAddressTable).by("natGateway", natGatewayId);

/** The address of an allocation. */
export function allocatedAddress(ctx: Context, allocationId: string): PublicAddress {
  const row = ctx.unit
    .table(publicAddressTable)
    .by("allocation", allocationId)
    .find(({ resting }) => !resting);
  if (!row) throw new TypeError(`no address of ${allocationId}`);
  return row;
}

/** An address that the caller's account has allocated. */
export function findAllocated(ctx: Context, address: string): PublicAddress | undefined {
  const row = ctx.unit.table(publicAddressTable).get(address);
  return row && !row.resting && row.account === ctx.account && row.allocationId !== undefined
    ? row
    : undefined;
}

/** The caller's address that has this association. */
export const findAssociated = (ctx: Context, associationId: string): PublicAddress | undefined =>
  ctx.unit
    .table(publicAddressTable)
    .by("association", associationId)
    .find(({ account }) => account === ctx.account);

function put(ctx: Context, row: PublicAddress): PublicAddress {
  ctx.unit.table(publicAddressTable).replace(row);
  return row;
}
