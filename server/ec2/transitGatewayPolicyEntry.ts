import type * as Sdk from "@aws-sdk/client-ec2";
import { formatPrefix } from "../../network/cidr.ts";
import { TCP, UDP } from "../../network/packet.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { readCidr } from "./cidrBlock.ts";
import { formatPortRange, readPortRange } from "./portRange.ts";
import {
  presentPolicyTable,
  transitGatewayPolicyTables,
  usablePolicyTable,
  type PolicyEntry,
  type PolicyRule,
  type TransitGatewayPolicyTable,
} from "./transitGatewayPolicyTable.ts";
import { usableTable } from "./transitGatewayRouteTable.ts";

const ANY = "*";
const LAST_NUMBER = 50_000;
/** ICMP, TCP, UDP and GRE. */
const PROTOCOLS = new Set([ANY, "1", "6", "17", "47"]);
const WITH_PORTS = new Set([TCP, UDP].map(String));
const ANYTHING: PolicyRule = {
  source: ANY,
  destination: ANY,
  protocol: ANY,
  sourcePorts: ANY,
  destinationPorts: ANY,
};

/** What was never said of a rule is shown as `*`. */
const view = ({ number, rule, tableId }: PolicyEntry): Sdk.TransitGatewayPolicyTableEntry => ({
  PolicyRuleNumber: String(number),
  PolicyRule: {
    SourceCidrBlock: rule.source,
    SourcePortRange: rule.sourcePorts,
    DestinationCidrBlock: rule.destination,
    DestinationPortRange: rule.destinationPorts,
    Protocol: rule.protocol,
  },
  TargetRouteTableId: tableId,
  State: "active",
});

