import { ip } from "../../network/ip.ts";

/** The part of private host names that the region decides. */
export const privateDomain = (region: string): string =>
  region === "us-east-1" ? "ec2.internal" : `${region}.compute.internal`;

/**
 * The name that Amazon's DNS has for a private IPv4 address: `ip-10-0-0-5.ec2.internal`.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-naming.html
 */
export const privateDnsName = (region: string, address: string): string =>
  `ip-${address.replaceAll(".", "-")}.${privateDomain(region)}`;

/** The domain of the names that lead to IPv6 addresses. */
export const ipv6Domain = (region: string): string => `${region}.ip.aws`;

/** Five by five: the 25 digits that an IPv6 address has to the base of 36. */
const groupsOf = (address: string): string => {
  const digits = BigInt(ip(address)).toString(36).padStart(25, "0");
  return (digits.match(/.{5}/g) ?? []).join("-");
};

/**
 * The names that lead to the IPv6 address of an interface, and to its public IPv4 address as well.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/hostname-types.html
 */
export const publicIpv6DnsName = (region: string, address: string): string =>
  `${groupsOf(address)}.${ipv6Domain(region)}`;
export const publicDualStackDnsName = (region: string, ipv6: string, ipv4: string): string =>
  `${groupsOf(ipv6)}-${ip(ipv4).toString(36)}.${ipv6Domain(region)}`;

/** The part of public host names that the region decides. */
export const publicDomain = (region: string): string =>
  `${region === "us-east-1" ? "compute-1" : `${region}.compute`}.amazonaws.com`;

/** The name that Amazon's DNS has for a public IPv4 address: `ec2-52-0-0-5.compute-1.amazonaws.com`. */
export const publicDnsName = (region: string, address: string): string =>
  `ec2-${address.replaceAll(".", "-")}.${publicDomain(region)}`;
