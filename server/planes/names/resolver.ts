import { readDomainName, reverseName } from "../../../network/domainName.ts";
import { parseIp, type Ip } from "../../../network/ip.ts";
import { ask, DNS_ADDRESS_6, type Asked } from "../../../network/nameServer.ts";
import type { Port } from "../../../network/port.ts";
import { lookUp, type Answer, type RecordType } from "../../../network/zone.ts";
import { dhcpOptions } from "../../ec2/dhcpOptions.ts";
import { networkInterfaces, type NetworkInterface } from "../../ec2/networkInterface.ts";
import { subnets } from "../../ec2/subnet.ts";
import { vpcs } from "../../ec2/vpc.ts";
import type { Unit } from "../../state/unit.ts";
import { publicZone, type NameSources } from "./publicZone.ts";
import { vpcZones } from "./vpcZones.ts";

export interface Question {
  /** As `readDomainName` returns it. */
  readonly name: string;
  readonly type: RecordType;
}

/** What came of a question. */
export interface Resolution {
  /** The questions to one server after the other, until one answered. */
  readonly asked: readonly Asked[];
  /** Absent where no server answered. */
  readonly answer: Answer | undefined;
}

/** The name that is meant, also by an address, which is asked for backwards. */
export function readQuestionName(text: string): string | undefined {
  const address = parseIp(text);
  return address === undefined ? readDomainName(text) : reverseName(address);
}

/** Who is on the internet, or at a customer's site, asks servers there. */
export const resolveOutside = (sources: NameSources, { name, type }: Question): Answer =>
  lookUp([publicZone(sources)], name, type);

/** The servers that the DHCP options of a VPC name: Amazon's by IPv4, or, where an interface has none, by IPv6. */
function serversOf(unit: Unit, { vpcId }: NetworkInterface, port: Port): Ip[] {
  const options = dhcpOptions.table({ unit }).get(vpcs.table({ unit }).get(vpcId)?.dhcpOptionsId ?? "");
  const named = options?.configurations.find(({ key }) => key === "domain-name-servers")?.values ?? [];
  const { dnsAddress } = port.subnet.vpc;
  const hasIpv4 = port.addresses.some((address) => typeof address === "number");
  const amazon = (hasIpv4 ? dnsAddress : undefined) ?? DNS_ADDRESS_6;
  return named.flatMap((text) => (text === "AmazonProvidedDNS" ? amazon : (parseIp(text) ?? [])));
}

/**
 * Asks for a name as an instance does by an interface: the name servers that its VPC's DHCP options name, or one that it
 * asks by itself.
 *
 * @param unit the rows of the interface's region
 * @param now milliseconds
 * @returns undefined if the interface is not of this region
 */
export function resolve(
  sources: NameSources,
  unit: Unit,
  port: Port,
  { name, type }: Question,
  now: number,
  server?: Ip,
): Resolution | undefined {
  const eni = networkInterfaces.table({ unit }).get(port.id);
  if (!eni) return undefined;
  const asked: Asked[] = [];
  for (const each of server === undefined ? serversOf(unit, eni, port) : [server]) {
    const one = ask(sources.network.fabric, port, each, now);
    if (!one) continue;
    asked.push(one);
    if (one.by === "internet") return { asked, answer: resolveOutside(sources, { name, type }) };
    if (one.by === "amazon") {
      const dns64 = subnets.table({ unit }).get(eni.subnetId)?.dns64 ?? false;
      return { asked, answer: lookUp(vpcZones(sources, unit.name, eni.vpcId), name, type, dns64) };
    }
  }
  return { asked, answer: undefined };
}

/** The addresses that somebody learns by a name: by an interface, or, without one, on the internet. */
export function addressesByName(
  sources: NameSources,
  unit: Unit,
  port: Port | undefined,
  name: string,
  now: number,
): Ip[] {
  return (["A", "AAAA"] as const).flatMap((type) => {
    const question = { name, type };
    const answer = port
      ? resolve(sources, unit, port, question, now)?.answer
      : resolveOutside(sources, question);
    return (answer?.values ?? []).flatMap((text) => parseIp(text) ?? []);
  });
}
