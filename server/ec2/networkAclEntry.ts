import type * as Sdk from "@aws-sdk/client-ec2";
import { formatPrefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import { readCidr } from "./cidrBlock.ts";
import {
  ALL_TRAFFIC,
  hasPorts,
  ICMP,
  ICMPV6,
  isIcmp,
  readProtocolNumber,
  readTraffic,
  type Traffic,
} from "./ipProtocol.ts";

/** A rule of a network ACL: of those that match a packet, the one with the lowest number decides. */
export interface NetworkAclEntry extends Traffic {
  readonly egress: boolean;
  /** 1 to 32766. */
  readonly number: number;
  readonly action: Sdk.RuleAction;
  /** The source of an inbound rule, the destination of an outbound one: IPv4 or IPv6. */
  readonly cidr: string;
}

const everything = (
  egress: boolean,
  number: number,
  action: Sdk.RuleAction,
  cidr: string,
): NetworkAclEntry => ({
  ...ALL_TRAFFIC,
  egress,
  number,
  action,
  cidr,
});

/** What no other entry matches is denied. Nobody can take these away. */
const LAST = 32_767;
const implicit = [true, false].map((egress) => everything(egress, LAST, "deny", "0.0.0.0/0"));
const implicitIpv6 = [true, false].map((egress) => everything(egress, LAST + 1, "deny", "::/0"));

/** What a default ACL lets through, in one direction. */
export const defaultEntry = (egress: boolean): NetworkAclEntry =>
  everything(egress, 100, "allow", "0.0.0.0/0");
export const defaultIpv6Entry = (egress: boolean): NetworkAclEntry =>
  everything(egress, 101, "allow", "::/0");

const isIpv6 = (cidr: string): boolean => cidr.includes(":");

/** As the entries of an ACL are kept and shown: outbound first, then by number. */
export const inOrder = (entries: readonly NetworkAclEntry[]): NetworkAclEntry[] =>
  entries.toSorted((a, b) => Number(b.egress) - Number(a.egress) || a.number - b.number);

/**
 * The entries with the implicit ones.
 *
 * @param ipv6 whether the VPC has an IPv6 block
 */
export const withImplicit = (entries: readonly NetworkAclEntry[], ipv6: boolean): NetworkAclEntry[] =>
  inOrder([...entries, ...implicit, ...(ipv6 ? implicitIpv6 : [])]);

export const viewEntry = ({
  egress,
  number,
  action,
  cidr,
  protocol,
  from,
  to,
}: NetworkAclEntry): Sdk.NetworkAclEntry => ({
  RuleNumber: number,
  Protocol: String(protocol),
  RuleAction: action,
  Egress: egress,
  CidrBlock: isIpv6(cidr) ? undefined : cidr,
  Ipv6CidrBlock: isIpv6(cidr) ? cidr : undefined,
  PortRange: hasPorts(protocol) ? { From: from, To: to } : undefined,
  IcmpTypeCode: isIcmp(protocol) ? { Type: from, Code: to } : undefined,
});

type EntryInput = Pick<
  Sdk.CreateNetworkAclEntryRequest,
  "CidrBlock" | "Ipv6CidrBlock" | "IcmpTypeCode" | "PortRange" | "RuleAction"
> & { readonly Egress: boolean; readonly Protocol: string; readonly RuleNumber: number };

function readEntryCidr({ CidrBlock, Ipv6CidrBlock }: EntryInput): string {
  if (CidrBlock !== undefined && Ipv6CidrBlock !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter cidrBlock cannot be used with the parameter ipv6CidrBlock",
    );
  }
  if (CidrBlock !== undefined) return formatPrefix(readCidr(CidrBlock, "cidrBlock", 4));
  if (Ipv6CidrBlock !== undefined) return formatPrefix(readCidr(Ipv6CidrBlock, "ipv6CidrBlock", 6));
  throw new ApiError("MissingParameter", "cidrBlock or ipv6CidrBlock");
}

function needed(value: number | undefined, name: string): number {
  if (value === undefined) throw new ApiError("MissingParameter", name);
  return value;
}

function readEntryTraffic({ Protocol, PortRange, IcmpTypeCode }: EntryInput, cidr: string): Traffic {
  const protocol = readProtocolNumber(Protocol);
  if (hasPorts(protocol)) {
    return readTraffic(
      protocol,
      needed(PortRange?.From, "portRange.from"),
      needed(PortRange?.To, "portRange.to"),
    );
  }
  // "If you specify protocol 58 (ICMPv6) and specify an IPv4 CIDR block, traffic for all ICMP types and codes [is]
  // allowed, regardless of any that you specify."
  if (protocol === ICMP || (protocol === ICMPV6 && isIpv6(cidr))) {
    return readTraffic(
      protocol,
      needed(IcmpTypeCode?.Type, "icmpTypeCode.type"),
      needed(IcmpTypeCode?.Code, "icmpTypeCode.code"),
    );
  }
  return { ...ALL_TRAFFIC, protocol };
}

/** @throws {ApiError} InvalidParameterValue for a number that is none of a caller's */
export function checkNumber(number: number): void {
  if (number >= 1 && number < LAST) return;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${number}) for parameter ruleNumber is invalid. The rule number must be between 1 and ${LAST - 1}.`,
  );
}

/**
 * Reads an entry that a caller gives.
 *
 * @throws {ApiError} InvalidParameterValue, InvalidParameterCombination, MissingParameter
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html
 */
export function readEntry(input: EntryInput): NetworkAclEntry {
  checkNumber(input.RuleNumber);
  const cidr = readEntryCidr(input);
  if (input.RuleAction === undefined) throw new ApiError("MissingParameter", "ruleAction");
  return {
    ...readEntryTraffic(input, cidr),
    egress: input.Egress,
    number: input.RuleNumber,
    action: input.RuleAction,
    cidr,
  };
}
