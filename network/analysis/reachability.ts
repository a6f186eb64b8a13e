import type { Fabric } from "../fabric.ts";
import { InternetGateway } from "../internetGateway.ts";
import { TCP } from "../packet.ts";
import type { Vpc } from "../vpc.ts";
import { VpnGateway } from "../vpnGateway.ts";
import type { Explanation } from "./explanation.ts";
import type { Arrival, Goal, Terrain } from "./goal.ts";
import { HeaderSet, only, type Range } from "./headerSet.ts";
import { frontsOf } from "./loadBalancer.ts";
import { beginningOf, endingOf, retrace, traceBlocked, type Traced } from "./retrace.ts";
import { Search } from "./search.ts";
import { addressesOf } from "./securityGroup.ts";
import { begun, byVpc, isThere, portsOf, startsAt, type End, type Start } from "./starts.ts";
import { aliasesOf } from "./transitGatewayNat.ts";
import { hopsOf, past, type Hop, type Wave } from "./wave.ts";

/** What of a packet's header is asked about; what is left out may be anything. */
export interface HeaderFilter {
  /** As the header sets count them. */
  readonly source?: number | undefined;
  readonly destination?: number | undefined;
  readonly sourcePorts?: Range | undefined;
  readonly destinationPorts?: Range | undefined;
}

export interface Question extends Terrain {
  readonly source: End;
  /** Undefined where only an address is asked about, as `atSource` says. */
  readonly destination: End | undefined;
  /** IANA's number. */
  readonly protocol: number;
  readonly atSource: HeaderFilter;
  readonly atDestination: HeaderFilter;
}

export interface Answer {
  readonly found: boolean;
  /** Where there is no path: the one with least in its way, with what that is. */
  readonly forward: readonly Traced[];
  readonly back: readonly Traced[];
  readonly explanations: readonly Explanation[];
  /** Components by which there may be another path. */
  readonly hints: readonly string[];
}

/** What is found of one path. */
interface Found {
  readonly forward: Arrival;
  /** The way of the answers, to its end. */
  readonly back: Wave | undefined;
  readonly blocks: number;
}

const NOTHING: Answer = { found: false, forward: [], back: [], explanations: [], hints: [] };
const unanswered = (...explanations: Explanation[]): Answer => ({ ...NOTHING, explanations });

/** Of paths with something in their way, so many are looked at. */
const MOST_BLOCKED = 8;

/** Whether a destination can be reached, in a network as it is configured now, and if not, why not. */
export function analyze(fabric: Fabric, question: Question): Answer {
  const { source, destination } = question;
  const goal = goalOf(fabric, question);
  if (!isThere(fabric, source)) return missing(source, "source");
  if (destination && !isThere(fabric, destination)) return missing(destination, "destination");
  const loose = [source, destination].find((end) => end && isLoose(fabric, end));
  if (loose) return unanswered({ code: "UNASSOCIATED_COMPONENT", component: loose.id });
  const starts = startsAt(fabric, source, (sources, isPublic) =>
    headersOf(question, sources, isPublic ? undefined : namesOf(fabric, goal)),
  );
  if (starts.length === 0) {
    const code = onlyAnswers(fabric, source) ? "VPCE_INTRA_VPC_TRAFFIC" : "UNSUPPORTED_COMPONENT";
    return unanswered({ code, component: source.id });
  }
  const open = best(starts.map((start) => openPath(fabric, question, goal, start)));
  if (open) return shown(open);
  const blocked = starts.map((start) => blockedPaths(fabric, question, goal, start));
  const least = best(blocked.flatMap(({ found }) => found));
  const deadEnds = blocked.flatMap(({ deadEnds }) => deadEnds);
  // Where only an address is asked about, the path that comes to nothing may be the one to be told of.
  const isNearer = !destination && deadEnds.some(({ blocks }) => blocks < (least?.blocks ?? 0));
  if (least && !isNearer) return explained(least, blocked);
  return nowhere(fabric, question, goal, deadEnds);
}

