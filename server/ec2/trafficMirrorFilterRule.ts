import type * as Sdk from "@aws-sdk/client-ec2";
import { formatPrefix, type Prefix } from "../../network/cidr.ts";
import { TCP, UDP } from "../../network/packet.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { present } from "../kit/present.ts";
import type { ResourceRow } from "../kit/resource.ts";
import { readCidr } from "./cidrBlock.ts";
import { trafficMirrorFilters } from "./trafficMirrorFilter.ts";
import { rulesOf, trafficMirrorRules, type PortRange, type TrafficMirrorRule } from "./trafficMirrorRule.ts";

const LAST_NUMBER = 32_766;
const LAST_PROTOCOL = 255;
const LAST_PORT = 65_535;

const invalid = (name: string, value: unknown): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${String(value)}) for parameter ${name} is invalid.`);

function checkRange(name: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  throw invalid(name, value);
}

/** @throws {ApiError} InvalidParameterValue, MissingParameter */
function readPorts(
  name: string,
  range: Sdk.TrafficMirrorPortRangeRequest | undefined,
): PortRange | undefined {
  if (!range) return undefined;
  const { FromPort, ToPort } = range;
  if (FromPort === undefined) throw new ApiError("MissingParameter", `${name}.FromPort`);
  const from = checkRange(`${name}.FromPort`, FromPort, 0, LAST_PORT);
  const to = checkRange(`${name}.ToPort`, ToPort ?? FromPort, 0, LAST_PORT);
  if (from > to) throw invalid(`${name}.ToPort`, to);
  return { from, to };
}

type Rule = Omit<TrafficMirrorRule, keyof ResourceRow>;

/** What a call says of a rule; what it does not mention is not there. */
function readRule(
  input: Omit<Sdk.ModifyTrafficMirrorFilterRuleRequest, "TrafficMirrorFilterRuleId">,
): Partial<Omit<Rule, "filterId">> {
  const cidr = (name: "SourceCidrBlock" | "DestinationCidrBlock"): Prefix | undefined => {
    const text = input[name];
    return text === undefined ? undefined : readCidr(text, name);
  };
  const [source, destination] = [cidr("SourceCidrBlock"), cidr("DestinationCidrBlock")];
  const { RuleNumber, Protocol } = input;
  return present({
    direction: input.TrafficDirection,
    number: RuleNumber === undefined ? undefined : checkRange("RuleNumber", RuleNumber, 1, LAST_NUMBER),
    action: input.RuleAction,
    protocol: Protocol === undefined ? undefined : checkRange("Protocol", Protocol, 0, LAST_PROTOCOL),
    sourceCidr: source && formatPrefix(source),
    destinationCidr: destination && formatPrefix(destination),
    sourcePorts: readPorts("SourcePortRange", input.SourcePortRange),
    destinationPorts: readPorts("DestinationPortRange", input.DestinationPortRange),
    description: input.Description,
  });
}

/**
 * Makes sure that the parts of a rule fit together, and that it is the only one of its number.
 *
 * @param id of the rule itself, if it is there already
 * @throws {ApiError} InvalidParameterCombination, TrafficMirrorFilterRuleAlreadyExists
 */
function checkRule(ctx: Context, rule: Rule, id?: string): void {
  const { protocol, sourceCidr, destinationCidr, sourcePorts, destinationPorts } = rule;
  if (sourceCidr.includes(":") !== destinationCidr.includes(":")) {
    throw new ApiError(
      "InvalidParameterCombination",
      "DestinationCidrBlock and SourceCidrBlock must both be an IPv4 range or an IPv6 range.",
    );
  }
  if ((sourcePorts ?? destinationPorts) && protocol !== TCP && protocol !== UDP) {
    throw new ApiError(
      "InvalidParameterCombination",
      "SourcePortRange and DestinationPortRange apply to the TCP and UDP protocols only.",
    );
  }
  const rules = rulesOf(ctx, rule.filterId, rule.direction);
  if (rules.some((other) => other.number === rule.number && other.id !== id)) {
    throw new ApiError("TrafficMirrorFilterRuleAlreadyExists");
  }
}

/** What of a rule can be taken away, and what it is without. */
const WITHOUT: Readonly<Record<Sdk.TrafficMirrorFilterRuleField, Partial<Rule>>> = {
  "destination-port-range": { destinationPorts: undefined },
  "source-port-range": { sourcePorts: undefined },
  protocol: { protocol: undefined },
  description: { description: "" },
};

const describe = trafficMirrorRules.describe("TrafficMirrorFilterRules");

export const operations = {
  CreateTrafficMirrorFilterRule: (input, ctx) => {
    const { id: filterId } = trafficMirrorFilters.get(ctx, input.TrafficMirrorFilterId);
    const asked = readRule(input);
    const rule = {
      description: "",
      protocol: undefined,
      sourcePorts: undefined,
      destinationPorts: undefined,
      ...asked,
      filterId,
    } as Rule;
    checkRule(ctx, rule);
    const row = trafficMirrorRules.create(ctx, rule, input.TagSpecifications);
    return {
      TrafficMirrorFilterRule: trafficMirrorRules.show(ctx, row),
      ClientToken: input.ClientToken,
    };
  },

  DeleteTrafficMirrorFilterRule: ({ TrafficMirrorFilterRuleId }, ctx) => {
    const { id } = trafficMirrorRules.get(ctx, TrafficMirrorFilterRuleId);
    trafficMirrorRules.delete(ctx, id);
    return { TrafficMirrorFilterRuleId: id };
  },

  /** Of one filter, or of all. */
  DescribeTrafficMirrorFilterRules: Object.assign(
    ({ TrafficMirrorFilterId, ...input }: Sdk.DescribeTrafficMirrorFilterRulesRequest, ctx: Context) => {
      if (TrafficMirrorFilterId === undefined) return describe(input, ctx);
      const { id } = trafficMirrorFilters.get(ctx, TrafficMirrorFilterId);
      const one = { Name: "traffic-mirror-filter-id", Values: [id] };
      return describe({ ...input, Filters: [...(input.Filters ?? []), one] }, ctx);
    },
    { filters: describe.filters },
  ),

  ModifyTrafficMirrorFilterRule: ({ TrafficMirrorFilterRuleId, RemoveFields = [], ...input }, ctx) => {
    const { id, ...before } = trafficMirrorRules.get(ctx, TrafficMirrorFilterRuleId);
    const removed = Object.assign({}, ...RemoveFields.map((field) => WITHOUT[field])) as Partial<Rule>;
    const asked = readRule(input);
    const both = Object.keys(removed).find((name) => name in asked);
    if (both !== undefined) {
      throw new ApiError(
        "InvalidParameterCombination",
        "A property of a Traffic Mirror rule cannot be modified and removed at once.",
      );
    }
    const changes = { ...removed, ...asked };
    checkRule(ctx, { ...before, ...changes }, id);
    const view = trafficMirrorRules.show(ctx, trafficMirrorRules.update(ctx, id, changes));
    // "Tags are not returned for ModifyTrafficMirrorFilterRule."
    return { TrafficMirrorFilterRule: { ...view, Tags: undefined } };
  },
} satisfies Handlers;
