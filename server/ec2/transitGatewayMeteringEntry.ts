import type * as Sdk from "@aws-sdk/client-ec2";
import { formatPrefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { present } from "../kit/present.ts";
import { readCidr } from "./cidrBlock.ts";
import { formatPortRange, readPortRange } from "./portRange.ts";
import { attachmentAt } from "./transitGatewayAttachment.ts";
import {
  effectiveAt,
  presentMeteringPolicy,
  transitGatewayMeteringPolicies,
  usableMeteringPolicy,
  type MeteringEntry,
  type TransitGatewayMeteringPolicy,
} from "./transitGatewayMeteringPolicy.ts";

const LAST_NUMBER = 32_766;
const LAST_PROTOCOL = 255;

const view = ({ number, payer, rule, updated }: MeteringEntry): Sdk.TransitGatewayMeteringPolicyEntry => ({
  PolicyRuleNumber: String(number),
  MeteredAccount: payer,
  State: "available",
  UpdatedAt: new Date(updated),
  UpdateEffectiveAt: effectiveAt(updated),
  MeteringPolicyRule: rule,
});

const invalid = (parameter: string, value: unknown): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${String(value)}) for parameter ${parameter} is invalid.`);

function readProtocol(text: string): string {
  if (/^\d{1,3}$/.test(text) && Number(text) <= LAST_PROTOCOL) return String(Number(text));
  throw invalid("protocol", text);
}

type Type = Sdk.TransitGatewayAttachmentResourceType;

/** One end of the packets that an entry is for. @throws {ApiError} InvalidTransitGatewayAttachmentID.NotFound */
function checkEnd(
  ctx: Context,
  { gatewayId }: TransitGatewayMeteringPolicy,
  id: string | undefined,
  type: Type | undefined,
): void {
  // "The tgw-peering resource type has been deprecated."
  if (type === "tgw-peering") throw invalid("transitGatewayAttachmentType", type);
  if (id === undefined) return;
  const { to } = attachmentAt(ctx, gatewayId, id);
  if (type !== undefined && type !== to.type) throw invalid("transitGatewayAttachmentType", type);
}

const readBlock = (text: string | undefined, parameter: string): string | undefined =>
  text === undefined ? undefined : formatPrefix(readCidr(text, parameter));

const readPorts = (text: string | undefined, parameter: string): string | undefined =>
  text === undefined ? undefined : formatPortRange(readPortRange(text, parameter));

function readRule(
  ctx: Context,
  policy: TransitGatewayMeteringPolicy,
  asked: Sdk.CreateTransitGatewayMeteringPolicyEntryRequest,
): Sdk.TransitGatewayMeteringPolicyRule {
  const { SourceTransitGatewayAttachmentId, SourceTransitGatewayAttachmentType } = asked;
  const { DestinationTransitGatewayAttachmentId, DestinationTransitGatewayAttachmentType } = asked;
  checkEnd(ctx, policy, SourceTransitGatewayAttachmentId, SourceTransitGatewayAttachmentType);
  checkEnd(ctx, policy, DestinationTransitGatewayAttachmentId, DestinationTransitGatewayAttachmentType);
  return present({
    SourceTransitGatewayAttachmentId,
    SourceTransitGatewayAttachmentType,
    SourceCidrBlock: readBlock(asked.SourceCidrBlock, "sourceCidrBlock"),
    SourcePortRange: readPorts(asked.SourcePortRange, "sourcePortRange"),
    DestinationTransitGatewayAttachmentId,
    DestinationTransitGatewayAttachmentType,
    DestinationCidrBlock: readBlock(asked.DestinationCidrBlock, "destinationCidrBlock"),
    DestinationPortRange: readPorts(asked.DestinationPortRange, "destinationPortRange"),
    Protocol: asked.Protocol === undefined ? undefined : readProtocol(asked.Protocol),
  });
}

export const operations = {
  CreateTransitGatewayMeteringPolicyEntry: (input, ctx) => {
    const policy = usableMeteringPolicy(ctx, input.TransitGatewayMeteringPolicyId);
    const { PolicyRuleNumber: number, MeteredAccount: payer } = input;
    if (number < 1 || number > LAST_NUMBER) throw invalid("policyRuleNumber", number);
    const rule = readRule(ctx, policy, input);
    if (policy.entries.some((entry) => entry.number === number)) {
      throw new ApiError("InvalidParameterValue", `RuleNumber ${number} already exists in ${policy.id}.`);
    }
    const entry: MeteringEntry = { number, payer, rule, updated: ctx.now };
    transitGatewayMeteringPolicies.update(ctx, policy.id, {
      entries: [...policy.entries, entry].toSorted((a, b) => a.number - b.number),
    });
    return { TransitGatewayMeteringPolicyEntry: view(entry) };
  },

  DeleteTransitGatewayMeteringPolicyEntry: (
    { TransitGatewayMeteringPolicyId, PolicyRuleNumber: number },
    ctx,
  ) => {
    const { id, entries } = usableMeteringPolicy(ctx, TransitGatewayMeteringPolicyId);
    const entry = entries.find((each) => each.number === number);
    if (!entry) throw new ApiError("InvalidParameterValue", "RuleNumber provided does not exists");
    transitGatewayMeteringPolicies.update(ctx, id, { entries: entries.filter((each) => each !== entry) });
    const gone = { ...view({ ...entry, updated: ctx.now }), State: "deleted" as const };
    return { TransitGatewayMeteringPolicyEntry: gone };
  },

  GetTransitGatewayMeteringPolicyEntries: describeList({
    output: "TransitGatewayMeteringPolicyEntries",
    filters: {},
    of: (
      { TransitGatewayMeteringPolicyId: id = "" }: Sdk.GetTransitGatewayMeteringPolicyEntriesRequest,
      ctx,
    ) => presentMeteringPolicy(ctx, id).entries.map(view),
  }),
} satisfies Handlers;
