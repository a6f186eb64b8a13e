import type * as Sdk from "@aws-sdk/client-ec2";
import { cidrsOf } from "../../network/analysis/addressRange.ts";
import type { Explanation } from "../../network/analysis/explanation.ts";
import { LAST_PORT, type HeaderSet, type Range } from "../../network/analysis/headerSet.ts";
import type { Traced } from "../../network/analysis/retrace.ts";
import { formatBlock } from "../../network/ip.ts";
import type { AclEntry } from "../../network/networkAcl.ts";
import { TCP, UDP } from "../../network/packet.ts";
import type { ResolvedRoute } from "../../network/routeTable.ts";
import type { SecurityGroupRule } from "../../network/securityGroup.ts";
import type { Traffic } from "../../network/traffic.ts";
import type { ResolvedTransitRoute } from "../../network/transitGatewayRouteTable.ts";
import { present } from "../kit/present.ts";

const named = (Id: string | undefined): Sdk.AnalysisComponent | undefined =>
  Id === undefined ? undefined : { Id };

const portRange = ({ first, last }: Range): Sdk.PortRange => ({ From: first, To: last });

const protocolName = (protocol: number): string =>
  protocol === -1 ? "all" : protocol === TCP ? "tcp" : protocol === UDP ? "udp" : String(protocol);

/** The ports that a rule is about, if it is not about all. */
const portsOf = ({ protocol, from, to }: Traffic): Sdk.PortRange | undefined =>
  (protocol === TCP || protocol === UDP) && from >= 0 && !(from === 0 && to === LAST_PORT)
    ? { From: from, To: to }
    : undefined;

const aclRule = (entry: AclEntry): Sdk.AnalysisAclRule =>
  present({
    Cidr: formatBlock(entry.block),
    Egress: entry.egress,
    PortRange: portsOf(entry),
    Protocol: protocolName(entry.protocol),
    RuleAction: entry.allow ? "allow" : "deny",
    RuleNumber: entry.number,
  });

function groupRule({ egress, peer, ...rule }: SecurityGroupRule): Sdk.AnalysisSecurityGroupRule {
  return present({
    Cidr: peer.kind === "block" ? formatBlock(peer.block) : undefined,
    PrefixListId: peer.kind === "prefix-list" ? peer.id : undefined,
    SecurityGroupId: peer.kind === "group" ? peer.id : undefined,
    Direction: egress ? "egress" : "ingress",
    PortRange: portsOf(rule),
    Protocol: protocolName(rule.protocol),
  });
}

/** The member of a route that names a target, by what the target's id begins with. */
const TARGET_MEMBERS: Readonly<Record<string, keyof Sdk.AnalysisRouteTableRoute>> = {
  eni: "NetworkInterfaceId",
  eigw: "EgressOnlyInternetGatewayId",
  nat: "NatGatewayId",
  pcx: "VpcPeeringConnectionId",
  tgw: "TransitGatewayId",
};

const listOf = ({ destination }: { readonly destination: object }): string | undefined =>
  "prefixList" in destination ? String(destination.prefixList) : undefined;

/** Ids of several kinds share no prefix but with their own. */
const kindOf = (id: string): string => id.slice(0, id.lastIndexOf("-"));

/** How a route came about; what is not said here was propagated. */
const ORIGINS: Partial<Record<ResolvedRoute["route"]["origin"], string>> = {
  local: "createroutetable",
  static: "createroute",
};

/** What the analyzers say, in EC2's structures; every component by its id alone. */
export const viewPath = (path: readonly Traced[]): Sdk.PathComponent[] =>
  path.map((traced, i) => viewComponent(traced, i + 1, path.length));

