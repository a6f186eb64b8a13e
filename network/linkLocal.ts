import { block, ip, within, type Ip } from "./ip.ts";
import { ICMPV6, UDP, type Packet } from "./packet.ts";
import type { Subnet } from "./subnet.ts";

/**
 * Services of the infrastructure that every interface reaches, whatever its groups, ACLs and routes say.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
 */
const SERVICES: ReadonlyMap<Ip, string> = new Map([
  [ip("169.254.169.254"), "instance-metadata"],
  [ip("fd00:ec2::254"), "instance-metadata"],
  [ip("169.254.169.253"), "dns"],
  [ip("fd00:ec2::253"), "dns"],
  [ip("169.254.169.123"), "time"],
  [ip("fd00:ec2::123"), "time"],
  [ip("169.254.170.2"), "task-metadata"],
  [ip("169.254.169.250"), "windows-activation"],
  [ip("169.254.169.251"), "windows-activation"],
  [ip("fe80:ec2::1"), "router"],
  // The link-local address that the router's MAC address makes (RFC 4291, appendix A).
  [ip("fe80::200:5eff:fe00:101"), "router"],
]);

/** Whether an address is the router's by IPv6, the same in all subnets. */
export const isRouter6 = (address: Ip): boolean => SERVICES.get(address) === "router";

const LINK_LOCAL = block("169.254.0.0/16");
const LINK_LOCAL_6 = block("fe80::/10");
const EC2_6 = block("fd00:ec2::/32");
const MULTICAST = block("224.0.0.0/4");
const MULTICAST_6 = block("ff00::/8");
const BROADCAST = ip("255.255.255.255");
const ALL_DHCP_AGENTS = ip("ff02::1:2");

/** Types 133 to 137 of ICMPv6: router and neighbour discovery. */
const isNeighbourDiscovery = ({ protocol, type }: Packet): boolean =>
  protocol === ICMPV6 && type >= 133 && type <= 137;

/** Not routed, whatever a table says. @see https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html */
export const isUnroutable = (address: Ip): boolean =>
  typeof address === "number"
    ? within(LINK_LOCAL, address)
    : within(EC2_6, address) || within(LINK_LOCAL_6, address);

export const isMulticast = (address: Ip): boolean =>
  within(typeof address === "number" ? MULTICAST : MULTICAST_6, address);

/** Whether an address is that of many: broadcast or multicast. */
export const isForMany = (address: Ip): boolean => address === BROADCAST || isMulticast(address);

/** The service that a packet from an interface of the subnet is for. */
export function serviceFor(packet: Packet, subnet: Subnet): string | undefined {
  const { destination } = packet;
  if (destination === subnet.router) return "router";
  if (destination === subnet.vpc.dnsAddress) return subnet.vpc.dns ? "dns" : undefined;
  if (!isUnroutable(destination) && !isForMany(destination)) return undefined;
  if (packet.protocol === UDP) {
    const { destinationPort } = packet;
    if (destinationPort === 67 && destination === BROADCAST) return "dhcp";
    if (destinationPort === 547 && destination === ALL_DHCP_AGENTS) return "dhcp";
  }
  if (isNeighbourDiscovery(packet)) return "neighbour-discovery";
  const service = SERVICES.get(destination);
  return service === "dns" && !subnet.vpc.dns ? undefined : service;
}
