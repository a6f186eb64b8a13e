import type { Address } from "../address.ts";
import { allocatedAddress } from "../publicAddress.ts";
import type { TypeKeys } from "./typeKeys.ts";

export const elasticIpKeys: TypeKeys<Address> = {
  rows: {
    "ec2:AllocationId": ({ id }) => id,
    "ec2:Domain": () => "vpc",
    "ec2:PublicIpAddress": ({ id }, ctx) => allocatedAddress(ctx, id).id,
  },
  asked: { "ec2:Domain": () => "vpc" },
};