const invalid = (parameter: string, value: string): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${value}) for parameter ${parameter} is invalid.`);

function readNumber(text: string): number {
  const number = Number(text);
  if (!/^\d{1,5}$/.test(text) || number < 1 || number > LAST_NUMBER) throw invalid("policyRuleNumber", text);
  return number;
}

const readBlock = (text: string, parameter: string): string =>
  text === ANY ? ANY : formatPrefix(readCidr(text, parameter));

const readPorts = (text: string, parameter: string): string =>
  text === ANY ? ANY : formatPortRange(readPortRange(text, parameter));

/**
 * What a rule is after a call; what that does not mention stays as it was.
 *
 * @throws {ApiError} InvalidParameterValue, InvalidParameterCombination, UnsupportedOperation
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayRequestPolicyRule.html
 */
function readRule(before: PolicyRule, asked: Sdk.TransitGatewayRequestPolicyRule = {}): PolicyRule {
  if (asked.MetaData) {
    // Packets have some only if they come from a segment of a core network.
    throw new ApiError("UnsupportedOperation", "Metadata of policy rules is not supported.");
  }
  const rule: PolicyRule = {
    source: readBlock(asked.SourceCidrBlock ?? before.source, "sourceCidrBlock"),
    destination: readBlock(asked.DestinationCidrBlock ?? before.destination, "destinationCidrBlock"),
    protocol: asked.Protocol ?? before.protocol,
    sourcePorts: readPorts(asked.SourcePortRange ?? before.sourcePorts, "sourcePortRange"),
    destinationPorts: readPorts(
      asked.DestinationPortRange ?? before.destinationPorts,
      "destinationPortRange",
    ),
  };
  if (!PROTOCOLS.has(rule.protocol)) throw invalid("protocol", rule.protocol);
  const hasPorts = rule.sourcePorts !== ANY || rule.destinationPorts !== ANY;
  if (hasPorts && !WITH_PORTS.has(rule.protocol)) {
    throw new ApiError(
      "InvalidParameterCombination",
      "A port range can be specified only when the protocol is 6 (TCP) or 17 (UDP).",
    );
  }
  return rule;
}

/** The id of a route table of the same gateway. @throws {ApiError} InvalidRouteTableID.NotFound, IncorrectState */
function readTarget(ctx: Context, { gatewayId }: TransitGatewayPolicyTable, id: string): string {
  if (usableTable(ctx, id).gatewayId !== gatewayId) throw new ApiError("InvalidRouteTableID.NotFound", id);
  return id;
}

/** An entry of a table that there is. @throws {ApiError} InvalidTransitGatewayPolicyTableEntry.NotFound */
function known({ id, entries }: TransitGatewayPolicyTable, text: string): PolicyEntry {
  const number = readNumber(text);
  const entry = entries.find((each) => each.number === number);
  if (!entry) throw new ApiError("InvalidTransitGatewayPolicyTableEntry.NotFound", text, id);
  return entry;
}

/** Puts an entry where its number belongs, in the place of the one that had it. */
function putEntry(ctx: Context, { id, entries }: TransitGatewayPolicyTable, entry: PolicyEntry) {
  const others = entries.filter(({ number }) => number !== entry.number);
  transitGatewayPolicyTables.update(ctx, id, {
    entries: [...others, entry].toSorted((a, b) => a.number - b.number),
  });
  return { TransitGatewayPolicyTableEntry: view(entry) };
}

type Entry = Sdk.TransitGatewayPolicyTableEntry;

export const operations = {
  CreateTransitGatewayPolicyTableEntry: (input, ctx) => {
    const table = usablePolicyTable(ctx, input.TransitGatewayPolicyTableId);
    const number = readNumber(input.PolicyRuleNumber);
    const rule = readRule(ANYTHING, input.PolicyRule);
    const tableId = readTarget(ctx, table, input.TargetRouteTableId);
    if (table.entries.some((entry) => entry.number === number)) {
      throw new ApiError(
        "InvalidParameterValue",
        `Policy rule number ${number} already exists in Transit Gateway Policy Table ${table.id}.`,
      );
    }
    return putEntry(ctx, table, { number, rule, tableId });
  },

  DeleteTransitGatewayPolicyTableEntry: ({ TransitGatewayPolicyTableId, PolicyRuleNumber }, ctx) => {
    const table = usablePolicyTable(ctx, TransitGatewayPolicyTableId);
    const entry = known(table, PolicyRuleNumber);
    transitGatewayPolicyTables.update(ctx, table.id, {
      entries: table.entries.filter((each) => each !== entry),
    });
    return { TransitGatewayPolicyTableEntry: { ...view(entry), State: "deleted" as const } };
  },

  GetTransitGatewayPolicyTableEntries: describeList({
    output: "TransitGatewayPolicyTableEntries",
    filters: {
      "policy-rule-number": (entry: Entry) => entry.PolicyRuleNumber,
      "policy-rule.destination-ip": (entry) => entry.PolicyRule?.DestinationCidrBlock,
      "policy-rule.destination-port": (entry) => entry.PolicyRule?.DestinationPortRange,
      "policy-rule.meta-data.key": (entry) => entry.PolicyRule?.MetaData?.MetaDataKey,
      "policy-rule.meta-data.value": (entry) => entry.PolicyRule?.MetaData?.MetaDataValue,
      "policy-rule.protocol": (entry) => entry.PolicyRule?.Protocol,
      "policy-rule.source-ip": (entry) => entry.PolicyRule?.SourceCidrBlock,
      "policy-rule.source-port": (entry) => entry.PolicyRule?.SourcePortRange,
      "target-route-table-id": (entry) => entry.TargetRouteTableId,
    },
    of: ({ TransitGatewayPolicyTableId: id = "" }: Sdk.GetTransitGatewayPolicyTableEntriesRequest, ctx) =>
      presentPolicyTable(ctx, id).entries.map(view),
  }),

  ModifyTransitGatewayPolicyTableEntry: (input, ctx) => {
    const table = usablePolicyTable(ctx, input.TransitGatewayPolicyTableId);
    const { number, rule, tableId } = known(table, input.PolicyRuleNumber);
    return putEntry(ctx, table, {
      number,
      rule: readRule(rule, input.PolicyRule),
      tableId:
        input.TargetRouteTableId === undefined ? tableId : readTarget(ctx, table, input.TargetRouteTableId),
    });
  },
} satisfies Handlers;

export const partly = {
  CreateTransitGatewayPolicyTableEntry: "metadata, which only core networks give to packets",
  ModifyTransitGatewayPolicyTableEntry: "metadata, which only core networks give to packets",
};
