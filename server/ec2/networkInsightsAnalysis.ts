import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { compileFilters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import type { DescribeList } from "../kit/list.ts";
import { takePage, type PageBounds } from "../kit/pages.ts";
import { present } from "../kit/present.ts";
import { checkQuota, declareQuota } from "../kit/quotas.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import type { PathAnswer } from "../kit/world.ts";
import { parseLoadBalancerArn } from "./loadBalancer.ts";
import {
  arnOf,
  describeComponents,
  endOf,
  findComponent,
  knows,
  readName,
  typeOf,
} from "./networkInsightsComponent.ts";
import { networkInsightsPaths, pathUsers, type NetworkInsightsPath } from "./networkInsightsPath.ts";
import { vpcPeerings } from "./vpcPeering.ts";

export interface NetworkInsightsAnalysis extends ResourceRow {
  readonly pathId: string;
  readonly accounts: readonly string[];
  /** ARNs. */
  readonly filterIn: readonly string[];
  readonly filterOut: readonly string[];
  readonly status: Sdk.AnalysisStatus;
  /** Why it failed. */
  readonly message: string | undefined;
  readonly answer: PathAnswer | undefined;
}

const SECONDS = 20;
/** "Reachability Analyzer automatically deletes an analysis 120 days after its creation date." */
const KEPT_SECONDS = 120 * 24 * 3600;
const PAGES: PageBounds = [1, 100];

const tooMany = (limit: number): ApiError => new ApiError("NetworkInsightsAnalysis.LimitExceeded", limit);

const concurrentQuota = declareQuota({
  code: "network-insights/concurrent-analyses",
  name: "Concurrent network insights analyses",
  usual: 100,
  error: tooMany,
});

/** A load balancer's id is its ARN. */
const idOf = (arn: string): string => (parseLoadBalancerArn(arn) ? arn : arn.slice(arn.lastIndexOf("/") + 1));

/** The accounts on the other side of a connection by which a path leaves what the caller can see. */
function accountsBeyond(ctx: Context, explanations: readonly Sdk.Explanation[]): string[] {
  const accounts = explanations.flatMap(({ ExplanationCode, Component }) => {
    const peering =
      ExplanationCode === "NO_POSSIBLE_DESTINATION" ? vpcPeerings.find(ctx, Component?.Id ?? "") : undefined;
    return peering ? [peering.requester.account, peering.accepter.account] : [];
  });
  return [...new Set(accounts)].filter((account) => account !== ctx.account);
}

function viewAnswer(ctx: Context, answer: PathAnswer): Sdk.NetworkInsightsAnalysis {
  return {
    NetworkPathFound: answer.found,
    ForwardPathComponents: describeComponents(ctx, [...answer.forward]),
    ReturnPathComponents: describeComponents(ctx, [...answer.back]),
    Explanations: describeComponents(ctx, [...answer.explanations]),
    AlternatePathHints: answer.hints.map((id) => ({
      ComponentId: id,
      ComponentArn: typeOf(id) === "load-balancer" ? id : arnOf(ctx, ctx.account, id),
    })),
    SuggestedAccounts: accountsBeyond(ctx, answer.explanations),
  };
}

/** One answer to a path's question, by the network as it was then. */
export const networkInsightsAnalyses = defineResource({
  type: "network-insights-analysis",
  idPrefix: "nia",
  notFound: "InvalidNetworkInsightsAnalysisId.NotFound",
  malformed: "InvalidNetworkInsightsAnalysisId.Malformed",
  ids: "NetworkInsightsAnalysisIds",
  view: (analysis: NetworkInsightsAnalysis, { ctx, account, tags }): Sdk.NetworkInsightsAnalysis => ({
    NetworkInsightsAnalysisId: analysis.id,
    NetworkInsightsAnalysisArn: arnOf(ctx, account, analysis.id, "network-insights-analysis"),
    NetworkInsightsPathId: analysis.pathId,
    AdditionalAccounts: [...analysis.accounts],
    FilterInArns: [...analysis.filterIn],
    FilterOutArns: [...analysis.filterOut],
    StartDate: new Date(analysis.created),
    Status: analysis.status,
    StatusMessage: analysis.message,
    ...(analysis.answer && viewAnswer(ctx, analysis.answer)),
    Tags: tags,
  }),
  filters: {
    "path-found": (analysis) => analysis.NetworkPathFound,
    status: (analysis) => analysis.Status,
  },
  indexes: {
    path: ({ pathId }) => pathId,
    running: ({ account, status }) => (status === "running" ? account : undefined),
  },
  pages: PAGES,
  quotas: [
    {
      code: "network-insights/analyses",
      name: "Network insights analyses",
      usual: 10_000,
      error: tooMany,
    },
  ],
  transitions: {
    finish: (ctx, analysis) => {
      networkInsightsAnalyses.update(ctx, analysis.id, outcomeOf(ctx, analysis));
    },
    forget: (ctx, { id }) => networkInsightsAnalyses.delete(ctx, id),
  },
});

pathUsers.push((ctx, pathId) => networkInsightsAnalyses.by(ctx, "path", pathId).map(({ id }) => id));

/** The filters of a path, whichever way they were asked for. */
const atSourceOf = ({ sourceIp, destinationPort, atSource }: NetworkInsightsPath): Sdk.PathFilter =>
  atSource ??
  present({
    SourceAddress: sourceIp,
    DestinationPortRange:
      destinationPort === undefined ? undefined : { FromPort: destinationPort, ToPort: destinationPort },
  });

function outcomeOf(
  ctx: Context,
  { pathId, filterIn, filterOut }: NetworkInsightsAnalysis,
): Pick<NetworkInsightsAnalysis, "status" | "message" | "answer"> {
  const path = networkInsightsPaths.get(ctx, pathId);
  const through = filterIn.map(idOf);
  const missing = through.find((id) => !findComponent(ctx, id));
  if (missing !== undefined) {
    const message = `The request failed due to missing component ${missing}`;
    return { status: "failed", message, answer: undefined };
  }
  const answer = ctx.world.network.analyze({
    source: endOf(ctx, path.source),
    destination: path.destination === undefined ? undefined : endOf(ctx, path.destination),
    protocol: path.protocol,
    atSource: atSourceOf(path),
    atDestination: path.atDestination ?? present({ DestinationAddress: path.destinationIp }),
    through,
    without: filterOut.map(idOf),
    knows: knows(ctx),
  });
  return { status: "succeeded", message: undefined, answer };
}

/** What paths can be asked to lead through, or not to. */
const INTERMEDIATE: ReadonlySet<string | undefined> = new Set([
  "load-balancer",
  "natgateway",
  "transit-gateway",
  "transit-gateway-attachment",
  "vpc",
  "vpc-endpoint",
  "vpc-peering-connection",
]);

/**
 * "You can only include a single ARN to include or exclude from analysis."
 *
 * @throws {ApiError} InvalidParameterValue
 */
function readArns(ctx: Context, arns: readonly string[] = [], name: string): readonly string[] {
  const [arn, ...others] = arns;
  if (arn === undefined) return [];
  const named = arn.startsWith("arn:") ? readName(ctx, arn) : undefined;
  const isHere = named?.account === ctx.account && named.region === ctx.region;
  if (others.length > 0 || !named || !isHere || !INTERMEDIATE.has(typeOf(named.id))) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${arns.join(", ").slice(0, 512)}) for parameter ${name} is invalid. It must be the ARN of one intermediate component.`,
    );
  }
  return [arn];
}

/** Accounts are in no organization here, so that nobody can look into another. @throws {ApiError} InvalidParameterValue */
function readAccounts(ctx: Context, accounts: readonly string[] = []): readonly string[] {
  const foreign = accounts.find((account) => account !== ctx.account);
  if (foreign === undefined) return accounts;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${foreign.slice(0, 64)}) for parameter additionalAccounts is invalid. The account is not in your organization.`,
  );
}

