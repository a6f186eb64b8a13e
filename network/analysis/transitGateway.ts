import type { Port } from "../port.ts";
import { TransitGateway, type TransitGatewayAttachment } from "../transitGateway.ts";
import { TransitGatewayPeering } from "../transitGatewayPeering.ts";
import type { ResolvedTransitRoute, TransitGatewayRouteTable } from "../transitGatewayRouteTable.ts";
import { TransitGatewaySiteAttachment } from "../transitGatewaySiteAttachment.ts";
import { TransitGatewayVpcAttachment } from "../transitGatewayVpcAttachment.ts";
import { rangesOf } from "./addressRange.ts";
import type { TargetModel } from "./component.ts";
import type { Explanation } from "./explanation.ts";
import type { HeaderSet } from "./headerSet.ts";
import { waysFor, type Way } from "./routeTable.ts";
import { throughAcl } from "./networkAcl.ts";
import type { Search } from "./search.ts";
import { toSites, whyNotToSites } from "./siteLinks.ts";
import { translationIn, translationOut } from "./transitGatewayNat.ts";
import { chosenBy } from "./transitGatewayPolicyTable.ts";
import { past, unnamed, type Wave } from "./wave.ts";

const ORDER = [
  "static",
  "propagated-vpc",
  "propagated-direct-connect",
  "propagated-connect",
  "propagated-private-vpn",
  "propagated-vpn",
  "propagated-vpn-concentrator",
  "propagated-client-vpn",
  "propagated-peering",
];

/** The most specific first, and of those to one block the one that is used. */
const byPreference = (a: ResolvedTransitRoute, b: ResolvedTransitRoute): number =>
  b.block.length - a.block.length ||
  ORDER.indexOf(a.route.origin) - ORDER.indexOf(b.route.origin) ||
  Number("prefixList" in a.route.destination) - Number("prefixList" in b.route.destination) ||
  (b.route.localPreference ?? 0) - (a.route.localPreference ?? 0) ||
  (a.route.pathLength ?? 0) - (b.route.pathLength ?? 0) ||
  (a.route.discriminator ?? 0) - (b.route.discriminator ?? 0);

const routesOf = (table: TransitGatewayRouteTable): ResolvedTransitRoute[] =>
  table.routes
    .flatMap((route) => table.blocksOf(route).map((block) => ({ block, route })))
    .toSorted(byPreference);

/** The routes among which the flows of one are shared out: it and those that are as good. */
const sharing = (
  routes: readonly ResolvedTransitRoute[],
  best: ResolvedTransitRoute,
): readonly ResolvedTransitRoute[] =>
  best.route.shared
    ? routes.filter(
        (each) => each.route.shared && each.block.base === best.block.base && byPreference(each, best) === 0,
      )
    : [best];

/** How a wave came into a gateway: by which attachment, and from which zone, if from a VPC. */
interface Entry {
  readonly gateway: TransitGateway;
  readonly attachment: TransitGatewayAttachment;
  readonly zone: string | undefined;
}

const hop = ({ gateway, attachment }: Pick<Entry, "gateway" | "attachment">) => ({
  component: attachment.id,
  role: "intermediate" as const,
  transitGateway: gateway.id,
  vpc: attachment instanceof TransitGatewayVpcAttachment ? attachment.vpc.id : undefined,
});

const hopIn = (entry: Pick<Entry, "gateway" | "attachment">) => ({
  ...hop(entry),
  translation: translationOut(entry.gateway, entry.attachment),
});

const hopOut = (entry: Pick<Entry, "gateway" | "attachment">) => ({
  ...hop(entry),
  translation: translationIn(entry.gateway, entry.attachment),
});

/** From one attachment to the next. */
function route(search: Search, wave: Wave, entry: Entry): void {
  const { gateway, attachment } = entry;
  const { table } = attachment;
  const transitGateway = gateway.id;
  const nowhere = {
    code: "TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION",
    transitGateway,
    transitGatewayAttachment: attachment.id,
  } as const;
  const policy = gateway.policies.get(attachment.id);
  if (!policy) {
    if (table) return routeBy(search, wave, entry, table);
    return search.end(wave, { ...nowhere, component: attachment.id });
  }
  const { ways, rest } = chosenBy(policy, wave.headers);
  for (const { entry: chosen, headers } of ways) {
    routeBy(
      search,
      past({ ...wave, headers }, { component: policy.id, transitGateway }),
      entry,
      chosen.table,
    );
  }
  // No code is about policy tables: what they have no entry for has no route table.
  if (!rest.isEmpty) search.end({ ...wave, headers: rest }, { ...nowhere, component: policy.id });
}

