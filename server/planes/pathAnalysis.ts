import type * as Sdk from "@aws-sdk/client-ec2";
import {
  findAccess as find,
  type PathCondition,
  type Statement,
} from "../../network/analysis/accessScope.ts";
import { numberOf, rangesOf } from "../../network/analysis/addressRange.ts";
import type { Range } from "../../network/analysis/headerSet.ts";
import { analyze, type HeaderFilter } from "../../network/analysis/reachability.ts";
import type { Fabric } from "../../network/fabric.ts";
import { block, isIpv4, parseIp } from "../../network/ip.ts";
import { TCP, UDP } from "../../network/packet.ts";
import type {
  AccessCondition,
  AccessQuestion,
  AccessStatement,
  PathAnswer,
  PathQuestion,
} from "../kit/world.ts";
import { viewExplanation, viewPath } from "./pathView.ts";

const PROTOCOLS = { tcp: TCP, udp: UDP } as const;

function addressIn(text: string | undefined): number | undefined {
  const address = text === undefined ? undefined : parseIp(text);
  return address !== undefined && isIpv4(address) ? numberOf(address) : undefined;
}

const portsIn = (range: Sdk.FilterPortRange | undefined): Range | undefined =>
  range && { first: range.FromPort ?? 0, last: range.ToPort ?? range.FromPort ?? 0 };

const filterOf = (filter: Sdk.PathFilter): HeaderFilter => ({
  source: addressIn(filter.SourceAddress),
  destination: addressIn(filter.DestinationAddress),
  sourcePorts: portsIn(filter.SourcePortRange),
  destinationPorts: portsIn(filter.DestinationPortRange),
});

/** What Reachability Analyzer says. */
export function analyzePath(fabric: Fabric, question: PathQuestion): PathAnswer {
  const { protocol, atSource, atDestination, without } = question;
  const { found, forward, back, explanations, hints } = analyze(fabric, {
    ...question,
    protocol: PROTOCOLS[protocol],
    atSource: filterOf(atSource),
    atDestination: filterOf(atDestination),
    without: new Set(without),
  });
  return {
    found,
    forward: viewPath(forward),
    back: viewPath(back),
    explanations: explanations.map(viewExplanation),
    hints,
  };
}

const addressesIn = (texts: readonly string[] | undefined): Range[] | undefined =>
  texts && rangesOf(texts.map((text) => block(text.includes("/") ? text : `${text}/32`)));

/** `22` or `1024-65535`. */
const portRanges = (texts: readonly string[] | undefined): Range[] | undefined =>
  texts?.map((text) => {
    const [first = "0", last = first] = text.split("-");
    return { first: Number(first), last: Number(last) };
  });

const statementOf = ({ components, headers }: AccessStatement): Statement => ({
  components: components && new Set(components),
  headers: headers && {
    sources: addressesIn(headers.SourceAddresses),
    destinations: addressesIn(headers.DestinationAddresses),
    sourcePorts: portRanges(headers.SourcePorts),
    destinationPorts: portRanges(headers.DestinationPorts),
    protocols: headers.Protocols?.map((name) => PROTOCOLS[name]),
  },
});

const conditionOf = ({ source, destination, through }: AccessCondition): PathCondition => ({
  source: source && statementOf(source),
  destination: destination && statementOf(destination),
  through: through.map((ids) => new Set(ids)),
});

/** What Network Access Analyzer finds. */
export function findAccess(
  fabric: Fabric,
  { ends, match, exclude, knows, most }: AccessQuestion,
): Sdk.PathComponent[][] {
  const findings = find(fabric, {
    ends,
    match: match.map(conditionOf),
    exclude: exclude.map(conditionOf),
    knows,
    most,
  });
  return findings.map(viewPath);
}