type DescribeInput = Omit<Sdk.DescribeNetworkInsightsAnalysesRequest, "DryRun">;

const describe = (input: DescribeInput, ctx: Context) => {
  const { NetworkInsightsAnalysisIds: ids, NetworkInsightsPathId: pathId } = input;
  const { filters } = networkInsightsAnalyses.definition;
  const keep = compileFilters(filters, input.Filters);
  const since = input.AnalysisStartTime?.getTime() ?? Number.NEGATIVE_INFINITY;
  const until = input.AnalysisEndTime?.getTime() ?? Number.POSITIVE_INFINITY;
  const path = pathId === undefined ? undefined : networkInsightsPaths.get(ctx, pathId).id;
  const rows = ids?.length ? networkInsightsAnalyses.getAll(ctx, ids) : networkInsightsAnalyses.own(ctx);
  const show = (row: NetworkInsightsAnalysis): Sdk.NetworkInsightsAnalysis | undefined => {
    if (row.created < since || row.created > until) return undefined;
    if (path !== undefined && row.pathId !== path) return undefined;
    const view = networkInsightsAnalyses.show(ctx, row);
    return !keep || keep(view, row) ? view : undefined;
  };
  const { items, ...page } = takePage(ctx, rows, input, show, PAGES);
  return { NetworkInsightsAnalyses: items, ...page };
};

