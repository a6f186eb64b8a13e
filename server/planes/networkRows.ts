import { defaultTracking, type TrackingLimits } from "../../network/connectionTracking.ts";
import type { Fabric } from "../../network/fabric.ts";
import { block, ip, type Block } from "../../network/ip.ts";
import type { AclEntry } from "../../network/networkAcl.ts";
import type { Route as FabricRoute } from "../../network/routeTable.ts";
import type { RulePeer, SecurityGroupRule as FabricRule } from "../../network/securityGroup.ts";
import { isAssociated, type CidrAssociation } from "../ec2/cidrAssociation.ts";
import { instances } from "../ec2/instance.ts";
import { internetGateways } from "../ec2/internetGateway.ts";
import { networkAclAssociations, networkAcls } from "../ec2/networkAcl.ts";
import type { NetworkAclEntry } from "../ec2/networkAclEntry.ts";
import { networkInterfaces, type NetworkInterface } from "../ec2/networkInterface.ts";
import { publicAddressTable } from "../ec2/publicAddress.ts";
import { associations, routeTables, type Route } from "../ec2/routeTable.ts";
import { securityGroups } from "../ec2/securityGroup.ts";
import { securityGroupRules, type Peer, type SecurityGroupRule } from "../ec2/securityGroupRule.ts";
import { subnets } from "../ec2/subnet.ts";
import { vpcs } from "../ec2/vpc.ts";
import type { Row } from "../state/table.ts";
import type { Unit } from "../state/unit.ts";

/** One kind of thing in the fabric, and the rows that it follows from. */
export interface Kind {
  /** The ids of those that may have to change when a row of a table was written: as it was, or as it is now. */
  touchedBy(unit: Unit, table: string, row: Row): readonly string[];
  /** The rows that there is one for. */
  all(unit: Unit): Iterable<Row>;
  /** Brings one to what the rows say. @returns false if they say that there is none */
  put(fabric: Fabric, unit: Unit, id: string): boolean;
  remove(fabric: Fabric, id: string): void;
}

const present = (associations: readonly CidrAssociation[]): Block[] =>
  associations.filter(isAssociated).map(({ cidr }) => block(cidr));

const blockOrNone = (cidr: string | undefined): Block[] => (cidr === undefined ? [] : [block(cidr)]);

/** The one member of rows that names another thing, whatever else they have. */
const named = (row: Row, member: string): string[] => {
  const id = (row as unknown as Readonly<Record<string, unknown>>)[member];
  return typeof id === "string" ? [id] : [];
};

const vpcKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "vpc" ? [id] : []),
  all: (unit) => vpcs.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = vpcs.table({ unit }).get(id);
    if (!row) return false;
    fabric.putVpc({ id, blocks: [...present(row.ipv4), ...present(row.ipv6)], dns: row.dnsSupport });
    return true;
  },
  remove: (fabric, id) => fabric.removeVpc(id),
};

const routeOf = ({ destination, target }: Route): FabricRoute => ({
  destination: block(destination),
  target,
  origin: "static",
});

const routeTableKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "route-table" ? [id] : []),
  all: (unit) => routeTables.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = routeTables.table({ unit }).get(id);
    if (!row) return false;
    const { vpcId, mainAssociation, routes } = row;
    fabric.putRouteTable({
      id,
      vpc: vpcId,
      main: mainAssociation !== undefined,
      routes: routes.map(routeOf),
    });
    return true;
  },
  remove: (fabric, id) => fabric.removeRouteTable(id),
};

const entryOf = ({ egress, number, action, protocol, from, to, cidr }: NetworkAclEntry): AclEntry => ({
  egress,
  number,
  allow: action === "allow",
  protocol,
  from,
  to,
  block: block(cidr),
});

const networkAclKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "network-acl" ? [id] : []),
  all: (unit) => networkAcls.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = networkAcls.table({ unit }).get(id);
    if (!row) return false;
    fabric.putNetworkAcl(id, row.entries.map(entryOf));
    return true;
  },
  remove: (fabric, id) => fabric.removeNetworkAcl(id),
};

function peerOf(peer: Peer): RulePeer {
  if (peer.kind === "group") return { kind: "group", id: peer.groupId };
  if (peer.kind === "prefix-list") return { kind: "prefix-list", id: peer.prefixListId };
  return { kind: "block", block: block(peer.cidr) };
}

const ruleOf = ({ id, egress, protocol, from, to, peer }: SecurityGroupRule): FabricRule => ({
  id,
  egress,
  protocol,
  from,
  to,
  peer: peerOf(peer),
});

