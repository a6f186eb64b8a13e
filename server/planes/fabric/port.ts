import { defaultTracking, type TrackingLimits } from "../../../network/connectionTracking.ts";
import { block, ip } from "../../../network/ip.ts";
import { findInstanceType } from "../../ec2/catalogue/instanceTypes.ts";
import { instances, isLive } from "../../ec2/instance.ts";
import { networkInterfaces, type Attachment, type NetworkInterface } from "../../ec2/networkInterface.ts";
import { branchesOf, trunkOf, type TrunkInterfaceAssociation } from "../../ec2/trunkInterfaceAssociation.ts";
import type { Unit } from "../../state/unit.ts";
import type { Kind } from "./kind.ts";

const trackingOf = ({ connectionTracking }: NetworkInterface): TrackingLimits => ({
  ...defaultTracking,
  tcpEstablished: connectionTracking?.tcpEstablished ?? defaultTracking.tcpEstablished,
  udpStream: connectionTracking?.udpStream ?? defaultTracking.udpStream,
  udp: connectionTracking?.udp ?? defaultTracking.udp,
});

/** What changes about a trunk changes about its branches. */
const withBranches = (unit: Unit, id: string): string[] => [id, ...branchesOf({ unit }, id)];

/** How an interface is plugged in, which for a branch is how its trunk is. */
function attachmentOf(unit: Unit, { id, attachment }: NetworkInterface): Attachment | undefined {
  const trunk = trunkOf({ unit }, id);
  return trunk === undefined ? attachment : networkInterfaces.table({ unit }).get(trunk)?.attachment;
}

export const portKind: Kind = {
  touchedBy: (unit, table, row) => {
    if (table === "network-interface") return withBranches(unit, row.id);
    if (table === "trunk-interface-association") return [(row as TrunkInterfaceAssociation).branchId];
    if (table !== "instance") return [];
    return networkInterfaces
      .table({ unit })
      .by("instance", row.id)
      .flatMap(({ id }) => withBranches(unit, id));
  },
  all: (unit) => networkInterfaces.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = networkInterfaces.table({ unit }).get(id);
    if (!row) return false;
    const attachment = attachmentOf(unit, row);
    const owner = attachment?.instanceId;
    const instance = owner === undefined ? undefined : instances.table({ unit }).get(owner);
    const running = instance !== undefined && isLive(instance);
    fabric.putPort({
      id,
      mac: row.mac,
      subnet: row.subnetId,
      addresses: [...row.privateAddresses, ...row.ipv6Addresses].map(ip),
      prefixes: [...row.ipv4Prefixes, ...row.ipv6Prefixes].map(block),
      groups: row.groups,
      sourceDestCheck: row.sourceDestCheck,
      owner,
      // Nobody can send to, or from, the interfaces of a transit gateway.
      live: row.managedUse
        ? row.interfaceType !== "transit_gateway"
        : running && attachment?.status === "attached",
      // Gateways have no security groups.
      filtered: row.managedUse === undefined || row.groups.length > 0,
      nitro: instance !== undefined && findInstanceType(instance.instanceType)?.hypervisor !== "xen",
      tracking: trackingOf(row),
    });
    return true;
  },
  remove: (fabric, id) => fabric.removePort(id),
};