/** The one with least in its way, then the shortest. */
const best = (all: readonly (Found | undefined)[]): Found | undefined =>
  all
    .filter((each) => each !== undefined)
    .toSorted((a, b) => a.blocks - b.blocks || lengthOf(a) - lengthOf(b))[0];

const lengthOf = ({ forward }: Found): number => forward.wave.hop?.length ?? 0;

/** Instances without interfaces are associated with no VPC, and gateways that are unknown here are of no kind we know. */
const missing = ({ id, isInstance }: End, which: string): Answer =>
  isInstance
    ? unanswered({ code: "UNASSOCIATED_COMPONENT", component: id })
    : unanswered({ code: "NO_SOURCE_OR_DESTINATION", component: id, missing: which });

/** Of some headers those that a filter lets pass, one field after the other; and which fields let none. */
function filtered(headers: HeaderSet, filter: HeaderFilter): { headers: HeaderSet; why: Explanation[] } {
  const why: Explanation[] = [];
  let rest = headers;
  const take = (
    field: "source" | "destination" | "sourcePort" | "destinationPort",
    range: Range | undefined,
    code: Explanation["code"],
  ): void => {
    if (!range) return;
    const kept = rest.within(field, [range]);
    if (kept.isEmpty) why.push({ code });
    else rest = kept;
  };
  const { source, destination, sourcePorts, destinationPorts } = filter;
  take("source", address(source), "FILTER_AT_DESTINATION_SOURCE_ADDRESS");
  take("destination", address(destination), "FILTER_AT_DESTINATION_DESTINATION_ADDRESS");
  take("sourcePort", sourcePorts, "FILTER_AT_DESTINATION_SOURCE_PORT_RANGE");
  take("destinationPort", destinationPorts, "FILTER_AT_DESTINATION_DESTINATION_PORT_RANGE");
  return { headers: rest, why };
}

const address = (number: number | undefined): Range | undefined =>
  number === undefined ? undefined : only(number);

/** Whether it is an endpoint, from which nothing begins. */
const onlyAnswers = (fabric: Fabric, end: End): boolean =>
  fabric.targets.get(end.id)?.kind === "vpc-endpoint" ||
  portsOf(fabric, end).some(({ behind }) => behind?.unasked === "VPCE_INTRA_VPC_TRAFFIC");

/** Whether it is in no VPC, or has no IPv4 address. */
function isLoose(fabric: Fabric, end: End): boolean {
  const target = fabric.targets.get(end.id);
  if (target instanceof InternetGateway || target instanceof VpnGateway) return target.vpc === undefined;
  const ports = portsOf(fabric, end);
  return ports.length > 0 && ports.every((port) => addressesOf(port).length === 0);
}

function goalOf(fabric: Fabric, { destination, atDestination }: Question): Goal {
  const ports = destination ? portsOf(fabric, destination) : [];
  const ids = destination ? [destination.id, ...destination.interfaces, ...(destination.others ?? [])] : [];
  return {
    ports: byVpc([...ports, ...frontsOf(fabric, ports)]),
    ids: new Set(ids),
    anywhere: destination === undefined,
    instances: destination?.isInstance ?? false,
    several: false,
    arriving: (headers) => filtered(headers, atDestination),
  };
}

/** The addresses by which the goal is spoken to. */
const namesOf = (fabric: Fabric, { ports }: Goal): Range[] =>
  [...ports].flatMap(([vpc, all]) => {
    const own = all.flatMap(addressesOf);
    return [...own, ...aliasesOf(fabric, vpc, own)];
  });

/**
 * The headers that paths begin with.
 *
 * @param sources whose they may be; undefined for anybody's
 * @param goals whom they may be for, if nothing else is asked; undefined for anybody
 */
