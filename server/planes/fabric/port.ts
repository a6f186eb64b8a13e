import { defaultTracking, type TrackingLimits } from "../../../network/connectionTracking.ts";
import { block, ip } from "../../../network/ip.ts";
import { instances } from "../../ec2/instance.ts";
import { networkInterfaces, type NetworkInterface } from "../../ec2/networkInterface.ts";
import type { Kind } from "./kind.ts";

const trackingOf = ({ connectionTracking }: NetworkInterface): TrackingLimits => ({
  ...defaultTracking,
  tcpEstablished: connectionTracking?.tcpEstablished ?? defaultTracking.tcpEstablished,
  udpStream: connectionTracking?.udpStream ?? defaultTracking.udpStream,
  udp: connectionTracking?.udp ?? defaultTracking.udp,
});

export const portKind: Kind = {
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
