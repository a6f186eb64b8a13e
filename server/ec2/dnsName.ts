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

/** The name that Amazon's DNS has for a public IPv4 address: `ec2-52-0-0-5.compute-1.amazonaws.com`. */
export const publicDnsName = (region: string, address: string): string =>
  `ec2-${address.replaceAll(".", "-")}.${region === "us-east-1" ? "compute-1" : `${region}.compute`}.amazonaws.com`;
