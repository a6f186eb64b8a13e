import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../kit/context.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";

export interface TrafficMirrorRule extends ResourceRow {
  readonly filterId: string;
  readonly direction: Sdk.TrafficDirection;
  readonly number: number;
  readonly action: Sdk.TrafficMirrorRuleAction;
  /** IANA's number; absent for all protocols. */
  readonly protocol: number | undefined;
  readonly sourceCidr: string;
  readonly destinationCidr: string;
  readonly sourcePorts: PortRange | undefined;
  readonly destinationPorts: PortRange | undefined;
  readonly description: string;
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

const viewPorts = (range: PortRange | undefined): Sdk.TrafficMirrorPortRange | undefined =>
  range && { FromPort: range.from, ToPort: range.to };

/** Which packets of one direction a filter lets through, or does not. */
export const trafficMirrorRules = defineResource({
  type: "traffic-mirror-filter-rule",
  idPrefix: "tmfr",
  notFound: "InvalidTrafficMirrorFilterRuleId.NotFound",
  ids: "TrafficMirrorFilterRuleIds",
  view: (rule: TrafficMirrorRule, { tags }): Sdk.TrafficMirrorFilterRule => ({
    TrafficMirrorFilterRuleId: rule.id,
    TrafficMirrorFilterId: rule.filterId,
    TrafficDirection: rule.direction,
    RuleNumber: rule.number,
    RuleAction: rule.action,
    Protocol: rule.protocol,
    SourceCidrBlock: rule.sourceCidr,
    DestinationCidrBlock: rule.destinationCidr,
    SourcePortRange: viewPorts(rule.sourcePorts),
    DestinationPortRange: viewPorts(rule.destinationPorts),
    Description: rule.description,
    Tags: tags,
  }),
  filters: {
    description: (rule) => rule.Description,
    "destination-cidr-block": (rule) => rule.DestinationCidrBlock,
    protocol: (rule) => rule.Protocol,
    "rule-action": (rule) => rule.RuleAction,
    "rule-number": (rule) => rule.RuleNumber,
    "source-cidr-block": (rule) => rule.SourceCidrBlock,
    "traffic-direction": (rule) => rule.TrafficDirection,
    "traffic-mirror-filter-id": (rule) => rule.TrafficMirrorFilterId,
    "traffic-mirror-filter-rule-id": (rule) => rule.TrafficMirrorFilterRuleId,
  },
  filterIndexes: { "traffic-mirror-filter-id": "filter" },
  indexes: { filter: ({ filterId }) => filterId },
  parents: { "traffic-mirror-filter": "filter" },
  partOf: () => true,
});

/** A filter's rules of one direction, in the order in which they are asked. */
export const rulesOf = (
  ctx: Pick<Context, "unit">,
  filterId: string,
  direction: Sdk.TrafficDirection,
): TrafficMirrorRule[] =>
  trafficMirrorRules
    .table(ctx)
    .by("filter", filterId)
    .filter((rule) => rule.direction === direction)
    .toSorted((a, b) => a.number - b.number);
