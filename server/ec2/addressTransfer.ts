import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import { later, onDue } from "../kit/agenda.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { addresses, checkAddressQuota } from "./address.ts";
import { forbidden } from "./networkInterface.ts";
import { allocatedAddress, publicAddressTable, takeOverPublicAddress } from "./publicAddress.ts";

/** An offer of an elastic address to another account. Its id is the allocation's and the account that offers it. */
interface AddressTransfer extends Row {
  /** Who offers it. */
  readonly account: string;
  readonly allocationId: string;
  /** The address itself. */
  readonly address: string;
  /** To whom: 12 digits. */
  readonly to: string;
  /** Until when it can be accepted: milliseconds since the epoch. */
  readonly expires: number;
  /** When it was: milliseconds since the epoch. */
  readonly accepted: number | undefined;
}

const addressTransferTable: TableDefinition<AddressTransfer> = {
  name: "address-transfer",
  indexes: { account: ({ account }) => account, address: ({ address }) => address },
};

const DAY = 86_400;
/** "The transfer account has seven days to accept the Elastic IP address transfer." In seconds. */
const OPEN = 7 * DAY;
/** "Accepted transfers are visible to the source account for 14 days." In seconds. */
const SHOWN = 14 * DAY;

const KIND = "address-transfer";
onDue(KIND, (ctx, target) => {
  const table = ctx.unit.table(addressTransferTable);
  if (table.get(target)) table.remove(target);
});

const rowId = (account: string, allocationId: string): string => `${allocationId}/${account}`;

/** Whether an offer still stands: whoever offered the address has it, and the offer has not been accepted. */
const isPending = (ctx: Context, { account, accepted, allocationId }: AddressTransfer): boolean =>
  accepted === undefined && addresses.table(ctx).get(allocationId)?.account === account;

const view = (
  { accepted, address, allocationId, expires, to }: AddressTransfer,
  status: Sdk.AddressTransferStatus,
): Sdk.AddressTransfer => ({
  AllocationId: allocationId,
  PublicIp: address,
  TransferAccountId: to,
  TransferOfferExpirationTimestamp: new Date(expires),
  TransferOfferAcceptedTimestamp: accepted === undefined ? undefined : new Date(accepted),
  AddressTransferStatus: status,
});

/** The caller's standing offer of an address. */
function findOwn(ctx: Context, allocationId: string): AddressTransfer | undefined {
  const row = ctx.unit.table(addressTransferTable).get(rowId(ctx.account, allocationId));
  return row && isPending(ctx, row) ? row : undefined;
}

/** The standing offer of an address to the caller. */
export const offerOf = (ctx: Context, address: string): AddressTransfer | undefined =>
  ctx.unit
    .table(addressTransferTable)
    .by("address", address)
    .find((each) => each.to === ctx.account && isPending(ctx, each));

/** Writes an offer, which is forgotten after so many seconds, whatever becomes of the account that it was made to. */
function put(ctx: Context, row: AddressTransfer, seconds: number): AddressTransfer {
  const table = ctx.unit.table(addressTransferTable);
  if (table.get(row.id)) table.remove(row.id);
  table.insert(row);
  later({ ...ctx, account: row.account }, KIND, row.id, "forget", seconds);
  return row;
}

/** @throws {ApiError} AuthFailure, UnsupportedOperation for an address of a pool of one's own */
function checkTransferable(ctx: Context, allocationId: string): string {
  const { serviceManaged } = addresses.get(ctx, allocationId);
  if (serviceManaged !== undefined) throw forbidden();
  const { id, poolId } = allocatedAddress(ctx, allocationId);
  if (poolId !== undefined) {
    throw new ApiError(
      "UnsupportedOperation",
      `The address ${id} cannot be transferred: it is allocated from the pool '${poolId}', which you brought to AWS.`,
    );
  }
  return id;
}

/**
 * Moves an address to the calling account, under the same allocation id but without its tags.
 *
 * @throws {ApiError} InvalidTransfer.AddressCustomPtrSet, InvalidTransfer.AddressAssociated, AddressLimitExceeded
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/transfer-EIPs-intro-ec2.html
 */
function move(
  ctx: Context,
  { allocationId }: AddressTransfer,
  tags: readonly Sdk.TagSpecification[] | undefined,
): void {
  const { ptr, ptrUpdate } = addresses.table(ctx).get(allocationId) ?? {};
  const address = allocatedAddress(ctx, allocationId);
  if (ptr !== undefined || ptrUpdate) throw new ApiError("InvalidTransfer.AddressCustomPtrSet", address.id);
  if (address.mapping) throw new ApiError("InvalidTransfer.AddressAssociated", address.id);
  checkAddressQuota(ctx);
  addresses.delete(ctx, allocationId);
  addresses.create(ctx, { ptr: undefined, ptrUpdate: undefined }, tags, allocationId);
  takeOverPublicAddress(ctx, address);
}

export const operations = {
  AcceptAddressTransfer: ({ Address, TagSpecifications }, ctx) => {
    const offer = offerOf(ctx, Address);
    if (!offer || !ctx.unit.table(publicAddressTable).get(Address)) {
      throw new ApiError("InvalidAddress.NotFound", Address);
    }
    move(ctx, offer, TagSpecifications);
    return { AddressTransfer: view(put(ctx, { ...offer, accepted: ctx.now }, SHOWN), "accepted") };
  },

  DescribeAddressTransfers: describeList({
    output: "AddressTransfers",
    filters: {},
    pages: [5, 1000],
    of: ({ AllocationIds }: Sdk.DescribeAddressTransfersRequest, ctx) => {
      const rows = ctx.unit.table(addressTransferTable).by("account", ctx.account);
      const shown = rows.filter((row) => row.accepted !== undefined || isPending(ctx, row));
      for (const id of AllocationIds ?? []) {
        // An address that was given away is still known by its transfer.
        if (!shown.some(({ allocationId }) => allocationId === id)) addresses.get(ctx, id);
      }
      return shown
        .filter(({ allocationId }) => !AllocationIds?.length || AllocationIds.includes(allocationId))
        .map((row) => view(row, row.accepted === undefined ? "pending" : "accepted"));
    },
  }),

  DisableAddressTransfer: ({ AllocationId }, ctx) => {
    const { id } = addresses.get(ctx, AllocationId);
    const offer = findOwn(ctx, id);
    if (!offer) throw new ApiError("IncorrectState", `The transfer of the address '${id}' is not enabled.`);
    ctx.unit.table(addressTransferTable).remove(offer.id);
    return { AddressTransfer: view(offer, "disabled") };
  },

  EnableAddressTransfer: ({ AllocationId, TransferAccountId: to }, ctx) => {
    const address = checkTransferable(ctx, AllocationId);
    if (!/^\d{12}$/.test(to) || to === ctx.account) {
      throw new ApiError(
        "InvalidParameterValue",
        `Value (${to}) for parameter transferAccountId is invalid. It must be the ID of another account.`,
      );
    }
    const known = findOwn(ctx, AllocationId);
    if (known) {
      if (known.to === to) return { AddressTransfer: view(known, "pending") };
      throw new ApiError(
        "IncorrectState",
        `The transfer of the address '${AllocationId}' to the account ${known.to} is enabled.`,
      );
    }
    const offer: AddressTransfer = {
      id: rowId(ctx.account, AllocationId),
      seq: ctx.unit.nextSeq(),
      account: ctx.account,
      allocationId: AllocationId,
      address,
      to,
      expires: ctx.now + OPEN * 1000,
      accepted: undefined,
    };
    return { AddressTransfer: view(put(ctx, offer, OPEN), "pending") };
  },
} satisfies Handlers;