function routeBy(search: Search, asked: Wave, entry: Entry, table: TransitGatewayRouteTable): void {
  const { gateway, attachment, zone } = entry;
  const where = { transitGateway: gateway.id, transitGatewayAttachment: attachment.id };
  if (!search.terrain.knows(table.id)) {
    const transitGatewayRouteTable = table.id;
    const component = gateway.id;
    const code = "TGW_RTB_ROUTES_ARE_UNKNOWN";
    return search.end(asked, { ...where, code, component, transitGatewayRouteTable });
  }
  const wave = search.fresh({ ...asked, oneWay: true }, `${gateway.id} ${table.id} ${zone}`);
  if (!wave) return;
  const routes = routesOf(table);
  const ways = waysFor(routes, wave.headers).flatMap(({ resolved, headers }) =>
    sharing(routes, resolved).map((each) => ({ resolved: each, headers })),
  );
  for (const { resolved, headers } of ways) by(search, { ...wave, headers }, entry, table, resolved);
  if (!search.relaxed) return;
  const used = new Set(ways.map(({ resolved }) => resolved.route.attachment));
  for (const next of exits(search, entry)) {
    if (used.has(next.id)) continue;
    const why = whyNotTo(next, gateway, table, routes, ways, wave.headers);
    leaveBy(search, past(wave, tableHop(gateway, table), [why]), next, entry);
  }
}

const tableHop = (
  gateway: TransitGateway,
  table: TransitGatewayRouteTable,
  route?: ResolvedTransitRoute,
) => ({
  component: table.id,
  transitGateway: gateway.id,
  // "Only forward traffic is analyzed" where such a table is on the way.
  detail: "UNIDIRECTIONAL_PATH_ANALYSIS_ONLY" as const,
  choose: route && ((headers: HeaderSet) => ({ headers, transitRoute: route })),
});

/** By one route of a table. */
function by(
  search: Search,
  wave: Wave,
  entry: Entry,
  table: TransitGatewayRouteTable,
  resolved: ResolvedTransitRoute,
): void {
  const { gateway } = entry;
  const { attachment: id } = resolved.route;
  if (id !== undefined && search.terrain.without.has(id)) return;
  const next = id === undefined ? undefined : gateway.attachmentOf(id);
  const why = {
    code: "TGW_RTB_BAD_STATE_ROUTE",
    component: table.id,
    transitGateway: gateway.id,
    transitGatewayRouteTable: table.id,
    transitRoute: resolved,
  } as const;
  if (!next) return search.end(wave, why);
  const routed = search
    .passage(wave)
    .need(next.live, () => why)
    .past(tableHop(gateway, table, resolved));
  if (routed) leaveBy(search, routed, next, entry);
}

/** The attachments that lead to the goal, whatever the tables say. */
function* exits({ goal }: Search, { gateway }: Entry): Iterable<TransitGatewayAttachment> {
  for (const vpc of goal.ports.keys()) {
    const attachment = gateway.vpcAttachments.get(vpc);
    if (attachment) yield attachment;
  }
  for (const id of goal.ids) {
    const attachment = gateway.attachmentOf(id);
    if (attachment) yield attachment;
  }
}

/** Why none of some headers go to an attachment. */
function whyNotTo(
  { id }: TransitGatewayAttachment,
  gateway: TransitGateway,
  table: TransitGatewayRouteTable,
  routes: readonly ResolvedTransitRoute[],
  ways: readonly Way<ResolvedTransitRoute>[],
  headers: HeaderSet,
): Explanation {
  const where = {
    transitGateway: gateway.id,
    transitGatewayRouteTable: table.id,
    transitGatewayAttachment: id,
  };
  const there = routes.filter(({ route }) => route.attachment === id);
  const fits = there.find(({ block }) => !headers.within("destination", rangesOf([block])).isEmpty);
  if (fits) {
    const winner = ways[0]?.resolved.block;
    const isSame = winner?.length === fits.block.length && winner.base === fits.block.base;
    const code = isSame ? "TGW_RTB_HIGHER_PRIORITY_ROUTE" : "TGW_RTB_MORE_SPECIFIC_ROUTE";
    return { ...where, code, transitRoute: fits };
  }
  const [transitRoute] = there;
  if (transitRoute) return { ...where, code: "TGW_RTB_CANNOT_ROUTE", transitRoute };
  const dead = ways.find(({ resolved: { route } }) => !gateway.attachmentOf(route.attachment ?? "")?.live);
  if (dead) return { ...where, code: "TGW_RTB_BAD_STATE_ROUTE", transitRoute: dead.resolved };
  return { ...where, code: "TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT" };
}

