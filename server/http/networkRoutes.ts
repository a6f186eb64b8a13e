import { readDomainName } from "../../network/domainName.ts";
import { exchange } from "../../network/exchange.ts";
import { ALL_ROUTERS, LEAVE, REPORT } from "../../network/igmp.ts";
import { isIpv4, parseIp, type Ip } from "../../network/ip.ts";
import { isMulticast } from "../../network/linkLocal.ts";
import { ICMP, ICMPV6, IGMP, packet as newPacket, TCP, UDP, type Packet } from "../../network/packet.ts";
import { readProtocol } from "../ec2/ipProtocol.ts";
import { ApiError } from "../errors.ts";
import type { Cloud } from "../cloud.ts";
import { addressesByName } from "../planes/names/resolver.ts";
import type { Network } from "../planes/network.ts";
import type { Unit } from "../state/unit.ts";
import { regionOf } from "./fields.ts";
import { viewExchange, viewJourney } from "./journeyView.ts";
import { allow, invalid, text, type Fields, type Route } from "./operator.ts";
import {
  addressesOf,
  addressNamed,
  clientNamed,
  portNamed,
  readSender,
  siteNamed,
  type Sender,
} from "./sender.ts";

/** Where a packet that says nothing else comes from. */
const SOURCE_PORT = 49_152;
const LAST_PORT = 65_535;
const ECHO_REQUEST = 8;
const ECHO_REQUEST_6 = 128;

/** What an operator, or a test, does in the place of guests and of hosts on the internet: send, and listen. */
export function networkRoutes(
  network: Network,
  cloud: () => Cloud,
  regions: ReadonlySet<string>,
): Readonly<Record<string, Route>> {
  /** The rows of the call's region. */
  const unitOf = (fields: Fields): Unit => cloud().unit(regionOf(fields, regions));
  return {
    "POST packets": (fields) => {
      allow(fields, ...PACKET_FIELDS);
      const unit = unitOf(fields);
      const fabric = network.fabric;
      const from = readSender(network, unit, required(fields, "From"));
      const now = cloud().clock.now();
      const resolved = (to: string): Ip[] => {
        const name = readDomainName(to);
        if (name === undefined) throw invalid("To", to);
        const sources = { rows: (region: string) => cloud().unit(region), network };
        const found = addressesByName(sources, unit, from.port, name, now);
        if (found.length > 0) return found;
        throw new ApiError("InvalidParameterValue", `The sender learns no address by the name ${to}.`);
      };
      const to = readReceiver(network, unit, required(fields, "To"), from, resolved);
      const packet = readPacket(fields, from, to);
      const sender = from.port ?? from.site ?? from.client;
      const frame = { sourceMac: text(fields, "SourceMac"), destinationMac: text(fields, "DestinationMac") };
      for (const each of othersOf(fields, packet)) fabric.trace(sender, each, now, frame);
      return flag(fields, "Exchange")
        ? viewExchange(exchange(fabric, sender, packet, now, frame))
        : { Forward: viewJourney(fabric.trace(sender, packet, now, frame)) };
    },

    "POST listen": (fields) => {
      allow(fields, "Region", "InstanceId", "Protocol", "Port", "Listening");
      const unit = unitOf(fields);
      const instance = required(fields, "InstanceId");
      const protocol = readProtocol(required(fields, "Protocol"));
      const hasPorts = protocol === TCP || protocol === UDP;
      const port = hasPorts ? (count(fields, "Port", 65_535) ?? missing("Port")) : 0;
      if (fields["Listening"] === false) {
        network.fabric.listening.close(instance, protocol, port);
      } else if (!network.listen(unit, instance, protocol, port)) {
        throw new ApiError("InvalidInstanceID.NotFound", instance);
      }
    },

    "POST outside-hosts": (fields) => {
      allow(fields, "Name", "Address", "Answers");
      const { internet } = network.fabric;
      const name = required(fields, "Name");
      const address = readIp(fields, "Address") ?? missing("Address");
      if (internet.publicAddresses.has(address)) throw invalid("Address", fields["Address"]);
      for (const host of internet.hosts.values()) if (host.name === name) internet.hosts.delete(host.address);
      internet.hosts.set(address, { name, address, answers: fields["Answers"] !== false });
    },
  };
}

const PACKET_FIELDS = [
  "Region",
  "From",
  "To",
  "Protocol",
  "Port",
  "SourcePort",
  "Type",
  "Code",
  "Length",
  "TimeToLive",
  "DontFragment",
  "SourceAddress",
  "DestinationAddress",
  "SourceMac",
  "DestinationMac",
  "Exchange",
  "Connections",
] as const;

function missing(name: string): never {
  throw new ApiError("MissingParameter", name);
}

