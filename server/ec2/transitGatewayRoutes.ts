import { overlaps } from "../../network/cidr.ts";
import { block as blockOf } from "../../network/ip.ts";
import type { TransitGatewayRoute as FabricRoute } from "../../network/transitGatewayRouteTable.ts";
import type { Context } from "../kit/context.ts";
import { present } from "../kit/present.ts";
import { isAssociated } from "./cidrAssociation.ts";
import { storedCidr } from "./cidrBlock.ts";
import { clientVpnEndpoints } from "./clientVpnEndpoint.ts";
import { isPrefixListId } from "./prefixListId.ts";
import { transitGateways } from "./transitGateway.ts";
import {
  transitGatewayAnnouncements,
  type TransitGatewayAnnouncement,
} from "./transitGatewayAnnouncement.ts";
import {
  isLive,
  transitGatewayAttachments,
  translations,
  type Attached,
  type TransitGatewayAttachment,
} from "./transitGatewayAttachment.ts";
import { routesOfPeers } from "./transitGatewayConnectPeer.ts";
import { transitGatewayRouteTables } from "./transitGatewayRouteTable.ts";
import { vpcs } from "./vpc.ts";
import { vpnConnections } from "./vpnConnection.ts";
import { bestRoutes, routesHeard, routesOfGateway, routesOfLines } from "./vpnRoutes.ts";

type Rows = Pick<Context, "unit">;

/** What is told of a block that lies behind an attachment. */
interface Told extends Pick<FabricRoute, "localPreference" | "pathLength" | "discriminator"> {
  /** A CIDR block, or the id of a prefix list. */
  readonly destination: string;
}

/** A route of a table, made by somebody or learned from an attachment. */
export interface TransitRoute extends Told, Pick<FabricRoute, "origin" | "shared"> {
  /** Undefined for a route that drops what it matches. */
  readonly attachmentId: string | undefined;
  /** What it came by from another gateway, if it did. */
  readonly announcementId?: string;
}

/** As the network knows a route. */
export const fabricRoute = ({ destination, attachmentId, ...route }: TransitRoute): FabricRoute => ({
  destination: isPrefixListId(destination) ? { prefixList: destination } : blockOf(destination),
  attachment: attachmentId,
  origin: route.origin,
  ...present({
    localPreference: route.localPreference,
    pathLength: route.pathLength,
    discriminator: route.discriminator,
    shared: route.shared,
  }),
});

/**
 * The blocks that a VPC has, of the versions that the attachment takes. One that is translated as a whole is known by its
 * other addresses alone.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nat-routing.html
 */
function toldOfVpc(rows: Rows, attachment: TransitGatewayAttachment): Told[] {
  const { to } = attachment;
  const vpc = to.type === "vpc" ? vpcs.table(rows).get(to.id) : undefined;
  if (!vpc || to.type !== "vpc") return [];
  const blocks = to.ipv6 === "enable" ? [...vpc.ipv4, ...vpc.ipv6] : vpc.ipv4;
  const rules = translations(attachment);
  return blocks
    .filter(isAssociated)
    .map(({ cidr }) => ({ destination: rules.find(({ inside }) => inside === cidr)?.outside ?? cidr }));
}

/** What BGP tells over a VPN connection, and what it is translated to; nothing where routes are written down. */
function toldOfVpn(rows: Rows, attachment: TransitGatewayAttachment): Told[] {
  const { to, nat } = attachment;
  const known: Told[] = routesHeard(rows, to.id);
  if (nat?.systemRoutes === "disable" || vpnConnections.table(rows).get(to.id)?.staticRoutes !== false) {
    return known;
  }
  const translated = translations(attachment)
    .map(({ outside }) => outside)
    .filter((outside) => !known.some(({ destination }) => destination === outside));
  return [...known, ...[...new Set(translated)].map((destination) => ({ destination }))];
}

/** What BGP tells over all connections of a concentrator. */
const toldOfConcentrator = (rows: Rows, { to }: TransitGatewayAttachment): Told[] =>
  bestRoutes(routesOfGateway(rows, to.id));

/** What BGP tells over a dedicated line. */
const toldOfLine = (rows: Rows, { id }: TransitGatewayAttachment): Told[] => routesOfLines(rows, id);

/** What BGP tells over the tunnels of a Connect attachment. */
const toldOfPeers = (rows: Rows, { id }: TransitGatewayAttachment): Told[] =>
  bestRoutes(routesOfPeers(rows, id));

/** The addresses that clients of an endpoint can have. */
function toldOfClients(rows: Rows, { to }: TransitGatewayAttachment): Told[] {
  const endpoint = clientVpnEndpoints.table(rows).get(to.id);
  return endpoint ? [{ destination: endpoint.clientCidr }] : [];
}

interface Propagation {
  readonly origin: FabricRoute["origin"];
  /** The blocks that lie behind an attachment. */
  readonly told: (rows: Rows, attachment: TransitGatewayAttachment) => readonly Told[];
}

/** What tables learn from attachments, by what those lead to. */
const propagations: Partial<Record<Attached["type"], Propagation>> = {
  "client-vpn": { origin: "propagated-client-vpn", told: toldOfClients },
  connect: { origin: "propagated-connect", told: toldOfPeers },
  vpc: { origin: "propagated-vpc", told: toldOfVpc },
  vpn: { origin: "propagated-vpn", told: toldOfVpn },
  "direct-connect-gateway": { origin: "propagated-direct-connect", told: toldOfLine },
  "vpn-concentrator": { origin: "propagated-vpn-concentrator", told: toldOfConcentrator },
};

