import { covers, reversedAddress } from "../../../network/domainName.ts";
import type { Internet } from "../../../network/internet.ts";
import { formatIp, isIpv4, plus } from "../../../network/ip.ts";
import type { Records, Zone } from "../../../network/zone.ts";
import { addresses } from "../../ec2/address.ts";
import { awsPrefixLists } from "../../ec2/catalogue/prefixLists.ts";
import { regions } from "../../ec2/catalogue/regions.ts";
import { ipv6Domain, publicDnsName } from "../../ec2/dnsName.ts";
import { networkInterfaces, type NetworkInterface } from "../../ec2/networkInterface.ts";
import { publicNamesOf } from "../../ec2/networkInterfaceView.ts";
import { publicAddressTable, type PublicAddress } from "../../ec2/publicAddress.ts";
import { givesNames, vpcs } from "../../ec2/vpc.ts";
import { ownNamesOf, vpcEndpoints } from "../../ec2/vpcEndpoint.ts";
import type { Unit } from "../../state/unit.ts";
import type { Network } from "../network.ts";
import { endpointRecords } from "./endpointRecords.ts";

/** What names are made of. */
export interface NameSources {
  /** The rows of a region, brought up to now. */
  readonly rows: (region: string) => Unit;
  readonly network: Pick<Network, "fabric" | "primaryInterface">;
}

/** An interface's public name: what it leads to depends on who asks. */
export interface PublicName {
  readonly vpcId: string;
  /** For who asks inside the VPC, or in one that it lets know its private addresses. */
  readonly inside: Records;
  readonly outside: Records;
}

/** The interface that a public address leads to, if its VPC gives names. */
function namedInterface(unit: Unit, { mapping }: PublicAddress): NetworkInterface | undefined {
  const eni = networkInterfaces.table({ unit }).get(mapping?.networkInterfaceId ?? "");
  const vpc = eni && vpcs.table({ unit }).get(eni.vpcId);
  return vpc && givesNames(vpc) ? eni : undefined;
}

/** `ec2-52-0-0-5.compute-1.amazonaws.com` */
const IPV4_NAME = /^ec2-(\d+-\d+-\d+-\d+)\.(?:([a-z0-9-]+)\.compute|compute-1)\.amazonaws\.com$/;

function ipv4Name({ rows }: NameSources, name: string): PublicName | undefined {
  const [, digits, region = "us-east-1"] = IPV4_NAME.exec(name) ?? [];
  const address = digits?.replaceAll("-", ".");
  if (address === undefined || !regions.has(region) || publicDnsName(region, address) !== name)
    return undefined;
  const unit = rows(region);
  const row = unit.table(publicAddressTable).get(address);
  const eni = row && namedInterface(unit, row);
  if (!eni) return undefined;
  return {
    vpcId: eni.vpcId,
    inside: { A: [row.mapping?.privateAddress ?? address] },
    outside: { A: [address] },
  };
}

/** Names that lead to IPv6 addresses have only those interfaces whose owners have asked for one. */
function ipv6Name({ rows }: NameSources, name: string): PublicName | undefined {
  const region = [...regions.keys()].find((each) => name.endsWith(`.${ipv6Domain(each)}`));
  if (region === undefined) return undefined;
  const unit = rows(region);
  for (const eni of networkInterfaces.table({ unit }).all()) {
    const names = eni.publicHostname && publicNamesOf({ unit, region }, eni);
    const isDual = names?.PublicDualStackDnsName === name;
    if (!isDual && names?.PublicIpv6DnsName !== name) continue;
    const AAAA = eni.ipv6Addresses.slice(0, 1);
    const [inside] = eni.privateAddresses;
    const outside = unit
      .table(publicAddressTable)
      .by("networkInterface", eni.id)
      .find(({ mapping }) => mapping?.privateAddress === inside)?.id;
    return {
      vpcId: eni.vpcId,
      inside: { AAAA, ...(isDual && inside !== undefined && { A: [inside] }) },
      outside: { AAAA, ...(isDual && outside !== undefined && { A: [outside] }) },
    };
  }
  return undefined;
}

/**
 * What a public name of an interface leads to.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/hostname-types.html
 */
export const publicName = (sources: NameSources, name: string): PublicName | undefined =>
  ipv4Name(sources, name) ?? ipv6Name(sources, name);

/** `vpce-0a…-abcdefgh-us-east-1a.sts.us-east-1.vpce.amazonaws.com`, for S3 with a bucket's name before it. */
const ENDPOINT_NAME = /(?:^|\.)(vpce-[0-9a-f]+)-[a-z0-9.-]+\.([a-z0-9-]+)\.vpce\.amazonaws\.com$/;

/** Everybody can ask for the private addresses of an endpoint by its own names. */
function endpointName({ rows }: NameSources, name: string): Records | undefined {
  const [, id = "", region = ""] = ENDPOINT_NAME.exec(name) ?? [];
  if (!regions.has(region)) return undefined;
  const ctx = { unit: rows(region), region, unitOf: rows };
  const endpoint = vpcEndpoints.table(ctx).get(id);
  if (endpoint?.state !== "available") return undefined;
  const found = ownNamesOf(ctx, endpoint).find((each) => covers(each.name, name));
  return found && endpointRecords(ctx.unit, endpoint, found.interfaces, "own");
}

/** Of Amazon's services that gateway endpoints lead to, the addresses are known: S3's, for whatever bucket, and DynamoDB's. */
function serviceName(name: string): Records | undefined {
  const [, service = "", region = ""] = /(?:^|\.)([a-z0-9]+)\.([a-z0-9-]+)\.amazonaws\.com$/.exec(name) ?? [];
  if (!regions.has(region)) return undefined;
  const list = awsPrefixLists(region).find(
    (each) => each.gateway && each.name === `com.amazonaws.${region}.${service}`,
  );
  const [block] = list?.blocks ?? [];
  return block && { A: [formatIp(plus(block.base, 1))] };
}

/** The name that a public address leads back to: the one that its owner has set, or the interface's. */
function reverse({ rows }: NameSources, name: string): Records | undefined {
  const address = reversedAddress(name);
  const text = address === undefined ? "" : formatIp(address);
  for (const region of address === undefined ? [] : regions.keys()) {
    const unit = rows(region);
    const row = unit.table(publicAddressTable).get(text);
    if (!row) continue;
    const ptr = addresses.table({ unit }).get(row.allocationId ?? "")?.ptr;
    const known = ptr?.replace(/\.$/, "") ?? (namedInterface(unit, row) && publicDnsName(region, text));
    return known === undefined ? undefined : { PTR: [known] };
  }
  return undefined;
}

/** A host on the internet whose name is one of a domain. */
function hostName({ hosts }: Internet, name: string): Records | undefined {
  const address = [...hosts.values()].find((host) => host.name.toLowerCase() === name)?.address;
  return address === undefined ? undefined : { [isIpv4(address) ? "A" : "AAAA"]: [formatIp(address)] };
}

/** What there is of a name because of what it belongs to. */
const made = (sources: NameSources, name: string): Records | undefined =>
  hostName(sources.network.fabric.internet, name) ??
  publicName(sources, name)?.outside ??
  endpointName(sources, name) ??
  serviceName(name) ??
  reverse(sources, name);

/** What everybody on the internet can learn; records that were put there add to that, and do not change it. */
export const publicZone = (sources: NameSources): Zone => ({
  domain: "",
  of: "internet",
  find: (name) => {
    const { names } = sources.network.fabric.internet;
    const own = made(sources, name);
    return own ? { ...names.get(name), ...own } : names.find(name);
  },
});