/** Out of the gateway by an attachment. */
function leaveBy(search: Search, wave: Wave, next: TransitGatewayAttachment, entry: Entry): void {
  const { gateway, zone } = entry;
  if (next instanceof TransitGatewayVpcAttachment) return intoVpc(search, wave, next, zone);
  const passage = search.passage(wave);
  if (next instanceof TransitGatewaySiteAttachment) {
    passage.take(toSites(next.ways, wave.headers), () => ({
      ...whyNotToSites(next.ways, wave.headers, "TGW_BAD_STATE_VPN"),
      component: next.id,
      transitGateway: gateway.id,
      transitGatewayAttachment: next.id,
    }));
  }
  const out = passage.past(hopOut({ gateway, attachment: next }));
  if (!out) return;
  if (!(next instanceof TransitGatewayPeering)) {
    // To the customer, where a path ends: by which connection is not asked.
    if (!search.arrive(out, next.id))
      search.end(out, { code: "NO_POSSIBLE_DESTINATION", component: next.id });
    return;
  }
  if (search.pause(out, next.id)) return;
  const { peer } = next;
  if (!peer || !search.terrain.knows(peer.gateway.id)) {
    return search.end(out, { code: "NO_POSSIBLE_DESTINATION", component: next.id });
  }
  const beyond = { gateway: peer.gateway, attachment: peer, zone: undefined };
  const unknown = unnamed(out, next.id, "SG_REFERENCES_NOT_PRESERVED");
  const entered = search.passage(unknown).past(hopIn(beyond));
  search.later(entered, (each) => route(search, each, beyond));
}

/** Out of the gateway into a VPC, by the interface in the same zone, if there is one; in appliance mode by any. */
function intoVpc(
  search: Search,
  wave: Wave,
  attachment: TransitGatewayVpcAttachment,
  zone: string | undefined,
): void {
  const { gateway, ports, applianceMode, vpc } = attachment;
  const out = search
    .passage(wave)
    .need(ports.length > 0, () => ({
      code: "TGW_ATTACH_VPC_AZ_RESTRICTION",
      transitGateway: gateway.id,
      transitGatewayAttachment: attachment.id,
      vpc: vpc.id,
    }))
    .past(hopOut({ gateway, attachment }));
  if (!out || search.pause(out, attachment.id)) return;
  if (!search.terrain.knows(vpc.id)) {
    return search.end(out, { code: "NO_POSSIBLE_DESTINATION", component: attachment.id });
  }
  const near = ports.filter(({ subnet }) => subnet.zone === zone);
  for (const port of applianceMode || near.length === 0 ? ports : near.slice(0, 1)) {
    const deaf = [attachment, gateway].find(({ groupReferencing }) => !groupReferencing);
    const told = deaf ? unnamed(out, deaf.id, "SG_REFERENCING_SUPPORT") : out;
    const into = { ...told, sender: told.sender ?? port };
    const own = rangesOf(port.subnet.blocks);
    search.later({ ...into, headers: into.headers.within("destination", own) }, (each) =>
      search.deliver(each, vpc, port.subnet),
    );
    search.later({ ...into, headers: into.headers.outside("destination", own) }, (each) =>
      search.route(each, port),
    );
  }
}

/** Out of a VPC into the gateway. */
function forward(search: Search, wave: Wave, gateway: TransitGateway, port: Port | undefined): void {
  const attachment = port && gateway.vpcAttachments.get(port.subnet.vpc);
  if (!attachment) return search.end(wave, { code: "BAD_STATE_ATTACHMENT", component: gateway.id });
  const { zone } = port.subnet;
  const { ports } = attachment;
  const own = ports.find(({ subnet }) => subnet.zone === zone);
  const where = { transitGateway: gateway.id, transitGatewayAttachment: attachment.id };
  const [other] = ports;
  const door = own ?? other;
  if (!door || (!own && !search.relaxed)) {
    const component = attachment.id;
    return search.end(wave, { ...where, code: "TGW_ROUTE_AZ_RESTRICTION", component, zones: [zone] });
  }
  const guarded = throughAcl(search, wave, door, false);
  const into =
    guarded &&
    search
      .passage(guarded)
      .need(own !== undefined, () => ({ ...where, code: "TGW_ROUTE_AZ_RESTRICTION", zones: [zone] }))
      .past(hopIn({ gateway, attachment }));
  if (!into) return;
  if (search.pause(into, attachment.id)) return;
  if (search.pause(into, gateway.id)) return;
  const told = attachment.groupReferencing ? into : unnamed(into, attachment.id, "SG_REFERENCING_SUPPORT");
  search.later(told, (each) => route(search, each, { gateway, attachment, zone }));
}

/** Paths that begin at an attachment: into the gateway, and into the VPC that it is to. */
export function enterBy(search: Search, wave: Wave, gateway: TransitGateway, id: string): void {
  const attachment = gateway.attachmentOf(id);
  if (!attachment) return;
  const entry = { gateway, attachment, zone: undefined };
  search.later(search.passage(wave).past(hopIn(entry)), (each) => route(search, each, entry));
  if (attachment instanceof TransitGatewayVpcAttachment) intoVpc(search, wave, attachment, undefined);
}

export const transitGatewayModel: TargetModel<TransitGateway> = {
  is: (target): target is TransitGateway => target instanceof TransitGateway,
  forward,
  enter(search, wave, gateway) {
    for (const attachment of gateway.vpcAttachments.values()) intoVpc(search, wave, attachment, undefined);
  },
};
