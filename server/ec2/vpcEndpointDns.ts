import { createHash } from "node:crypto";
import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { OfferedService } from "./endpointService.ts";
import { findZone } from "./catalogue/zones.ts";

/** What an endpoint's names lead to, and whether the service's own names are among them. */
export interface EndpointDns {
  readonly recordType: Sdk.DnsRecordIpType;
  /** Whether the service's own names lead to the endpoint inside the VPC. */
  readonly isPrivate: boolean;
  /** Whether these names are for who asks through an inbound resolver endpoint alone. */
  readonly onlyForInbound: boolean;
  /** Eight letters and digits that names of the endpoint have in common. */
  readonly token: string;
}

const invalid = (message: string): ApiError => new ApiError("InvalidParameter", message);

/** Which records an address type can have, the usual one first. */
const RECORDS: Readonly<Record<Sdk.IpAddressType, readonly Sdk.DnsRecordIpType[]>> = {
  ipv4: ["ipv4", "service-defined"],
  dualstack: ["dualstack", "ipv4", "ipv6", "service-defined"],
  ipv6: ["ipv6", "service-defined"],
};

/** @throws {ApiError} InvalidParameter for records that the endpoint's addresses do not allow, or options of other types */
export function readDnsOptions(
  options: Sdk.DnsOptionsSpecification | undefined,
  addresses: Sdk.IpAddressType,
  before?: EndpointDns,
): Pick<EndpointDns, "recordType" | "onlyForInbound"> {
  if (options?.PrivateDnsPreference !== undefined || options?.PrivateDnsSpecifiedDomains?.length) {
    throw invalid("Private DNS preferences are only for endpoints of type Resource or ServiceNetwork.");
  }
  const [usual = "ipv4"] = RECORDS[addresses];
  const kept = before && RECORDS[addresses].includes(before.recordType) ? before.recordType : usual;
  const recordType = options?.DnsRecordIpType ?? kept;
  if (!RECORDS[addresses].includes(recordType)) {
    throw invalid(`The DNS record IP type ${recordType} does not fit the IP address type ${addresses}.`);
  }
  const onlyForInbound = options?.PrivateDnsOnlyForInboundResolverEndpoint ?? before?.onlyForInbound ?? false;
  return { recordType, onlyForInbound };
}

/** AWS publishes no list of its hosted zones' ids: these are made from what the zone is for, and look alike. */
const zoneId = (purpose: string): string =>
  `Z${createHash("sha256").update(purpose).digest("hex").slice(0, 20).toUpperCase()}`;

/** What of an endpoint's names the service decides. */
type Named = Pick<OfferedService, "baseName" | "name" | "privateNames" | "region">;

/** An endpoint's own names: the first leads to all its interfaces, the others to those in a zone each. */
export function ownNames(
  region: string,
  id: string,
  { token }: EndpointDns,
  zones: readonly string[],
  { baseName, name, region: home }: Named,
): { readonly name: string; readonly zone?: string }[] {
  // Buckets are a part of the name.
  const before = name === `com.amazonaws.${home}.s3` ? "*." : "";
  const known = zones.filter((zone) => findZone(region, zone));
  return [
    { name: `${before}${id}-${token}.${baseName}` },
    ...known.map((zone) => ({ name: `${before}${id}-${token}-${zone}.${baseName}`, zone })),
  ];
}

/**
 * An endpoint's names: for the region, for each of its zones, and the service's own if they are private.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html#interface-endpoint-dns-hostnames
 */
export function dnsEntries(
  region: string,
  id: string,
  dns: EndpointDns,
  zones: readonly string[],
  service: Named,
): Sdk.DnsEntry[] {
  const HostedZoneId = zoneId(`vpce.${region}`);
  return [
    ...ownNames(region, id, dns, zones, service).map(({ name }) => ({ DnsName: name, HostedZoneId })),
    ...(dns.isPrivate
      ? service.privateNames.map((each) => ({ DnsName: each, HostedZoneId: zoneId(`${id}/${each}`) }))
      : []),
  ];
}