const required = (fields: Fields, name: string): string => text(fields, name) ?? missing(name);

function count(fields: Fields, name: string, most: number): number | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > most) {
    throw invalid(name, value);
  }
  return value;
}

function flag(fields: Fields, name: string): boolean | undefined {
  const value = fields[name];
  if (value !== undefined && typeof value !== "boolean") throw invalid(name, value);
  return value;
}

function readIp(fields: Fields, name: string): Ip | undefined {
  const value = text(fields, name);
  const parsed = value === undefined ? undefined : parseIp(value);
  if (value !== undefined && parsed === undefined) throw invalid(name, value);
  return parsed;
}

/**
 * By which addresses a packet can reach somebody: whoever is outside knows public ones only.
 *
 * @param resolved what the sender learns by a name that is none of the operator's
 */
function readReceiver(
  network: Network,
  unit: Unit,
  name: string,
  from: Sender,
  resolved: (name: string) => readonly Ip[],
): readonly Ip[] {
  const port = portNamed(network, unit, name);
  if (!port) {
    const site = siteNamed(network, unit, name);
    if (site) return site.hosts;
    const client = clientNamed(network, name);
    if (client) return [client.settings.address];
    const address = addressNamed(network.fabric, name);
    return address === undefined ? resolved(name) : [address];
  }
  if (from.port || from.site || from.client) return port.addresses;
  const { publicOf } = port.subnet.vpc;
  const known = port.addresses.flatMap((address) => publicOf.get(address) ?? []);
  return [...known, ...port.addresses];
}

/** A packet from one of the sender's addresses to one of the receiver's, of the same version. */
function readPacket(fields: Fields, from: Sender, to: readonly Ip[]): Packet {
  const asked = readIp(fields, "SourceAddress");
  // Of most sites no address is known.
  const sources = from.site && asked !== undefined ? [asked] : addressesOf(from);
  const destination =
    readIp(fields, "DestinationAddress") ??
    to.find((address) => sources.some((source) => isIpv4(source) === isIpv4(address))) ??
    missing("DestinationAddress");
  const source =
    asked ?? sources.find((address) => isIpv4(address) === isIpv4(destination)) ?? missing("SourceAddress");
  if (isIpv4(source) !== isIpv4(destination)) throw invalid("SourceAddress", fields["SourceAddress"]);
  const icmp = isIpv4(source) ? ICMP : ICMPV6;
  const named = readProtocol(text(fields, "Protocol") ?? "icmp");
  const protocol = named === ICMP ? icmp : named;
  if (protocol < 0) throw invalid("Protocol", fields["Protocol"]);
  return newPacket({
    source,
    destination,
    protocol,
    length: count(fields, "Length", 65_535) ?? 64,
    ttl: count(fields, "TimeToLive", 255) ?? 64,
    dontFragment: flag(fields, "DontFragment") ?? true,
    ...(protocol === IGMP ? membershipOf(fields, to) : headerOf(fields, protocol)),
  });
}

/** What begins the other ones of so many connections: the same packet, from the source ports after its own. */
function* othersOf(fields: Fields, packet: Packet): Iterable<Packet> {
  const { protocol, sourcePort } = packet;
  const connections = count(fields, "Connections", LAST_PORT - sourcePort + 1) ?? 1;
  if (connections === 0 || (connections > 1 && protocol !== TCP && protocol !== UDP)) {
    throw invalid("Connections", connections);
  }
  for (let other = 1; other < connections; other++) yield { ...packet, sourcePort: sourcePort + other };
}

/** A guest joins the group that the packet is for, or says again that it is in it; or, as type 23, it leaves the group. */
function membershipOf(fields: Fields, [group]: readonly Ip[]): Partial<Packet> {
  if (group === undefined || !isIpv4(group) || !isMulticast(group)) throw invalid("To", fields["To"]);
  const type = count(fields, "Type", 255) ?? REPORT;
  const leaves = type === LEAVE && fields["DestinationAddress"] === undefined;
  return { type, id: group, ...(leaves && { destination: ALL_ROUTERS }) };
}

function headerOf(fields: Fields, protocol: number): Partial<Packet> {
  if (protocol === TCP || protocol === UDP) {
    return {
      sourcePort: count(fields, "SourcePort", 65_535) ?? SOURCE_PORT,
      destinationPort: count(fields, "Port", 65_535) ?? missing("Port"),
    };
  }
  if (protocol !== ICMP && protocol !== ICMPV6) return {};
  const type = count(fields, "Type", 255) ?? (protocol === ICMP ? ECHO_REQUEST : ECHO_REQUEST_6);
  return { type, code: count(fields, "Code", 255) ?? 0, id: 1 };
}