function headersOf(
  { protocol, atSource }: Question,
  sources: readonly Range[] | undefined,
  goals: readonly Range[] = [],
): HeaderSet {
  const { source, destination, sourcePorts, destinationPorts } = atSource;
  const from = source === undefined ? sources : [only(source)];
  const to = destination === undefined ? goals : [only(destination)];
  let headers = HeaderSet.every.within("protocol", [only(protocol)]);
  if (from) headers = headers.within("source", from);
  if (to.length > 0) headers = headers.within("destination", to);
  if (sourcePorts) headers = headers.within("sourcePort", [sourcePorts]);
  if (destinationPorts) headers = headers.within("destinationPort", [destinationPorts]);
  return headers;
}

/** The ids of the interfaces on a path. */
const interfacesOn = (last: Hop | undefined): Set<string> =>
  new Set(hopsOf(last).flatMap(({ component, role }) => (role === "interface" ? [component] : [])));

/** The way of the answers to what arrived. */
function replySearch(
  fabric: Fabric,
  question: Question,
  { wave, reply }: Arrival,
  home: Start["home"],
  relaxed: boolean,
): Search | undefined {
  if (!reply || question.protocol !== TCP) return undefined;
  const asked = beginningOf(wave.hop, wave.headers).swapped();
  const goal: Goal = {
    ...home,
    anywhere: false,
    instances: question.source.isInstance,
    several: false,
    arriving: (headers) => {
      const kept = headers.and(asked);
      return relaxed
        ? { headers, why: [] }
        : { headers: kept, why: kept.isEmpty ? [{ code: "NO_PATH" }] : [] };
    },
  };
  const terrain = { knows: question.knows, through: [], without: new Set<string>() };
  const search = new Search(fabric, goal, terrain, { relaxed, tracked: interfacesOn(wave.hop) });
  const answers = { ...begun(wave.headers.swapped()), trail: wave.trail };
  const end = question.destination?.isInstance ? wave.hop?.component : undefined;
  reply(search, end === undefined ? answers : past(answers, { component: end }));
  return search;
}

/** The shortest path that nothing stands in the way of, there and back. */
function openPath(
  fabric: Fabric,
  question: Question,
  goal: Goal,
  { wave, begin, home }: Start,
): Found | undefined {
  const search = new Search(fabric, goal, question);
  search.later(wave, (each) => begin(search, each));
  for (let arrival = search.next(); arrival; arrival = search.next()) {
    const replies = replySearch(fabric, question, arrival, home, false);
    if (!replies) return { forward: arrival, back: undefined, blocks: 0 };
    const back = replies.next()?.wave;
    if (back) return { forward: arrival, back, blocks: 0 };
  }
  return undefined;
}

/** The path that came to nothing with least in its way, and of such the longest. */
const nearest = (deadEnds: readonly Wave[]): Wave | undefined =>
  deadEnds.toSorted((a, b) => a.blocks - b.blocks || (b.hop?.length ?? 0) - (a.hop?.length ?? 0))[0];

interface Blocked {
  readonly found: readonly Found[];
  readonly deadEnds: readonly Wave[];
}

/** Paths that something stands in the way of, there or back: those with least in their way first. */
function blockedPaths(fabric: Fabric, question: Question, goal: Goal, { wave, begin, home }: Start): Blocked {
  const search = new Search(fabric, goal, question, { relaxed: true });
  search.later(wave, (each) => begin(search, each));
  const found: Found[] = [];
  while (found.length < MOST_BLOCKED) {
    const forward = search.next();
    if (!forward) break;
    const replies = replySearch(fabric, question, forward, home, true);
    // Answers may come to nothing, where they go to somebody else.
    const back = replies?.next()?.wave ?? nearest(replies?.deadEnds ?? []);
    found.push({ forward, back, blocks: forward.wave.blocks + (back?.blocks ?? 0) });
  }
  return { found, deadEnds: search.deadEnds };
}

