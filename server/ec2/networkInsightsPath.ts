import type * as Sdk from "@aws-sdk/client-ec2";
import { parseAddress } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { present } from "../kit/present.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { arnOf, readEnd } from "./networkInsightsComponent.ts";

export interface NetworkInsightsPath extends ResourceRow {
  /** Ids. */
  readonly source: string;
  readonly destination: string | undefined;
  readonly protocol: Sdk.Protocol;
  readonly sourceIp: string | undefined;
  readonly destinationIp: string | undefined;
  readonly destinationPort: number | undefined;
  readonly atSource: Sdk.PathFilter | undefined;
  readonly atDestination: Sdk.PathFilter | undefined;
}

/** What keeps a path from being deleted: whoever analyzes paths adds itself here. */
export const pathUsers: ((ctx: Context, pathId: string) => readonly string[])[] = [];

/** `22`, and as a range, `22-22`. */
const rangeTexts = (range: Sdk.FilterPortRange | undefined): string[] | undefined => {
  if (!range) return undefined;
  const { FromPort, ToPort } = range;
  return FromPort === ToPort ? [`${FromPort}`, `${FromPort}-${ToPort}`] : [`${FromPort}-${ToPort}`];
};

/** Whether one end can be reached from another: the question, which can be asked again and again. */
export const networkInsightsPaths = defineResource({
  type: "network-insights-path",
  idPrefix: "nip",
  notFound: "InvalidNetworkInsightsPathId.NotFound",
  malformed: "InvalidNetworkInsightsPathId.Malformed",
  ids: "NetworkInsightsPathIds",
  view: (path: NetworkInsightsPath, { ctx, account, tags }): Sdk.NetworkInsightsPath => ({
    NetworkInsightsPathId: path.id,
    NetworkInsightsPathArn: arnOf(ctx, account, path.id, "network-insights-path"),
    CreatedDate: new Date(path.created),
    Source: path.source,
    SourceArn: arnOf(ctx, account, path.source),
    Destination: path.destination,
    DestinationArn: path.destination === undefined ? undefined : arnOf(ctx, account, path.destination),
    SourceIp: path.sourceIp,
    DestinationIp: path.destinationIp,
    Protocol: path.protocol,
    DestinationPort: path.destinationPort,
    FilterAtSource: path.atSource,
    FilterAtDestination: path.atDestination,
    Tags: tags,
  }),
  filters: {
    destination: (path) => path.Destination,
    "filter-at-source.source-address": (path) => path.FilterAtSource?.SourceAddress,
    "filter-at-source.source-port-range": (path) => rangeTexts(path.FilterAtSource?.SourcePortRange),
    "filter-at-source.destination-address": (path) => path.FilterAtSource?.DestinationAddress,
    "filter-at-source.destination-port-range": (path) =>
      rangeTexts(path.FilterAtSource?.DestinationPortRange),
    "filter-at-destination.source-address": (path) => path.FilterAtDestination?.SourceAddress,
    "filter-at-destination.source-port-range": (path) =>
      rangeTexts(path.FilterAtDestination?.SourcePortRange),
    "filter-at-destination.destination-address": (path) => path.FilterAtDestination?.DestinationAddress,
    "filter-at-destination.destination-port-range": (path) =>
      rangeTexts(path.FilterAtDestination?.DestinationPortRange),
    protocol: (path) => path.Protocol,
    source: (path) => path.Source,
  },
  pages: [1, 100],
  quotas: [
    {
      // AWS's list of quotas has them without a code.
      code: "network-insights/paths",
      name: "Network insights paths",
      usual: 1000,
      error: (limit) => new ApiError("NetworkInsightsPath.LimitExceeded", limit),
    },
  ],
});

/** @throws {ApiError} InvalidParameterValue for what is no IPv4 address */
function readAddress(text: string | undefined, name: string): string | undefined {
  if (text === undefined || parseAddress(text)?.version === 4) return text;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${text.slice(0, 64)}) for parameter ${name} is invalid. It must be an IPv4 address.`,
  );
}

/** @throws {ApiError} InvalidParameterValue */
function readPort(port: number | undefined, name: string): number | undefined {
  if (port === undefined || (port >= 0 && port <= 65_535)) return port;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${port}) for parameter ${name} is invalid. A port must be between 0 and 65535.`,
  );
}

