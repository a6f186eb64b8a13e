import { within, type Block } from "./ip.ts";
import type { Component } from "./journey.ts";
import { TCP, UDP, type Packet } from "./packet.ts";
import type { TransitGatewayRouteTable } from "./transitGatewayRouteTable.ts";

/** Which packets go on by which route table; what is undefined matches all. */
export interface TransitGatewayPolicyEntry {
  readonly number: number;
  readonly source: Block | undefined;
  readonly destination: Block | undefined;
  /** IANA's number. */
  readonly protocol: number | undefined;
  /** Inclusive, of TCP and UDP. */
  readonly sourcePorts: readonly [number, number] | undefined;
  readonly destinationPorts: readonly [number, number] | undefined;
  readonly table: TransitGatewayRouteTable;
}

const hasPorts = (protocol: number): boolean => protocol === TCP || protocol === UDP;

const inRange = (port: number, range: readonly [number, number] | undefined): boolean =>
  !range || (port >= range[0] && port <= range[1]);

function matches(entry: TransitGatewayPolicyEntry, packet: Packet): boolean {
  const { source, destination, protocol, sourcePorts, destinationPorts } = entry;
  if (protocol !== undefined && protocol !== packet.protocol) return false;
  if (source && !within(source, packet.source)) return false;
  if (destination && !within(destination, packet.destination)) return false;
  if (!hasPorts(packet.protocol)) return !sourcePorts && !destinationPorts;
  return inRange(packet.sourcePort, sourcePorts) && inRange(packet.destinationPort, destinationPorts);
}

/**
 * What an attachment can have in the place of a route table: it chooses one for each packet by more than its destination.
 * Entries count from the lowest number on, the first that matches decides, and without one the packet is dropped.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-policy-tables-concepts.html
 */
export class TransitGatewayPolicyTable implements Component {
  readonly kind = "transit-gateway-policy-table";
  readonly id: string;
  #entries: readonly TransitGatewayPolicyEntry[] = [];

  constructor(id: string) {
    this.id = id;
  }

  put(entries: readonly TransitGatewayPolicyEntry[]): void {
    this.#entries = entries.toSorted((a, b) => a.number - b.number);
  }

  /** In the order in which they count. */
  get entries(): readonly TransitGatewayPolicyEntry[] {
    return this.#entries;
  }

  choose(packet: Packet): TransitGatewayPolicyEntry | undefined {
    for (const entry of this.#entries) if (matches(entry, packet)) return entry;
    return undefined;
  }
}
