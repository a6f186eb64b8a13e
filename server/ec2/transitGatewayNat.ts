import type * as Sdk from "@aws-sdk/client-ec2";
import { contains, formatPrefix, overlaps } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { readCidr, storedCidr } from "./cidrBlock.ts";
import { inState, transitGateways } from "./transitGateway.ts";
import {
  liveAttachment,
  transitGatewayAttachments,
  type NatConfiguration,
  type NatRule,
  type TransitGatewayAttachment,
} from "./transitGatewayAttachment.ts";
import { vpnConnections } from "./vpnConnection.ts";

const NONE: NatConfiguration = { state: "disabled", pending: false, rules: [] };
const MOST_RULES = 50;
const LAST_NUMBER = 32_766;
const UNTRANSLATABLE = ["224.0.0.0/4", "169.254.0.0/16"].map(storedCidr);
/** Private (RFC 1918) and shared (RFC 6598) addresses. */
const TRANSLATED = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"].map(storedCidr);

type SystemRoutes = Sdk.TransitGatewayAttachmentNatSystemRouteSupportValue;

/**
 * Whether tables that an attachment propagates to learn its translated blocks. Only where BGP is spoken over a VPN
 * connection is there a choice.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nat-routing.html
 */
function systemRoutesOf(
  ctx: Context,
  { to, nat }: TransitGatewayAttachment,
): readonly [SystemRoutes, boolean] {
  if (to.type === "vpc") return ["enable", false];
  const isDynamic = to.type === "vpn" && vpnConnections.table(ctx).get(to.id)?.staticRoutes === false;
  return isDynamic ? [nat?.systemRoutes ?? "enable", true] : ["disable", false];
}

const ruleState = ({ state, pending }: NatConfiguration): Sdk.TransitGatewayNatRuleState => {
  if (pending || state === "enabling" || state === "disabling") return "pending";
  return state === "enabled" ? "activated" : "deactivated";
};

function view(ctx: Context, row: TransitGatewayAttachment) {
  const { id, nat = NONE } = row;
  return {
    TransitGatewayAttachmentId: id,
    NatGatewaySupport: nat.state,
    NatSystemRouteSupport: systemRoutesOf(ctx, row)[0],
    NatGatewayRules: nat.rules.map(({ number, inside, outside }) => ({
      RuleNumber: number,
      MatchSourceCidr: inside,
      NatCidr: outside,
      State: ruleState(nat),
    })),
  };
}

/** @throws {ApiError} UnauthorizedOperation for who does not own the gateway */
function ownedAttachment(ctx: Context, id: string): TransitGatewayAttachment {
  const row = liveAttachment(ctx, id);
  if (transitGateways.table(ctx).get(row.gatewayId)?.account !== ctx.account) {
    throw new ApiError("UnauthorizedOperation");
  }
  return row;
}

const invalid = (parameter: string, value: unknown): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${String(value)}) for parameter ${parameter} is invalid.`);

/**
 * Reads one rule.
 *
 * @throws {ApiError} MissingParameter, InvalidParameterValue
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayNatRuleRequest.html
 */
function readRule({ RuleNumber, MatchSourceCidr, NatCidr }: Sdk.TransitGatewayNatRuleRequest): NatRule {
  if (RuleNumber === undefined) throw new ApiError("MissingParameter", "ruleNumber");
  if (MatchSourceCidr === undefined) throw new ApiError("MissingParameter", "matchSourceCidr");
  if (NatCidr === undefined) throw new ApiError("MissingParameter", "natCidr");
  if (RuleNumber < 1 || RuleNumber > LAST_NUMBER) throw invalid("ruleNumber", RuleNumber);
  const inside = readCidr(MatchSourceCidr, "matchSourceCidr", 4);
  const outside = readCidr(NatCidr, "natCidr", 4);
  if (UNTRANSLATABLE.some((block) => overlaps(block, inside)))
    throw invalid("matchSourceCidr", MatchSourceCidr);
  if (inside.length !== outside.length || !TRANSLATED.some((block) => contains(block, outside))) {
    throw invalid("natCidr", NatCidr);
  }
  return { number: RuleNumber, inside: formatPrefix(inside), outside: formatPrefix(outside) };
}

/** @throws {ApiError} as `readRule`; InvalidParameterValue for rules with one number, or whose blocks overlap */
function readRules(asked: readonly Sdk.TransitGatewayNatRuleRequest[]): NatRule[] {
  if (asked.length > MOST_RULES) {
    throw new ApiError(
      "InvalidParameterValue",
      `An attachment can have at most ${MOST_RULES} NAT gateway rules.`,
    );
  }
  const rules: NatRule[] = [];
  for (const rule of asked.map(readRule)) {
    const block = storedCidr(rule.outside);
    if (rules.some(({ number }) => number === rule.number)) throw invalid("ruleNumber", rule.number);
    if (rules.some(({ outside }) => overlaps(storedCidr(outside), block)))
      throw invalid("natCidr", rule.outside);
    rules.push(rule);
  }
  return rules.toSorted((a, b) => a.number - b.number);
}

/** What the rules are after a call; undefined if it leaves them as they are. */
function changedRules({
  NatGatewayRules,
  ResetNatGatewayRules,
}: Sdk.ModifyTransitGatewayAttachmentNatConfigurationRequest): NatRule[] | undefined {
  if (ResetNatGatewayRules && NatGatewayRules !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter NatGatewayRules cannot be used with the parameter ResetNatGatewayRules",
    );
  }
  if (ResetNatGatewayRules) return [];
  return NatGatewayRules && readRules(NatGatewayRules);
}

export const operations = {
  GetTransitGatewayAttachmentNatConfiguration: ({ TransitGatewayAttachmentId }, ctx) =>
    view(ctx, ownedAttachment(ctx, TransitGatewayAttachmentId)),

  ModifyTransitGatewayAttachmentNatConfiguration: (input, ctx) => {
    const attachment = ownedAttachment(ctx, input.TransitGatewayAttachmentId);
    const { id, nat = NONE } = attachment;
    const [known, isChoice] = systemRoutesOf(ctx, attachment);
    const systemRoutes = input.NatSystemRouteSupport ?? known;
    if (systemRoutes !== known && !isChoice) throw invalid("natSystemRouteSupport", systemRoutes);
    inState({ id, state: nat.state }, "enabled", "disabled");
    const changed = changedRules(input);
    const rules = changed ?? nat.rules;
    const isOn = nat.state === "enabled";
    const becomesOn = input.NatGatewaySupport === undefined ? isOn : input.NatGatewaySupport === "enable";
    if (becomesOn && rules.length === 0) {
      throw new ApiError(
        "InvalidParameterCombination",
        "NAT gateway support cannot be enabled without NAT gateway rules.",
      );
    }
    const turning = becomesOn ? ("enabling" as const) : ("disabling" as const);
    const row = transitGatewayAttachments.update(ctx, id, {
      nat: {
        state: becomesOn === isOn ? nat.state : turning,
        pending: changed !== undefined || nat.pending,
        rules,
        ...(isChoice && { systemRoutes }),
      },
    });
    transitGatewayAttachments.soon(ctx, id, "translated", 30);
    return view(ctx, row);
  },
} satisfies Handlers;
