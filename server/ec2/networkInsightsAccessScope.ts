import type * as Sdk from "@aws-sdk/client-ec2";
import { parseAddress, parsePrefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { arnOf, readName, typeOf } from "./networkInsightsComponent.ts";
import { getBlocks } from "./prefixList.ts";

export interface NetworkInsightsAccessScope extends ResourceRow {
  readonly match: readonly Sdk.AccessScopePath[];
  readonly exclude: readonly Sdk.AccessScopePath[];
}

/** Which paths through the network are to be found, and which of them are meant to be there. */
export const networkInsightsAccessScopes = defineResource({
  type: "network-insights-access-scope",
  idPrefix: "nis",
  notFound: "InvalidNetworkInsightsAccessScopeId.NotFound",
  malformed: "InvalidNetworkInsightsAccessScopeId.Malformed",
  ids: "NetworkInsightsAccessScopeIds",
  view: (scope: NetworkInsightsAccessScope, { ctx, account, tags }): Sdk.NetworkInsightsAccessScope => ({
    NetworkInsightsAccessScopeId: scope.id,
    NetworkInsightsAccessScopeArn: arnOf(ctx, account, scope.id, "network-insights-access-scope"),
    CreatedDate: new Date(scope.created),
    UpdatedDate: new Date(scope.created),
    Tags: tags,
  }),
  filters: {},
  pages: [1, 100],
});

type Place = "source" | "destination" | "through";

const EVERYWHERE: readonly Place[] = ["source", "destination", "through"];
const ENDS: readonly Place[] = ["source", "destination"];
const ON_THE_WAY: readonly Place[] = ["through"];

/**
 * Where a resource can stand in a scope, by its type.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/network-access-analyzer/resource-statement.html
 */
const RESOURCES: Readonly<Record<string, readonly Place[]>> = {
  instance: ENDS,
  "internet-gateway": ENDS,
  "load-balancer": ON_THE_WAY,
  natgateway: ON_THE_WAY,
  "network-interface": ENDS,
  "security-group": ENDS,
  subnet: ENDS,
  "transit-gateway-attachment": EVERYWHERE,
  vpc: ENDS,
  "vpc-endpoint": EVERYWHERE,
  "vpc-endpoint-service": EVERYWHERE,
  "vpc-peering-connection": EVERYWHERE,
  "vpn-gateway": ENDS,
};

const RESOURCE_TYPES: Readonly<Record<string, readonly Place[]>> = {
  "AWS::EC2::InternetGateway": ENDS,
  "AWS::EC2::NatGateway": ON_THE_WAY,
  "AWS::EC2::TransitGatewayAttachment": EVERYWHERE,
  "AWS::EC2::VPCEndpoint": ["destination", "through"],
  "AWS::EC2::VPCEndpointService": EVERYWHERE,
  "AWS::EC2::VPCPeeringConnection": EVERYWHERE,
  "AWS::EC2::VPNGateway": ENDS,
  "AWS::ElasticLoadBalancing::LoadBalancer": ON_THE_WAY,
  "AWS::ElasticLoadBalancingV2::LoadBalancer": ON_THE_WAY,
  // The guide's list and its examples differ.
  "AWS::NetworkFirewall::Firewall": ON_THE_WAY,
  "AWS::NetworkFirewall::NetworkFirewall": ON_THE_WAY,
};

/** Load balancers of all kinds and firewalls, which can be named by ARN only. */
const OTHER_ARN = /^arn:[\w-]+:(?:elasticloadbalancing|network-firewall):[\w-]+:\d{12}:\S+$/;

const invalid = (value: string, name: string, why: string): ApiError =>
  new ApiError(
    "InvalidParameterValue",
    `Value (${value.slice(0, 256)}) for parameter ${name} is invalid. ${why}`,
  );

/** The id of a resource that a statement names by id or ARN. @throws {ApiError} InvalidParameterValue */
export function readResource(ctx: Context, text: string, place: Place): string {
  if (place === "through" && OTHER_ARN.test(text)) return text;
  const id = readName(ctx, text)?.id;
  const places = id === undefined ? undefined : RESOURCES[typeOf(id) ?? ""];
  if (id === undefined || !places?.includes(place)) {
    throw invalid(text, "resource", `It cannot be the ${place} of a path.`);
  }
  return id;
}

/** @throws {ApiError} InvalidParameterValue, InvalidParameterCombination, MissingParameter */
function checkResources(ctx: Context, statement: Sdk.ResourceStatementRequest, place: Place): void {
  const { Resources = [], ResourceTypes = [] } = statement;
  if (Resources.length > 0 && ResourceTypes.length > 0) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter resources cannot be used with the parameter resourceTypes",
    );
  }
  if (Resources.length + ResourceTypes.length === 0) {
    throw new ApiError("MissingParameter", "resourceStatement.resources");
  }
  for (const text of Resources) readResource(ctx, text, place);
  for (const type of ResourceTypes) {
    const places = Object.hasOwn(RESOURCE_TYPES, type) ? RESOURCE_TYPES[type] : undefined;
    if (!places?.includes(place)) throw invalid(type, "resourceType", `It cannot be the ${place} of a path.`);
  }
}