/** Half a range is one port. @throws {ApiError} InvalidParameterValue */
function readRange(
  range: Sdk.RequestFilterPortRange | undefined,
  name: string,
): Sdk.FilterPortRange | undefined {
  if (!range) return undefined;
  const from = readPort(range.FromPort ?? range.ToPort, `${name}.fromPort`);
  const to = readPort(range.ToPort ?? range.FromPort, `${name}.toPort`);
  if (from === undefined || to === undefined) return undefined;
  if (from > to) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${from}-${to}) for parameter ${name} is invalid. The first port must not be after the last one.`,
    );
  }
  return { FromPort: from, ToPort: to };
}

/** @throws {ApiError} InvalidParameterValue */
function readFilter(filter: Sdk.PathRequestFilter | undefined, name: string): Sdk.PathFilter | undefined {
  return (
    filter &&
    present({
      SourceAddress: readAddress(filter.SourceAddress, `${name}.sourceAddress`),
      SourcePortRange: readRange(filter.SourcePortRange, `${name}.sourcePortRange`),
      DestinationAddress: readAddress(filter.DestinationAddress, `${name}.destinationAddress`),
      DestinationPortRange: readRange(filter.DestinationPortRange, `${name}.destinationPortRange`),
    })
  );
}

/** @throws {ApiError} InvalidParameterCombination */
function checkCombination(input: Sdk.CreateNetworkInsightsPathRequest): void {
  const { FilterAtSource, FilterAtDestination, SourceIp, DestinationIp, DestinationPort } = input;
  const clashes: readonly (readonly [string, boolean])[] = [
    ["filterAtSource cannot be used with the parameter sourceIp", !!FilterAtSource && SourceIp !== undefined],
    [
      "filterAtSource cannot be used with the parameter destinationPort",
      !!FilterAtSource && DestinationPort !== undefined,
    ],
    [
      "filterAtDestination cannot be used with the parameter destinationIp",
      !!FilterAtDestination && DestinationIp !== undefined,
    ],
  ];
  const clash = clashes.find(([, is]) => is);
  if (clash) throw new ApiError("InvalidParameterCombination", `The parameter ${clash[0]}`);
}

export const operations = {
  CreateNetworkInsightsPath: (input, ctx) => {
    checkCombination(input);
    const { Source, Destination, Protocol, TagSpecifications } = input;
    const atSource = readFilter(input.FilterAtSource, "filterAtSource");
    const atDestination = readFilter(input.FilterAtDestination, "filterAtDestination");
    if (Destination === undefined && atSource?.DestinationAddress === undefined) {
      throw new ApiError(
        "MissingParameter",
        "destination",
        "The request must include either the Destination parameter or the FilterAtSource.DestinationAddress parameter. Add the required parameter and retry the request.",
      );
    }
    const fields = {
      source: readEnd(ctx, Source, "source"),
      destination: Destination === undefined ? undefined : readEnd(ctx, Destination, "destination"),
      protocol: Protocol,
      sourceIp: readAddress(input.SourceIp, "sourceIp"),
      destinationIp: readAddress(input.DestinationIp, "destinationIp"),
      destinationPort: readPort(input.DestinationPort, "destinationPort"),
      atSource,
      atDestination,
    };
    return {
      NetworkInsightsPath: networkInsightsPaths.show(
        ctx,
        networkInsightsPaths.create(ctx, fields, TagSpecifications),
      ),
    };
  },

  DeleteNetworkInsightsPath: ({ NetworkInsightsPathId }, ctx) => {
    const { id } = networkInsightsPaths.get(ctx, NetworkInsightsPathId);
    const analyses = pathUsers.flatMap((users) => users(ctx, id));
    if (analyses.length > 0) {
      throw new ApiError("AnalysisExistsForNetworkInsightsPath", analyses.join(", "), id);
    }
    networkInsightsPaths.delete(ctx, id);
    return { NetworkInsightsPathId: id };
  },

  DescribeNetworkInsightsPaths: networkInsightsPaths.describe("NetworkInsightsPaths"),
} satisfies Handlers;