/** An open path, with the headers that pass it there and back. */
function shown({ forward, back }: Found): Answer {
  const { hop, headers } = forward.wave;
  if (!back) return { ...NOTHING, found: true, forward: retrace(hop, headers) };
  const answers = retrace(back.hop, back.headers)[0]?.inbound ?? back.headers;
  const there = retrace(hop, headers.and(answers.swapped()));
  const arrived = there.at(-1)?.outbound ?? headers;
  const returned = retrace(back.hop, endingOf(back.hop, arrived.swapped()));
  return { ...NOTHING, found: true, forward: there, back: returned };
}

const isPassed = ({ hop }: Traced): boolean => hop.role !== "end";

const reasonsOn = (traced: readonly Traced[]): Explanation[] => traced.flatMap(({ hop }) => hop.explanations);

const ASSOCIATIONS: ReadonlySet<string> = new Set([
  "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
  "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
]);

/** That there is no public address stands in the way in both directions, and is told once. */
function bothWays(there: readonly Explanation[], back: readonly Explanation[]): Explanation[] {
  const told = new Set(
    there.flatMap(({ code, internetGateway }) => (ASSOCIATIONS.has(code) ? [internetGateway] : [])),
  );
  const more = back.filter(
    ({ code, internetGateway }) => !ASSOCIATIONS.has(code) || !told.has(internetGateway),
  );
  return [...there, ...more];
}

/** A path that something stands in the way of. */
function explained({ forward, back }: Found, all: readonly Blocked[]): Answer {
  const there = traceBlocked(forward.wave.hop);
  const returned = traceBlocked(back?.hop);
  const explanations = bothWays(reasonsOn(there), reasonsOn(returned));
  const on = new Set(there.map(({ hop }) => hop.component));
  const others = all.flatMap(({ found }) => found).flatMap((each) => hopsOf(each.forward.wave.hop));
  const hints = new Set(
    others.flatMap(({ component, role }) =>
      role === "intermediate" && !on.has(component) ? [component] : [],
    ),
  );
  return {
    found: false,
    forward: there.filter(isPassed),
    back: returned.filter(isPassed),
    explanations: explanations.length > 0 ? explanations : [{ code: "NO_PATH" }],
    hints: [...hints],
  };
}

/** No path at all, whatever stood in its way. */
function nowhere(fabric: Fabric, question: Question, goal: Goal, deadEnds: readonly Wave[]): Answer {
  const { source, through, without } = question;
  const [component] = through;
  if (component !== undefined) return unanswered({ code: "COMPONENT_FILTER_RESTRICTION", component });
  const [removed] = without;
  if (removed !== undefined) {
    return unanswered({ code: "COMPONENT_FILTER_RESTRICTION_REMOVED_COMPONENT", component: removed });
  }
  const [from] = portsOf(fabric, source).map(({ subnet }) => subnet.vpc);
  const [to] = goal.ports.keys();
  if (from && to && !isConnected(fabric, from, [...goal.ports.keys()])) {
    return unanswered({ code: "DISCONNECTED_VPCS", sourceVpc: from.id, destinationVpc: to.id });
  }
  const dead = nearest(deadEnds);
  if (!dead) return unanswered({ code: "NO_PATH" });
  const forward = traceBlocked(dead.hop);
  return { ...NOTHING, forward: forward.filter(isPassed), explanations: reasonsOn(forward) };
}

/** Whether packets could get from one VPC to others, whatever their tables say. */
function isConnected(fabric: Fabric, from: Vpc, to: readonly Vpc[]): boolean {
  if (to.includes(from)) return true;
  for (const peering of fabric.peerings.values()) {
    const peer = peering.peerOf(from);
    if (peer && to.includes(peer)) return true;
  }
  const gateways = [...fabric.transitGateways.gateways];
  const isAttached = (vpc: Vpc): boolean => gateways.some(({ vpcAttachments }) => vpcAttachments.has(vpc));
  return isAttached(from) && to.some(isAttached);
}
