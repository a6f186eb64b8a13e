import type * as Sdk from "@aws-sdk/client-ec2";
import { contains, formatPrefix, parseAddress, type Prefix } from "../../network/cidr.ts";
import { bestOf, type TransitGatewayRoute as FabricRoute } from "../../network/transitGatewayRouteTable.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { compileFilters, type Filters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import { numbered } from "../kit/list.ts";
import { takePage, type PageBounds } from "../kit/pages.ts";
import { readCidr, storedCidr } from "./cidrBlock.ts";
import { blocksInList } from "./prefixListBlocks.ts";
import { isPrefixListId } from "./prefixListId.ts";
import { attachmentAt, transitGatewayAttachments } from "./transitGatewayAttachment.ts";
import {
  transitGatewayRouteTables,
  usableTable,
  type StaticTransitRoute,
  type TransitGatewayRouteTable,
} from "./transitGatewayRouteTable.ts";
import { fabricRoute, routesOf, wayOut, type TransitRoute } from "./transitGatewayRoutes.ts";

function viewAttachment(ctx: Context, id: string): Sdk.TransitGatewayRouteAttachment[] {
  const to = transitGatewayAttachments.table(ctx).get(id)?.to;
  return to ? [{ TransitGatewayAttachmentId: id, ResourceId: to.id, ResourceType: to.type }] : [];
}

/** A route for one block, of a prefix list one of many, with those that share its flows. */
function view(
  ctx: Context,
  route: TransitRoute,
  destination: string,
  all: readonly TransitRoute[] = [route],
): Sdk.TransitGatewayRoute {
  const { origin, announcementId } = route;
  return {
    DestinationCidrBlock: destination,
    // Another gateway tells blocks, and not whose list they are on.
    PrefixListId:
      destination === route.destination || announcementId !== undefined ? undefined : route.destination,
    TransitGatewayRouteTableAnnouncementId: announcementId,
    TransitGatewayAttachments: all.flatMap(({ attachmentId }) =>
      attachmentId === undefined ? [] : viewAttachment(ctx, attachmentId),
    ),
    Type: origin === "static" ? "static" : "propagated",
    State: wayOut(ctx, route) ? "active" : "blackhole",
  };
}

/** "Only shows a preferred route": one that loses is seen when the better one is gone. */
function views(ctx: Context, tableId: string): Sdk.TransitGatewayRoute[] {
  const known = new Map<string, (FabricRoute & { readonly route: TransitRoute })[]>();
  for (const route of routesOf(ctx, tableId)) {
    const { destination } = route;
    for (const block of isPrefixListId(destination) ? blocksInList(ctx, destination) : [destination]) {
      const others = known.get(block) ?? [];
      known.set(block, [...others, { ...fabricRoute(route), route }]);
    }
  }
  return [...known].flatMap(([block, routes]) => {
    const best = bestOf(routes).map(({ route }) => route);
    return best[0] ? view(ctx, best[0], block, best) : [];
  });
}

interface Target {
  readonly TransitGatewayAttachmentId?: string | undefined;
  readonly Blackhole?: boolean | undefined;
}

/**
 * Where a new route leads: to an attachment of the table's gateway, or, as undefined, nowhere.
 *
 * @throws {ApiError} MissingParameter, InvalidParameterCombination, InvalidTransitGatewayAttachmentID.NotFound, IncorrectState
 */
export function readTarget(
  ctx: Context,
  { gatewayId }: TransitGatewayRouteTable,
  { TransitGatewayAttachmentId: id, Blackhole }: Target,
): string | undefined {
  if (id === undefined) {
    if (Blackhole) return undefined;
    throw new ApiError("MissingParameter", "transitGatewayAttachmentId");
  }
  if (Blackhole) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter transitGatewayAttachmentId cannot be used with the parameter blackhole",
    );
  }
  const row = attachmentAt(ctx, gatewayId, id);
  // "Static routes are not supported for Connect attachments": what is behind them is told by BGP.
  if (row.to.type === "connect") {
    throw new ApiError(
      "UnsupportedOperation",
      `Static routes to the Connect attachment ${id} are not supported.`,
    );
  }
  return id;
}

/** The routes that somebody has made, with one replaced or added. */
export function putRoute(
  ctx: Context,
  { id, routes }: TransitGatewayRouteTable,
  route: StaticTransitRoute,
): void {
  const known = routes.some(({ destination }) => destination === route.destination);
  transitGatewayRouteTables.update(ctx, id, {
    routes: known
      ? routes.map((each) => (each.destination === route.destination ? route : each))
      : [...routes, route],
  });
}

export const staticRoute = (
  { routes }: TransitGatewayRouteTable,
  destination: string,
): StaticTransitRoute | undefined => routes.find((route) => route.destination === destination);

const readDestination = (text: string): string => formatPrefix(readCidr(text, "destinationCidrBlock"));

const answer = (ctx: Context, route: StaticTransitRoute) => ({
  Route: view(ctx, { ...route, origin: "static" }, route.destination),
});

/** Searches by blocks: whether a route's block is one that the value asks for. */
const searches: Readonly<Record<string, (block: Prefix, asked: Prefix) => boolean>> = {
  "route-search.exact-match": (block, asked) => formatPrefix(block) === formatPrefix(asked),
  "route-search.longest-prefix-match": contains,
  "route-search.subnet-of-match": (block, asked) => contains(asked, block),
  "route-search.supernet-of-match": contains,
};
const LONGEST = "route-search.longest-prefix-match";
export const SEARCHES: readonly string[] = Object.keys(searches);

