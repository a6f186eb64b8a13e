import { ip } from "../../../network/ip.ts";
import type { MulticastGroup } from "../../../network/multicastDomain.ts";
import { subnets } from "../../ec2/subnet.ts";
import {
  transitGatewayMulticastDomains,
  type MulticastRegistration,
} from "../../ec2/transitGatewayMulticastDomain.ts";
import type { Kind } from "./kind.ts";

function groupsOf(registrations: readonly MulticastRegistration[]): MulticastGroup[] {
  const addresses = [...new Set(registrations.map(({ address }) => address))];
  return addresses.map((address) => {
    const ofGroup = registrations.filter((each) => each.address === address);
    const ids = (role: "member" | "source") =>
      new Set(ofGroup.filter((each) => each[role]).map((each) => each.networkInterfaceId));
    return { address: ip(address), members: ids("member"), sources: ids("source") };
  });
}

export const transitGatewayMulticastDomainKind: Kind = {
  touchedBy: (_unit, table, { id }) => (table === "transit-gateway-multicast-domain" ? [id] : []),
  all: (unit) => transitGatewayMulticastDomains.table({ unit }).all(),
  put(fabric, unit, id) {
    const row = transitGatewayMulticastDomains.table({ unit }).get(id);
    if (!row || row.state === "deleted") return false;
    fabric.transitGateways.putMulticastDomain({
      id,
      staticSources: row.staticSources === "enable",
      igmp: row.igmp === "enable",
      // A subnet may be another account's, which may have been emptied.
      subnets: row.associations
        .filter(({ subnetId, state }) => state === "associated" && subnets.table({ unit }).get(subnetId))
        .map(({ subnetId }) => subnetId),
      groups: groupsOf(row.registrations),
    });
    return true;
  },
  remove: (fabric, id) => fabric.transitGateways.removeMulticastDomain(id),
};
