import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../kit/context.ts";
import { compileFilters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import { numbered, type DescribeList } from "../kit/list.ts";
import { takePage, type PageBounds } from "../kit/pages.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import type { AccessCondition, AccessStatement, PathEnd } from "../kit/world.ts";
import { internetGateways } from "./internetGateway.ts";
import { natGateways } from "./natGateway.ts";
import { networkInsightsAccessScopes, readResource } from "./networkInsightsAccessScope.ts";
import { arnOf, balancersOf, describeComponents, knows } from "./networkInsightsComponent.ts";
import { networkInterfaces } from "./networkInterface.ts";
import { blocksInList } from "./prefixListBlocks.ts";
import { isLive, transitGatewayAttachments } from "./transitGatewayAttachment.ts";
import { vpcEndpoints } from "./vpcEndpoint.ts";
import { vpcEndpointServices } from "./vpcEndpointService.ts";
import { vpcPeerings } from "./vpcPeering.ts";
import { vpcOf, vpnGateways } from "./vpnGateway.ts";

export interface NetworkInsightsAccessScopeAnalysis extends ResourceRow {
  readonly scopeId: string;
  readonly status: Sdk.AnalysisStatus;
  /** When it was done: milliseconds since the epoch. */
  readonly ended: number | undefined;
  readonly interfaces: number;
  /** The components of each path that was found. */
  readonly findings: readonly (readonly Sdk.PathComponent[])[];
}

const SECONDS = 60;
const PAGES: PageBounds = [1, 100];
const FINDING_PAGES: PageBounds = [1, 1000];
/** "Findings per scope analysis" */
const MOST_FINDINGS = 10_000;

const foundIn = ({ status, findings }: NetworkInsightsAccessScopeAnalysis): Sdk.FindingsFound =>
  status !== "succeeded" ? "unknown" : findings.length > 0 ? "true" : "false";

/** The paths that a scope was found to have, in the network as it was then. */
export const networkInsightsAccessScopeAnalyses = defineResource({
  type: "network-insights-access-scope-analysis",
  idPrefix: "nisa",
  notFound: "InvalidNetworkInsightsAccessScopeAnalysisId.NotFound",
  malformed: "InvalidNetworkInsightsAccessScopeAnalysisId.Malformed",
  ids: "NetworkInsightsAccessScopeAnalysisIds",
  view: (
    analysis: NetworkInsightsAccessScopeAnalysis,
    { ctx, account, tags },
  ): Sdk.NetworkInsightsAccessScopeAnalysis => ({
    NetworkInsightsAccessScopeAnalysisId: analysis.id,
    NetworkInsightsAccessScopeAnalysisArn: arnOf(
      ctx,
      account,
      analysis.id,
      "network-insights-access-scope-analysis",
    ),
    NetworkInsightsAccessScopeId: analysis.scopeId,
    Status: analysis.status,
    StartDate: new Date(analysis.created),
    EndDate: analysis.ended === undefined ? undefined : new Date(analysis.ended),
    FindingsFound: foundIn(analysis),
    AnalyzedEniCount: analysis.interfaces,
    Tags: tags,
  }),
  filters: {},
  indexes: { scope: ({ scopeId }) => scopeId },
  parents: { "network-insights-access-scope": "scope" },
  partOf: () => true,
  pages: PAGES,
  transitions: {
    finish: (ctx, { id, scopeId }) => {
      const { match, exclude } = networkInsightsAccessScopes.get(ctx, scopeId);
      const findings = ctx.world.network.findAccess({
        ends: endsOf(ctx),
        match: match.map((path) => conditionOf(ctx, path)),
        exclude: exclude.map((path) => conditionOf(ctx, path)),
        knows: knows(ctx),
        most: MOST_FINDINGS,
      });
      networkInsightsAccessScopeAnalyses.update(ctx, id, {
        status: "succeeded",
        ended: ctx.now,
        interfaces: networkInterfaces.own(ctx).length,
        findings,
      });
    },
  },
});

/** Where paths of an account can begin and end, each with all that it can be named by in a scope. */
function endsOf(ctx: Context): PathEnd[] {
  const plain = (id: string, type: string): PathEnd => ({
    id,
    isInstance: false,
    interfaces: [],
    others: [type],
  });
  return [
    ...networkInterfaces
      .own(ctx)
      .filter(({ managedUse }) => managedUse === undefined)
      .map(({ id, attachment, groups, subnetId, vpcId }) => ({
        id,
        isInstance: false,
        interfaces: [id],
        others: [...(attachment ? [attachment.instanceId] : []), ...groups, subnetId, vpcId],
      })),
    ...internetGateways
      .own(ctx)
      .flatMap(({ id, vpcId }) => (vpcId === undefined ? [] : [plain(id, "AWS::EC2::InternetGateway")])),
    ...vpcPeerings
      .visible(ctx)
      .flatMap(({ id, state }) => (state === "active" ? [plain(id, "AWS::EC2::VPCPeeringConnection")] : [])),
    ...transitGatewayAttachments
      .own(ctx)
      .flatMap((row) => (isLive(row) ? [plain(row.id, "AWS::EC2::TransitGatewayAttachment")] : [])),
    ...vpnGateways
      .own(ctx)
      .flatMap((row) => (vpcOf(row) === undefined ? [] : [plain(row.id, "AWS::EC2::VPNGateway")])),
    ...vpcEndpoints.own(ctx).map(({ id, interfaces, serviceId }) => ({
      ...plain(id, "AWS::EC2::VPCEndpoint"),
      interfaces: interfaces.map(({ interfaceId }) => interfaceId),
      others: [
        "AWS::EC2::VPCEndpoint",
        "AWS::EC2::VPCEndpointService",
        ...(serviceId === undefined ? [] : [serviceId]),
      ],
    })),
    ...vpcEndpointServices
      .own(ctx)
      .map(({ id, balancers }) => ({ ...plain(id, "AWS::EC2::VPCEndpointService"), balancers })),
  ];
}

const idsOf = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id);

