import { covers, reversedAddress } from "../../../network/domainName.ts";
import { isPrivate } from "../../../network/internetGateway.ts";
import { block, formatIp, isIpv4, parseIp, within, type Ip } from "../../../network/ip.ts";
import type { Records, Zone } from "../../../network/zone.ts";
import { ipv6Domain, privateDnsName, privateDomain, publicDomain } from "../../ec2/dnsName.ts";
import { serviceOf } from "../../ec2/endpointService.ts";
import { instances } from "../../ec2/instance.ts";
import { vpcEndpoints } from "../../ec2/vpcEndpoint.ts";
import { endpointRecords } from "./endpointRecords.ts";
import { nearVpcs, type NearVpc } from "./nearVpcs.ts";
import { publicName, publicZone, type NameSources } from "./publicZone.ts";

/** The region of the VPC that has an address; of IPv4, whose private blocks are in many, the first one's that has it. */
const regionWith = (near: readonly NearVpc[], address: Ip): string | undefined =>
  near.find(({ vpc }) => vpc.ipv4.some(({ cidr }) => within(block(cidr), address)))?.region;

/**
 * A region's private names. Those of addresses are made from the address, and there for all of a VPC's blocks; those of
 * RFC 1918 are so in the whole region. Those of instances have the records that the instance's options say.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html#vpc-dns-hostnames
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-naming.html
 */
function privateNames({ rows, network }: NameSources, near: readonly NearVpc[], region: string): Zone {
  const [home] = near;
  const there = near.filter((each) => each.region === region);
  const isKnown = (address: Ip): boolean =>
    regionWith(there, address) !== undefined || (region === home?.region && isPrivate(address));

  const byAddress = (label: string): Records | undefined => {
    const address = parseIp(label.replace(/^ip-/, "").replaceAll("-", "."));
    const isName = address !== undefined && `ip-${formatIp(address).replaceAll(".", "-")}` === label;
    return isName && isIpv4(address) && isKnown(address) ? { A: [formatIp(address)] } : undefined;
  };
  const byInstance = (label: string): Records | undefined => {
    const unit = rows(region);
    const instance = instances.table({ unit }).get(label);
    const eni = network.primaryInterface(unit, label);
    if (!instance || !there.some(({ vpc }) => vpc.id === eni?.vpcId)) return undefined;
    const { aRecord, aaaaRecord } = instance.hostname;
    const records = {
      ...(aRecord && { A: eni?.privateAddresses.slice(0, 1) ?? [] }),
      ...(aaaaRecord && { AAAA: eni?.ipv6Addresses.slice(0, 1) ?? [] }),
    };
    return aRecord || aaaaRecord ? records : undefined;
  };
  const domain = privateDomain(region);
  return {
    domain,
    of: home?.vpc.id ?? "",
    find: (name) => {
      const label = name.slice(0, -domain.length - 1);
      return byAddress(label) ?? byInstance(label);
    },
  };
}

/** Names of addresses: a VPC's own are private names, and whatever else is private has none (RFC 6303). */
function reverseNames(near: readonly NearVpc[], open: Zone): Zone {
  return {
    domain: "in-addr.arpa",
    of: near[0]?.vpc.id ?? "",
    find: (name) => {
      const address = reversedAddress(name);
      if (address === undefined) return open.find(name);
      const region = regionWith(near, address);
      if (region !== undefined) return { PTR: [privateDnsName(region, formatIp(address))] };
      return isPrivate(address) ? undefined : open.find(name);
    },
  };
}

/** The domains of a region's public names, which lead to private addresses where these may be known. */
function publicNames(sources: NameSources, near: readonly NearVpc[], open: Zone, domain: string): Zone {
  return {
    domain,
    of: near[0]?.vpc.id ?? "",
    find: (name) => {
      const found = publicName(sources, name);
      return near.some(({ vpc }) => vpc.id === found?.vpcId) ? found?.inside : open.find(name);
    },
  };
}

/** The service's names, where they are to lead to an endpoint in the VPC: each a domain of its own. */
function endpointZones({ rows }: NameSources, { region, vpc }: NearVpc): Zone[] {
  const ctx = { unit: rows(region), region, unitOf: rows };
  return vpcEndpoints
    .table(ctx)
    .by("vpc", vpc.id)
    .filter(({ state, dns }) => state === "available" && dns.isPrivate && !dns.onlyForInbound)
    .flatMap((endpoint) =>
      (serviceOf(ctx, endpoint)?.privateNames ?? []).map((pattern) => ({
        domain: pattern.replace(/^\*\./, "").toLowerCase(),
        of: endpoint.id,
        find: (name: string) =>
          covers(pattern.toLowerCase(), name)
            ? endpointRecords(ctx.unit, endpoint, endpoint.interfaces, "private")
            : undefined,
      })),
    );
}

/**
 * What Amazon's DNS server tells who is in a VPC: private names, and private addresses by public names, only where the
 * VPC has both DNS attributes.
 *
 * @see https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-overview-forward-vpc-to-network-autodefined-rules.html
 */
export function vpcZones(sources: NameSources, region: string, vpcId: string): Zone[] {
  const open = publicZone(sources);
  const near = nearVpcs(sources.rows, region, vpcId);
  const [home] = near;
  if (!home) return [open];
  const places = [...new Set(near.map((each) => each.region))];
  return [
    open,
    reverseNames(near, open),
    ...places.flatMap((place) => [
      privateNames(sources, near, place),
      publicNames(sources, near, open, publicDomain(place)),
      publicNames(sources, near, open, ipv6Domain(place)),
    ]),
    ...endpointZones(sources, home),
  ];
}
