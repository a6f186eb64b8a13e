import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { getChangeable, networkInterfaces } from "./networkInterface.ts";
import { namedAddresses } from "./networkInterfaceView.ts";

/** Which addresses a name of each type leads to. */
const LEADS_TO = {
  "public-dual-stack-dns-name": ["ipv4", "ipv6"],
  "public-ipv4-dns-name": ["ipv4"],
  "public-ipv6-dns-name": ["ipv6"],
} as const;

const NAMES = { ipv4: "public IPv4", ipv6: "IPv6" } as const;

/** @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/hostname-types.html */
export const operations = {
  ModifyPublicIpDnsNameOptions: ({ NetworkInterfaceId, HostnameType }, ctx) => {
    const eni = getChangeable(ctx, NetworkInterfaceId);
    const addresses = namedAddresses(ctx, eni);
    if (!addresses) {
      throw new ApiError(
        "OperationNotPermitted",
        `The VPC ${eni.vpcId} must have both DNS hostnames and DNS support enabled.`,
      );
    }
    for (const version of LEADS_TO[HostnameType]) {
      if (addresses[version] !== undefined) continue;
      throw new ApiError(
        "InvalidParameterValue",
        `Value (${HostnameType}) for parameter hostnameType is invalid. The network interface '${eni.id}' does not have a ${NAMES[version]} address.`,
      );
    }
    networkInterfaces.update(ctx, eni.id, { publicHostname: HostnameType });
    return { Successful: true };
  },
} satisfies Handlers;