/** The components of each type that paths can lead through. */
const onTheWay: Readonly<Record<string, (ctx: Context) => readonly string[]>> = {
  "AWS::EC2::NatGateway": (ctx) => idsOf(natGateways.own(ctx)),
  "AWS::EC2::TransitGatewayAttachment": (ctx) => idsOf(transitGatewayAttachments.own(ctx)),
  "AWS::EC2::VPCEndpoint": (ctx) => idsOf(vpcEndpoints.own(ctx)),
  "AWS::EC2::VPCEndpointService": (ctx) => [
    ...idsOf(vpcEndpointServices.own(ctx)),
    ...idsOf(vpcEndpoints.own(ctx)),
  ],
  "AWS::EC2::VPCPeeringConnection": (ctx) => idsOf(vpcPeerings.visible(ctx)),
  "AWS::ElasticLoadBalancingV2::LoadBalancer": balancersOf,
};

function statementOf(
  ctx: Context,
  statement: Sdk.PathStatement | undefined,
  place: "source" | "destination",
): AccessStatement | undefined {
  if (!statement) return undefined;
  const { ResourceStatement: resources, PacketHeaderStatement: headers } = statement;
  const ids = resources?.Resources?.map((text) => readResource(ctx, text, place)) ?? [];
  return {
    components: resources && [...ids, ...(resources.ResourceTypes ?? [])],
    headers: headers && {
      ...headers,
      SourceAddresses: addressesOf(ctx, headers.SourceAddresses, headers.SourcePrefixLists),
      DestinationAddresses: addressesOf(ctx, headers.DestinationAddresses, headers.DestinationPrefixLists),
    },
  };
}

/** What a statement says of one side, if it says anything. */
const addressesOf = (
  ctx: Context,
  addresses: readonly string[] = [],
  lists: readonly string[] = [],
): string[] | undefined => {
  const all = [...addresses, ...lists.flatMap((id) => blocksInList(ctx, id))];
  return addresses.length + lists.length === 0 ? undefined : all;
};

const conditionOf = (
  ctx: Context,
  { Source, Destination, ThroughResources = [] }: Sdk.AccessScopePath,
): AccessCondition => ({
  source: statementOf(ctx, Source, "source"),
  destination: statementOf(ctx, Destination, "destination"),
  through: ThroughResources.map(({ ResourceStatement }) => [
    ...(ResourceStatement?.Resources?.flatMap((text) => {
      const id = readResource(ctx, text, "through");
      // Of a service, paths show the endpoints.
      return [id, ...idsOf(vpcEndpoints.by(ctx, "service", id))];
    }) ?? []),
    ...(ResourceStatement?.ResourceTypes?.flatMap((type) => onTheWay[type]?.(ctx) ?? []) ?? []),
  ]),
});

