import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { takePage } from "../kit/pages.ts";
import { addresses, type Address } from "./address.ts";
import { allocatedAddress } from "./publicAddress.ts";

/** The name that an address leads back to, and a change of it that is under way. */
const viewAttribute = (ctx: Context, { id, ptr, ptrUpdate }: Address): Sdk.AddressAttribute => ({
  AllocationId: id,
  PublicIp: allocatedAddress(ctx, id).id,
  PtrRecord: ptr,
  PtrRecordUpdate: ptrUpdate && { Value: ptrUpdate.value, Status: "PENDING" },
});

/** A domain name with at least two labels, with or without the dot at its end. */
const DOMAIN_NAME =
  /^(?=.{1,254}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])\.?$/i;

/**
 * Changes where an address leads back to. EC2 first makes sure that the name leads to the address; here nobody has to set
 * records for that.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Elastic_Addressing_Reverse_DNS.html
 */
function update(ctx: Context, allocationId: string, value: string | undefined): Sdk.AddressAttribute {
  const { id } = addresses.get(ctx, allocationId);
  const row = addresses.update(ctx, id, { ptrUpdate: { value } });
  addresses.soon(ctx, id, "ptrUpdated", 60);
  return viewAttribute(ctx, row);
}

export const operations = {
  DescribeAddressesAttribute: (input, ctx) => {
    const rows = input.AllocationIds?.length
      ? addresses.getAll(ctx, input.AllocationIds)
      : addresses.visible(ctx);
    const { items, ...page } = takePage(ctx, rows, input, (row) => viewAttribute(ctx, row), [1, 1000]);
    return { Addresses: items, ...page };
  },

  ModifyAddressAttribute: ({ AllocationId, DomainName }, ctx) => {
    if (DomainName === undefined) throw new ApiError("MissingParameter", "domainName");
    if (!DOMAIN_NAME.test(DomainName)) {
      throw new ApiError(
        "InvalidParameterValue",
        `Value (${DomainName}) for parameter domainName is invalid.`,
      );
    }
    return { Address: update(ctx, AllocationId, `${DomainName.replace(/\.$/, "")}.`) };
  },

  ResetAddressAttribute: ({ AllocationId }, ctx) => ({ Address: update(ctx, AllocationId, undefined) }),
} satisfies Handlers;

export const partly = {
  ModifyAddressAttribute: "whether the name leads to the address is not looked at",
};