const DescribeNetworkInsightsAnalyses: DescribeList<
  DescribeInput,
  Sdk.NetworkInsightsAnalysis,
  "NetworkInsightsAnalyses"
> = Object.assign(describe, { filters: Object.keys(networkInsightsAnalyses.definition.filters) });

export const partly = {
  EnableReachabilityAnalyzerOrganizationSharing: "there are no organizations: it is always refused",
  StartNetworkInsightsAnalysis:
    "other accounts' resources (there are no organizations), Application and Classic Load Balancers, firewalls, as " +
    "AlternatePathHints only load balancers, NAT gateways, peering connections and attachments of transit gateways",
};

export const operations = {
  DeleteNetworkInsightsAnalysis: ({ NetworkInsightsAnalysisId }, ctx) => {
    const { id } = networkInsightsAnalyses.get(ctx, NetworkInsightsAnalysisId);
    networkInsightsAnalyses.delete(ctx, id);
    return { NetworkInsightsAnalysisId: id };
  },

  DescribeNetworkInsightsAnalyses,

  /** "This operation must be performed by the management account for the organization", and there are none here. */
  EnableReachabilityAnalyzerOrganizationSharing: () => {
    throw new ApiError(
      "OperationNotPermitted",
      "The account is not the management account of an organization.",
    );
  },

  StartNetworkInsightsAnalysis: (input, ctx) => {
    const { id: pathId } = networkInsightsPaths.get(ctx, input.NetworkInsightsPathId);
    const fields = {
      pathId,
      accounts: readAccounts(ctx, input.AdditionalAccounts),
      filterIn: readArns(ctx, input.FilterInArns, "filterInArn"),
      filterOut: readArns(ctx, input.FilterOutArns, "filterOutArn"),
      status: "running" as const,
      message: undefined,
      answer: undefined,
    };
    const [arn] = fields.filterIn;
    if (arn !== undefined && fields.filterOut.includes(arn)) {
      throw new ApiError(
        "InvalidParameterValue",
        `Value (${arn}) for parameter filterOutArn is invalid. It is in filterInArn, too.`,
      );
    }
    const running = (): number => networkInsightsAnalyses.count(ctx, "running", ctx.account) + 1;
    checkQuota(ctx, concurrentQuota, running, "");
    const analysis = networkInsightsAnalyses.create(ctx, fields, input.TagSpecifications);
    networkInsightsAnalyses.soon(ctx, analysis.id, "finish", SECONDS);
    networkInsightsAnalyses.later(ctx, analysis.id, "forget", KEPT_SECONDS);
    return { NetworkInsightsAnalysis: networkInsightsAnalyses.show(ctx, analysis) };
  },
} satisfies Handlers;