/** Whether a VPN connection is between private addresses. */
const isPrivate = (rows: Rows, { to }: TransitGatewayAttachment): boolean =>
  to.type === "vpn" && vpnConnections.table(rows).get(to.id)?.transportId !== undefined;

/** Whether a gateway spreads flows over links that lead to the same block equally well: of VPN, if somebody wants it. */
const sharesFlows = (rows: Rows, { gatewayId, to }: TransitGatewayAttachment): boolean =>
  to.type === "direct-connect-gateway" ||
  (to.type === "vpn" && transitGateways.table(rows).get(gatewayId)?.vpnEcmp === "enable");

/**
 * What a table learns. Of VPCs whose blocks overlap only the one that was attached first is reached: the blocks of the
 * others are left out.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html
 */
function learned(rows: Rows, tableId: string): TransitRoute[] {
  const routes: TransitRoute[] = [];
  const taken: { readonly block: ReturnType<typeof storedCidr>; readonly attachmentId: string }[] = [];
  for (const attachment of transitGatewayAttachments.table(rows).by("propagation", tableId)) {
    const { id, to } = attachment;
    const propagation = isLive(attachment) ? propagations[to.type] : undefined;
    if (!propagation) continue;
    const shared = sharesFlows(rows, attachment);
    const origin = isPrivate(rows, attachment) ? "propagated-private-vpn" : propagation.origin;
    for (const told of propagation.told(rows, attachment)) {
      const block = storedCidr(told.destination);
      const others = to.type === "vpc" ? taken : [];
      if (others.some((other) => other.attachmentId !== id && overlaps(other.block, block))) continue;
      if (to.type === "vpc") taken.push({ block, attachmentId: id });
      routes.push({ ...told, attachmentId: id, origin, shared });
    }
  }
  return routes;
}

/** What is in a table by itself, without what other gateways announce. */
function ownRoutes(rows: Rows, tableId: string): TransitRoute[] {
  const made = transitGatewayRouteTables.table(rows).get(tableId)?.routes ?? [];
  return [...made.map((route) => ({ ...route, origin: "static" as const })), ...learned(rows, tableId)];
}

/** The announcements that a table learns by now, with the announcer's end of each peering. */
function* heard(
  rows: Rows,
  tableId: string,
): Iterable<{ readonly announcement: TransitGatewayAnnouncement; readonly back: string }> {
  for (const announcement of transitGatewayAnnouncements.table(rows).by("propagation", tableId)) {
    const end = transitGatewayAttachments.table(rows).get(announcement.attachmentId);
    if (announcement.state !== "available" || end?.to.type !== "peering" || !isLive(end)) continue;
    yield { announcement, back: end.to.attachmentId };
  }
}

/**
 * What a table learns of another gateway's table, and of those that this one learns of in turn, as BGP has it: not what
 * drops packets there, or leads back by the same peering, or has passed a gateway before. By each announcement, the
 * shortest way to a table counts.
 */
function announcedBy(rows: Rows, first: TransitGatewayAnnouncement, back: string): TransitRoute[] {
  const { id: announcementId, attachmentId, gatewayId } = first;
  const hops = [{ announcement: first, back, passed: [gatewayId] }];
  const known = new Set<string>();
  const routes: TransitRoute[] = [];
  // More of them come while it goes on.
  for (const { announcement, back: backThere, passed } of hops) {
    const { tableId, peerId } = announcement;
    if (known.has(tableId) || passed.includes(peerId)) continue;
    known.add(tableId);
    for (const route of ownRoutes(rows, tableId)) {
      if (route.attachmentId === undefined || route.attachmentId === backThere) continue;
      const told = { destination: route.destination, pathLength: passed.length };
      routes.push({ ...told, attachmentId, origin: "propagated-peering", announcementId });
    }
    for (const next of heard(rows, tableId)) hops.push({ ...next, passed: [...passed, peerId] });
  }
  return routes;
}

/** What a table learns of other gateways' tables. */
const announced = (rows: Rows, tableId: string): TransitRoute[] =>
  [...heard(rows, tableId)].flatMap(({ announcement, back }) => announcedBy(rows, announcement, back));

/** All routes of a table, those that somebody made first. */
export const routesOf = (rows: Rows, tableId: string): TransitRoute[] => [
  ...ownRoutes(rows, tableId),
  ...announced(rows, tableId),
];

/** The tables that learn what is in one over peerings, be it by way of others. */
export function learners(rows: Rows, tableId: string): ReadonlySet<string> {
  const announcements = transitGatewayAnnouncements.table(rows);
  const found = new Set<string>();
  const tables = [tableId];
  for (const table of tables) {
    for (const { otherId } of announcements.by("announced", table)) {
      for (const learner of announcements.get(otherId)?.propagations ?? []) {
        if (found.has(learner)) continue;
        found.add(learner);
        tables.push(learner);
      }
    }
  }
  return found;
}

/** The attachment that a route leads to; undefined for a blackhole, which a route to one that is gone is, too. */
export function wayOut(rows: Rows, { attachmentId }: TransitRoute): TransitGatewayAttachment | undefined {
  const row =
    attachmentId === undefined ? undefined : transitGatewayAttachments.table(rows).get(attachmentId);
  return row && isLive(row) ? row : undefined;
}
