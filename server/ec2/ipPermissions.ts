import type * as Sdk from "@aws-sdk/client-ec2";
import { formatPrefix, parsePrefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import { ALL, hasPorts, isIcmp, protocolName, readProtocol, readTraffic } from "./ipProtocol.ts";
import { isPrefixListId } from "./prefixListId.ts";
import { peerName, type GroupPeer, type Peer, type Permission } from "./securityGroupRule.ts";

/** What EC2 takes in names and descriptions of security groups, and in descriptions of rules. */
const ALLOWED = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{0,255}$/;

/**
 * Makes sure that a text is one that EC2 takes with security groups.
 *
 * @param what as EC2's message calls it: `rule description`
 * @throws {ApiError} InvalidParameterValue
 */
export function checkText(
  text: string,
  what: "security group name" | "security group description" | "rule description",
): void {
  if (ALLOWED.test(text)) return;
  const noun = what.endsWith("name") ? "names" : "descriptions";
  throw new ApiError(
    "InvalidParameterValue",
    `Invalid ${what}. Valid ${noun} are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*`,
  );
}

/** Reads the description of a rule; an empty one is none. */
export function readDescription(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  checkText(text, "rule description");
  return text;
}

/**
 * Reads the block of a rule; bits behind the prefix are cleared.
 *
 * @throws {ApiError} InvalidParameterValue if it is none, or of the other version
 */
export function readPeerCidr(text: string, version: 4 | 6): Peer {
  const prefix = parsePrefix(text);
  if (prefix?.version !== version) {
    throw new ApiError("InvalidParameterValue", `CIDR block ${text} is malformed`);
  }
  return { kind: version === 4 ? "ipv4" : "ipv6", cidr: formatPrefix(prefix) };
}

/** The id of a prefix list, be it there or not. @throws {ApiError} InvalidPrefixListId.Malformed */
export function readPrefixList(id: string): Peer {
  if (!isPrefixListId(id)) throw new ApiError("InvalidPrefixListId.Malformed", id);
  return { kind: "prefix-list", prefixListId: id };
}

/** A member that the API declares optional, and a rule cannot do without. */
function needed(value: string | undefined, name: string): string {
  if (value === undefined) throw new ApiError("MissingParameter", name);
  return value;
}

type ReadGroup = (pair: Sdk.UserIdGroupPair) => GroupPeer;

interface Described {
  readonly peer: Peer;
  readonly description: string | undefined;
}

function readPeers(permission: Sdk.IpPermission, readGroup: ReadGroup): Described[] {
  return [
    ...(permission.IpRanges ?? []).map(({ CidrIp, Description }) => ({
      peer: readPeerCidr(needed(CidrIp, "cidrIp"), 4),
      description: Description,
    })),
    ...(permission.Ipv6Ranges ?? []).map(({ CidrIpv6, Description }) => ({
      peer: readPeerCidr(needed(CidrIpv6, "cidrIpv6"), 6),
      description: Description,
    })),
    ...(permission.PrefixListIds ?? []).map(({ PrefixListId, Description }) => ({
      peer: readPrefixList(needed(PrefixListId, "prefixListId")),
      description: Description,
    })),
    ...(permission.UserIdGroupPairs ?? []).map((pair) => ({
      peer: readGroup(pair),
      description: pair.Description,
    })),
  ];
}

/**
 * What a caller asks to be allowed, one peer each, in the order asked.
 *
 * @param readGroup finds the group that a pair names
 * @throws {ApiError} MissingParameter for a permission without a peer, InvalidParameterValue for what cannot be read
 */
export function readPermissions(
  permissions: readonly Sdk.IpPermission[],
  readGroup: ReadGroup,
): Permission[] {
  return permissions.flatMap((permission) => {
    const { IpProtocol, FromPort, ToPort } = permission;
    if (IpProtocol === undefined) {
      throw new ApiError(
        "InvalidParameterValue",
        "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
      );
    }
    const { protocol, from, to } = readTraffic(readProtocol(IpProtocol), FromPort, ToPort);
    const peers = readPeers(permission, readGroup);
    if (peers.length === 0) {
      throw new ApiError(
        "MissingParameter",
        "ipRanges",
        "Missing source specification: include source security group or CIDR information",
      );
    }
    return peers.map(({ peer, description }): Permission => ({
      protocol,
      from,
      to,
      peer,
      description: readDescription(description),
    }));
  });
}

interface Shown extends Sdk.IpPermission {
  IpRanges: Sdk.IpRange[];
  Ipv6Ranges: Sdk.Ipv6Range[];
  PrefixListIds: Sdk.PrefixListId[];
  UserIdGroupPairs: Sdk.UserIdGroupPair[];
}

/** What is to be known of the groups that rules name. */
export interface PeerStates {
  /** Whether a group is no more: of one in another VPC the owner is then not told. */
  readonly isGone: (groupId: string) => boolean;
  /** Of a peering connection. */
  readonly status: (peeringId: string) => string | undefined;
}

function addPeer(to: Shown, { peer, description: Description }: Permission, states: PeerStates): void {
  switch (peer.kind) {
    case "ipv4":
      to.IpRanges.push({ CidrIp: peer.cidr, Description });
      break;
    case "ipv6":
      to.Ipv6Ranges.push({ CidrIpv6: peer.cidr, Description });
      break;
    case "prefix-list":
      to.PrefixListIds.push({ PrefixListId: peer.prefixListId, Description });
      break;
    case "group":
      to.UserIdGroupPairs.push({
        GroupId: peer.groupId,
        UserId: peer.vpcId !== undefined && states.isGone(peer.groupId) ? undefined : peer.userId,
        VpcId: peer.vpcId,
        VpcPeeringConnectionId: peer.peeringId,
        PeeringStatus: peer.peeringId === undefined ? undefined : states.status(peer.peeringId),
        Description,
      });
  }
}

/** Rules as EC2 shows them with their group: what differs in nothing but the peer stands together. */
export function showPermissions(permissions: readonly Permission[], states: PeerStates): Sdk.IpPermission[] {
  const shown = new Map<string, Shown>();
  for (const permission of permissions) {
    const { protocol, from, to } = permission;
    const key = `${protocol}/${from}/${to}`;
    let group = shown.get(key);
    if (!group) {
      const choosy = hasPorts(protocol) || isIcmp(protocol);
      group = {
        IpProtocol: protocolName(protocol),
        FromPort: choosy ? from : undefined,
        ToPort: choosy ? to : undefined,
        IpRanges: [],
        Ipv6Ranges: [],
        PrefixListIds: [],
        UserIdGroupPairs: [],
      };
      shown.set(key, group);
    }
    addPeer(group, permission, states);
  }
  return [...shown.values()];
}

const numberOrAll = (value: number): string => (value === -1 ? "ALL" : String(value));

function spellTraffic({ protocol, from, to }: Permission): string {
  if (protocol === ALL) return "ALL";
  if (hasPorts(protocol)) {
    return `${protocolName(protocol).toUpperCase()}, from port: ${from}, to port: ${to}`;
  }
  if (isIcmp(protocol)) {
    const name = protocolName(protocol).replace("icmp", "ICMP");
    return `${name}, type: ${numberOrAll(from)}, code: ${numberOrAll(to)}`;
  }
  return `protocol: ${protocol}`;
}

/** A rule in the words of EC2's messages: `peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW`. */
export const spell = (permission: Permission): string =>
  `peer: ${peerName(permission.peer)}, ${spellTraffic(permission)}, ALLOW`;