export const routeFilters = {
  "attachment.resource-id": (route) => route.TransitGatewayAttachments?.map(({ ResourceId }) => ResourceId),
  "attachment.resource-type": (route) =>
    route.TransitGatewayAttachments?.map(({ ResourceType }) => ResourceType),
  "attachment.transit-gateway-attachment-id": (route) =>
    route.TransitGatewayAttachments?.map((each) => each.TransitGatewayAttachmentId),
  "prefix-list-id": (route) => route.PrefixListId,
  state: (route) => route.State,
  type: (route) => route.Type,
} satisfies Filters<Sdk.TransitGatewayRoute>;

/** A block, or a single address. */
const readAsked = (text: string, name: string): Prefix => {
  const address = parseAddress(text);
  return address
    ? { version: address.version, base: address.value, length: address.version === 4 ? 32 : 128 }
    : readCidr(text, name);
};

/** Those of the routes that a search by blocks finds for one of its values. */
function search(
  routes: readonly Sdk.TransitGatewayRoute[],
  { Name: name = "", Values: values = [] }: Sdk.Filter,
): Sdk.TransitGatewayRoute[] {
  const fits = searches[name];
  if (!fits) return [...routes];
  const found = new Set<Sdk.TransitGatewayRoute>();
  for (const value of values) {
    const asked = readAsked(value, name);
    const fitting = routes.filter((route) => fits(storedCidr(route.DestinationCidrBlock ?? ""), asked));
    const lengthOf = (route: Sdk.TransitGatewayRoute) => storedCidr(route.DestinationCidrBlock ?? "").length;
    const longest = Math.max(...fitting.map(lengthOf));
    for (const route of fitting) if (name !== LONGEST || lengthOf(route) === longest) found.add(route);
  }
  return routes.filter((route) => found.has(route));
}

const isSearch = ({ Name = "" }: Sdk.Filter): boolean => Object.hasOwn(searches, Name);

/** Those of a table's routes that a call asks for, in the order of the table. */
export function foundRoutes(
  ctx: Context,
  tableId: string,
  asked: readonly Sdk.Filter[],
  known: Filters<Sdk.TransitGatewayRoute>,
): Sdk.TransitGatewayRoute[] {
  const keep = compileFilters(
    known,
    asked.filter((filter) => !isSearch(filter)),
    false,
  );
  // The longest match is that of the table, and not of what other filters leave of it.
  const routes = asked
    .filter(isSearch)
    .toSorted((a, b) => Number(b.Name === LONGEST) - Number(a.Name === LONGEST))
    .reduce(search, views(ctx, tableId));
  return keep ? routes.filter((route) => keep(route, route)) : routes;
}

const PAGES: PageBounds = [5, 1000, 1000];

function searchRoutes(input: Sdk.SearchTransitGatewayRoutesRequest, ctx: Context) {
  const { TransitGatewayRouteTableId: id = "", Filters: asked = [] } = input;
  const table = transitGatewayRouteTables.get(ctx, id);
  const routes = numbered(foundRoutes(ctx, table.id, asked, routeFilters));
  const { items, ...page } = takePage(ctx, routes, input, ({ view: route }) => route, PAGES);
  return { Routes: items, AdditionalRoutesAvailable: page.NextToken !== undefined, ...page };
}

export const operations = {
  CreateTransitGatewayRoute: ({ TransitGatewayRouteTableId, DestinationCidrBlock, ...target }, ctx) => {
    const table = usableTable(ctx, TransitGatewayRouteTableId);
    const destination = readDestination(DestinationCidrBlock);
    const route = { destination, attachmentId: readTarget(ctx, table, target) };
    if (staticRoute(table, destination)) {
      const message = `Route ${destination} already exists in Transit Gateway Route Table ${table.id}.`;
      throw new ApiError("RouteAlreadyExists", destination, message);
    }
    putRoute(ctx, table, route);
    return answer(ctx, route);
  },

  DeleteTransitGatewayRoute: ({ TransitGatewayRouteTableId, DestinationCidrBlock }, ctx) => {
    const table = usableTable(ctx, TransitGatewayRouteTableId);
    const destination = readDestination(DestinationCidrBlock);
    const route = staticRoute(table, destination);
    if (!route) throw new ApiError("InvalidRoute.NotFound", destination, table.id);
    transitGatewayRouteTables.update(ctx, table.id, {
      routes: table.routes.filter((each) => each !== route),
    });
    return { Route: { ...answer(ctx, route).Route, State: "deleted" as const } };
  },

  ReplaceTransitGatewayRoute: ({ TransitGatewayRouteTableId, DestinationCidrBlock, ...target }, ctx) => {
    const table = usableTable(ctx, TransitGatewayRouteTableId);
    const destination = readDestination(DestinationCidrBlock);
    const route = { destination, attachmentId: readTarget(ctx, table, target) };
    if (!staticRoute(table, destination)) throw new ApiError("InvalidRoute.NotFound", destination, table.id);
    putRoute(ctx, table, route);
    return answer(ctx, route);
  },

  SearchTransitGatewayRoutes: Object.assign(searchRoutes, {
    filters: [...Object.keys(routeFilters), ...SEARCHES],
  }),
} satisfies Handlers;