function viewComponent(
  { hop, choice, inbound, outbound }: Traced,
  sequence: number,
  length: number,
): Sdk.PathComponent {
  const isFirst = sequence === 1;
  const isLast = sequence === length;
  const isChanged = hop.translation !== undefined;
  return present<Sdk.PathComponent>({
    SequenceNumber: sequence,
    Component: named(choice?.component ?? hop.component),
    AttachedTo: named(hop.attachedTo),
    Subnet: named(hop.subnet),
    Vpc: named(hop.vpc),
    SourceVpc: named(hop.sourceVpc),
    DestinationVpc: named(hop.destinationVpc),
    TransitGateway: named(hop.transitGateway),
    ServiceName: hop.serviceName,
    AclRule: choice?.entry && aclRule(choice.entry),
    SecurityGroupRule: choice?.rule && groupRule(choice.rule),
    RouteTableRoute: choice?.route && viewRoute(choice.route, false),
    TransitGatewayRouteTableRoute: choice?.transitRoute && viewTransitRoute(choice.transitRoute, false),
    // A gateway at the end sends on what it has made of the headers.
    InboundHeader: (isLast && !isChanged) || (isChanged && !isLast) ? header(inbound) : undefined,
    OutboundHeader:
      isFirst && !isChanged
        ? header(outbound)
        : isChanged
          ? isLast
            ? header(outbound)
            : changed(inbound, outbound)
          : undefined,
    AdditionalDetails: hop.detail === undefined ? [] : [{ AdditionalDetailType: hop.detail }],
    Explanations: hop.explanations.map(viewExplanation),
  });
}

export function viewExplanation(why: Explanation): Sdk.Explanation {
  return present<Sdk.Explanation>({
    ExplanationCode: why.code,
    Direction: why.direction,
    Component: named(why.component),
    Acl: named(why.acl),
    AclRule: why.entry && aclRule(why.entry),
    NetworkInterface: named(why.networkInterface),
    AttachedTo: named(why.attachedTo),
    SecurityGroups: why.securityGroups?.map((Id) => ({ Id })),
    RouteTable: named(why.routeTable),
    RouteTableRoute: why.route && viewRoute(why.route, why.code === "BAD_STATE_ROUTE"),
    Subnet: named(why.subnet),
    Vpc: named(why.vpc),
    SourceVpc: named(why.sourceVpc),
    DestinationVpc: named(why.destinationVpc),
    InternetGateway: named(why.internetGateway),
    NatGateway: named(why.natGateway),
    VpcPeeringConnection: named(why.peering),
    TransitGateway: named(why.transitGateway),
    TransitGatewayAttachment: named(why.transitGatewayAttachment),
    TransitGatewayRouteTable: named(why.transitGatewayRouteTable),
    TransitGatewayRouteTableRoute:
      why.transitRoute && viewTransitRoute(why.transitRoute, why.code === "TGW_RTB_BAD_STATE_ROUTE"),
    VpcEndpoint: named(why.vpcEndpoint),
    VpnConnection: named(why.vpnConnection),
    VpnGateway: named(why.vpnGateway),
    Destination: named(why.destination),
    Addresses: why.addresses?.flatMap(cidrsOf),
    Protocols: why.protocols?.map(String),
    PacketField: why.packetField,
    MissingComponent: why.missing,
    AvailabilityZones: why.zones && [...why.zones],
  });
}

function viewRoute({ block, route }: ResolvedRoute, isDead: boolean): Sdk.AnalysisRouteTableRoute {
  const { target, origin } = route;
  const member = TARGET_MEMBERS[kindOf(target)] ?? "GatewayId";
  return present({
    DestinationCidr: listOf(route) === undefined ? formatBlock(block) : undefined,
    DestinationPrefixListId: listOf(route),
    [member]: target,
    Origin: ORIGINS[origin] ?? "enablevgwroutepropagation",
    State: isDead ? "blackhole" : "active",
  });
}

const viewTransitRoute = (
  { block, route }: ResolvedTransitRoute,
  isDead: boolean,
): Sdk.TransitGatewayRouteTableRoute =>
  present({
    DestinationCidr: formatBlock(block),
    PrefixListId: listOf(route),
    AttachmentId: route.attachment,
    RouteOrigin: route.origin === "static" ? "static" : "propagated",
    State: isDead ? "blackhole" : "active",
  });

function header(headers: HeaderSet): Sdk.AnalysisPacketHeader {
  return {
    DestinationAddresses: headers.ranges("destination").flatMap(cidrsOf).toSorted(),
    DestinationPortRanges: headers.ranges("destinationPort").map(portRange),
    Protocol: String(headers.ranges("protocol")[0]?.first ?? TCP),
    SourceAddresses: headers.ranges("source").flatMap(cidrsOf).toSorted(),
    SourcePortRanges: headers.ranges("sourcePort").map(portRange),
  };
}

/** Only what is not as it was. */
function changed(before: HeaderSet, after: HeaderSet): Sdk.AnalysisPacketHeader {
  const [old, now] = [header(before), header(after)];
  return Object.fromEntries(
    Object.entries(now).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name as keyof typeof old]),
    ),
  );
}