type DescribeInput = Omit<Sdk.DescribeNetworkInsightsAccessScopeAnalysesRequest, "DryRun">;

const describe = (input: DescribeInput, ctx: Context) => {
  const { NetworkInsightsAccessScopeAnalysisIds: ids, NetworkInsightsAccessScopeId: scopeId } = input;
  const keep = compileFilters({}, input.Filters);
  const since = input.AnalysisStartTimeBegin?.getTime() ?? Number.NEGATIVE_INFINITY;
  const until = input.AnalysisStartTimeEnd?.getTime() ?? Number.POSITIVE_INFINITY;
  const scope = scopeId === undefined ? undefined : networkInsightsAccessScopes.get(ctx, scopeId).id;
  const rows = ids?.length
    ? networkInsightsAccessScopeAnalyses.getAll(ctx, ids)
    : networkInsightsAccessScopeAnalyses.own(ctx);
  const show = (
    row: NetworkInsightsAccessScopeAnalysis,
  ): Sdk.NetworkInsightsAccessScopeAnalysis | undefined => {
    if (row.created < since || row.created > until) return undefined;
    if (scope !== undefined && row.scopeId !== scope) return undefined;
    const view = networkInsightsAccessScopeAnalyses.show(ctx, row);
    return !keep || keep(view, row) ? view : undefined;
  };
  const { items, ...page } = takePage(ctx, rows, input, show, PAGES);
  return { NetworkInsightsAccessScopeAnalyses: items, ...page };
};

const DescribeNetworkInsightsAccessScopeAnalyses: DescribeList<
  DescribeInput,
  Sdk.NetworkInsightsAccessScopeAnalysis,
  "NetworkInsightsAccessScopeAnalyses"
> = Object.assign(describe, { filters: [] });

export const operations = {
  DeleteNetworkInsightsAccessScopeAnalysis: ({ NetworkInsightsAccessScopeAnalysisId }, ctx) => {
    const { id } = networkInsightsAccessScopeAnalyses.get(ctx, NetworkInsightsAccessScopeAnalysisId);
    networkInsightsAccessScopeAnalyses.delete(ctx, id);
    return { NetworkInsightsAccessScopeAnalysisId: id };
  },

  DescribeNetworkInsightsAccessScopeAnalyses,

  GetNetworkInsightsAccessScopeAnalysisFindings: (input, ctx) => {
    const analysis = networkInsightsAccessScopeAnalyses.get(ctx, input.NetworkInsightsAccessScopeAnalysisId);
    const all = numbered(analysis.findings);
    const { items, ...page } = takePage(
      ctx,
      all,
      input,
      ({ seq, view }): Sdk.AccessScopeAnalysisFinding => ({
        NetworkInsightsAccessScopeAnalysisId: analysis.id,
        NetworkInsightsAccessScopeId: analysis.scopeId,
        FindingId: `AnalysisFinding-${seq}`,
        FindingComponents: describeComponents(ctx, [...view]),
      }),
      FINDING_PAGES,
    );
    return {
      NetworkInsightsAccessScopeAnalysisId: analysis.id,
      AnalysisStatus: analysis.status,
      AnalysisFindings: items,
      ...page,
    };
  },

  StartNetworkInsightsAccessScopeAnalysis: ({ NetworkInsightsAccessScopeId, TagSpecifications }, ctx) => {
    const { id: scopeId } = networkInsightsAccessScopes.get(ctx, NetworkInsightsAccessScopeId);
    const analysis = networkInsightsAccessScopeAnalyses.create(
      ctx,
      { scopeId, status: "running", ended: undefined, interfaces: 0, findings: [] },
      TagSpecifications,
    );
    networkInsightsAccessScopeAnalyses.soon(ctx, analysis.id, "finish", SECONDS);
    return {
      NetworkInsightsAccessScopeAnalysis: networkInsightsAccessScopeAnalyses.show(ctx, analysis),
    };
  },
} satisfies Handlers;