const isAddress = (text: string): boolean =>
  parseAddress(text)?.version === 4 || parsePrefix(text)?.version === 4;

function isPortRange(text: string): boolean {
  const [, first = "", last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  return first !== "" && Number(first) <= Number(last) && Number(last) <= 65_535;
}

/** @throws {ApiError} InvalidParameterValue, InvalidParameterCombination, MissingParameter, InvalidPrefixListID.NotFound */
function checkHeaders(ctx: Context, statement: Sdk.PacketHeaderStatementRequest): void {
  if (Object.values(statement).every((list) => list === undefined || list.length === 0)) {
    throw new ApiError("MissingParameter", "packetHeaderStatement");
  }
  for (const side of ["Source", "Destination"] as const) {
    const { [`${side}Addresses` as const]: addresses, [`${side}PrefixLists` as const]: lists } = statement;
    if (addresses?.length && lists?.length) {
      throw new ApiError(
        "InvalidParameterCombination",
        `The parameter ${side.toLowerCase()}Addresses cannot be used with the parameter ${side.toLowerCase()}PrefixLists`,
      );
    }
    for (const text of addresses ?? []) {
      if (!isAddress(text))
        throw invalid(text, `${side.toLowerCase()}Address`, "It must be an IPv4 address or CIDR block.");
    }
    for (const list of lists ?? []) getBlocks(ctx, list);
    for (const text of statement[`${side}Ports`] ?? []) {
      if (!isPortRange(text))
        throw invalid(text, `${side.toLowerCase()}Port`, "It must be a port or a range of ports.");
    }
  }
}

/** @throws {ApiError} InvalidParameterValue, InvalidParameterCombination, MissingParameter, InvalidPrefixListID.NotFound */
function checkEnd(ctx: Context, end: Sdk.PathStatementRequest | undefined, place: Place): void {
  if (!end) return;
  const { ResourceStatement, PacketHeaderStatement } = end;
  if (!ResourceStatement && !PacketHeaderStatement) {
    throw new ApiError("MissingParameter", `${place}.resourceStatement`);
  }
  if (ResourceStatement) checkResources(ctx, ResourceStatement, place);
  if (PacketHeaderStatement) checkHeaders(ctx, PacketHeaderStatement);
}

/** @throws {ApiError} InvalidParameterValue, InvalidParameterCombination, MissingParameter, InvalidPrefixListID.NotFound */
function readPaths(
  ctx: Context,
  paths: readonly Sdk.AccessScopePathRequest[] = [],
  name: string,
): readonly Sdk.AccessScopePath[] {
  for (const { Source, Destination, ThroughResources = [] } of paths) {
    if (!Source && !Destination && ThroughResources.length === 0) {
      throw new ApiError("MissingParameter", `${name}.source`);
    }
    checkEnd(ctx, Source, "source");
    checkEnd(ctx, Destination, "destination");
    for (const { ResourceStatement } of ThroughResources) {
      if (!ResourceStatement)
        throw new ApiError("MissingParameter", `${name}.throughResource.resourceStatement`);
      checkResources(ctx, ResourceStatement, "through");
    }
  }
  return paths;
}

const viewContent = ({
  id,
  match,
  exclude,
}: NetworkInsightsAccessScope): Sdk.NetworkInsightsAccessScopeContent => ({
  NetworkInsightsAccessScopeId: id,
  MatchPaths: [...match],
  ExcludePaths: [...exclude],
});

export const partly = {
  CreateNetworkInsightsAccessScope:
    "resource groups, and paths through Application and Classic Load Balancers and firewalls, which can be named but " +
    "are in no path",
};

export const operations = {
  CreateNetworkInsightsAccessScope: ({ MatchPaths, ExcludePaths, TagSpecifications }, ctx) => {
    if (!MatchPaths || MatchPaths.length === 0) throw new ApiError("MissingParameter", "matchPaths");
    const fields = {
      match: readPaths(ctx, MatchPaths, "matchPath"),
      exclude: readPaths(ctx, ExcludePaths, "excludePath"),
    };
    const scope = networkInsightsAccessScopes.create(ctx, fields, TagSpecifications);
    return {
      NetworkInsightsAccessScope: networkInsightsAccessScopes.show(ctx, scope),
      NetworkInsightsAccessScopeContent: viewContent(scope),
    };
  },

  DeleteNetworkInsightsAccessScope: ({ NetworkInsightsAccessScopeId }, ctx) => {
    const { id } = networkInsightsAccessScopes.get(ctx, NetworkInsightsAccessScopeId);
    networkInsightsAccessScopes.delete(ctx, id);
    return { NetworkInsightsAccessScopeId: id };
  },

  DescribeNetworkInsightsAccessScopes: networkInsightsAccessScopes.describe("NetworkInsightsAccessScopes"),

  GetNetworkInsightsAccessScopeContent: ({ NetworkInsightsAccessScopeId }, ctx) => ({
    NetworkInsightsAccessScopeContent: viewContent(
      networkInsightsAccessScopes.get(ctx, NetworkInsightsAccessScopeId),
    ),
  }),
} satisfies Handlers;
