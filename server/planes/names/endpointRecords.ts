import type { DnsRecordIpType } from "@aws-sdk/client-ec2";
import type { Records } from "../../../network/zone.ts";
import { networkInterfaces } from "../../ec2/networkInterface.ts";
import type { EndpointInterface, VpcEndpoint } from "../../ec2/vpcEndpoint.ts";
import type { Unit } from "../../state/unit.ts";

type Family = "A" | "AAAA";

/**
 * The records of an endpoint's own names, and of the service's private ones, by the endpoint's record type.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
 */
const FAMILIES: Readonly<Record<"own" | "private", Readonly<Record<DnsRecordIpType, readonly Family[]>>>> = {
  own: { ipv4: ["A"], ipv6: ["AAAA"], dualstack: ["A", "AAAA"], "service-defined": ["A", "AAAA"] },
  private: { ipv4: ["A"], ipv6: ["AAAA"], dualstack: ["A", "AAAA"], "service-defined": ["A"] },
};

/** What a name of an endpoint leads to: the addresses of its interfaces. */
export function endpointRecords(
  unit: Unit,
  { dns }: VpcEndpoint,
  interfaces: readonly EndpointInterface[],
  which: "own" | "private",
): Records {
  const rows = interfaces.flatMap(
    ({ interfaceId }) => networkInterfaces.table({ unit }).get(interfaceId) ?? [],
  );
  const all: Required<Pick<Records, Family>> = {
    A: rows.flatMap(({ privateAddresses }) => privateAddresses.slice(0, 1)),
    AAAA: rows.flatMap(({ ipv6Addresses }) => ipv6Addresses.slice(0, 1)),
  };
  return Object.fromEntries(FAMILIES[which][dns.recordType].map((family) => [family, all[family]]));
}