const securityGroupKind: Kind = {
  touchedBy: (_unit, table, row) => {
    if (table === "security-group") return [row.id];
    return table === "security-group-rule" ? named(row, "groupId") : [];
  },
  all: (unit) => securityGroups.table({ unit }).all(),
  put(fabric, unit, id) {
    if (!securityGroups.table({ unit }).get(id)) return false;
    fabric.putSecurityGroup(id, securityGroupRules.table({ unit }).by("group", id).map(ruleOf));
    return true;
  },
  remove: (fabric, id) => fabric.removeSecurityGroup(id),
};

/** The table that a subnet or a gateway has of its own. */
const tableOf = (unit: Unit, user: string): string | undefined =>
  associations.table({ unit }).by("user", user)[0]?.routeTableId;

const internetGatewayKind: Kind = {
  touchedBy: (_unit, table, row) => {
    if (table === "internet-gateway") return [row.id];
    return table === "route-table-association"
      ? named(row, "gatewayId").filter((id) => id.startsWith("igw-"))
      : [];
  },
  all: (unit) => internetGateways.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = internetGateways.table({ unit }).get(id);
    if (!row) return false;
    fabric.putInternetGateway({ id, vpc: row.vpcId, table: tableOf(unit, id) });
    return true;
  },
  remove: (fabric, id) => fabric.removeInternetGateway(id),
};

const subnetKind: Kind = {
  touchedBy: (_unit, table, row) => {
    if (table === "subnet") return [row.id];
    const isAssociation = table === "route-table-association" || table === "network-acl-association";
    return isAssociation ? named(row, "subnetId") : [];
  },
  all: (unit) => subnets.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = subnets.table({ unit }).get(id);
    const [association] = networkAclAssociations.table({ unit }).by("subnet", id);
    if (!row || !association) return false;
    fabric.putSubnet({
      id,
      vpc: row.vpcId,
      zone: row.zone,
      blocks: [...blockOrNone(row.cidr), ...present(row.ipv6)],
      acl: association.aclId,
      table: tableOf(unit, id),
    });
    return true;
  },
  remove: (fabric, id) => fabric.removeSubnet(id),
};

const trackingOf = ({ connectionTracking }: NetworkInterface): TrackingLimits => ({
  ...defaultTracking,
  tcpEstablished: connectionTracking?.tcpEstablished ?? defaultTracking.tcpEstablished,
  udpStream: connectionTracking?.udpStream ?? defaultTracking.udpStream,
  udp: connectionTracking?.udp ?? defaultTracking.udp,
});

const portKind: Kind = {
  touchedBy: (unit, table, row) => {
    if (table === "network-interface") return [row.id];
    if (table !== "instance") return [];
    return networkInterfaces
      .table({ unit })
      .by("instance", row.id)
      .map(({ id }) => id);
  },
  all: (unit) => networkInterfaces.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = networkInterfaces.table({ unit }).get(id);
    if (!row) return false;
    const owner = row.attachment?.instanceId;
    const running = owner !== undefined && instances.table({ unit }).get(owner)?.state === "running";
    fabric.putPort({
      id,
      mac: row.mac,
      subnet: row.subnetId,
      addresses: [...row.privateAddresses, ...row.ipv6Addresses].map(ip),
      prefixes: [...row.ipv4Prefixes, ...row.ipv6Prefixes].map(block),
      groups: row.groups,
      sourceDestCheck: row.sourceDestCheck,
      owner,
      live: running && row.attachment?.status === "attached",
      tracking: trackingOf(row),
    });
    return true;
  },
  remove: (fabric, id) => fabric.removePort(id),
};

/** What a guest has only as long as it runs. */
const guestKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "instance" ? [id] : []),
  all: () => [],
  put: (_fabric, unit, id) => instances.table({ unit }).get(id)?.state === "running",
  remove: (fabric, id) => fabric.listening.end(id),
};

const publicAddressKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === publicAddressTable.name ? [id] : []),
  all: (unit) => unit.table(publicAddressTable).all(),
  put(fabric, unit, id) {
    const row = unit.table(publicAddressTable).get(id);
    if (!row || row.resting) return false;
    const { mapping } = row;
    fabric.putPublicAddress({
      address: ip(id),
      to: mapping && { port: mapping.networkInterfaceId, inside: ip(mapping.privateAddress) },
    });
    return true;
  },
  remove: (fabric, id) => fabric.removePublicAddress(ip(id)),
};

/** In this order: each names only what comes before it. */
export const kinds: readonly Kind[] = [
  vpcKind,
  routeTableKind,
  networkAclKind,
  securityGroupKind,
  internetGatewayKind,
  subnetKind,
  portKind,
  guestKind,
  publicAddressKind,
];
