import type { Fabric } from "../fabric.ts";
import { TCP, UDP } from "../packet.ts";
import type { Arrival, Goal } from "./goal.ts";
import { HeaderSet, only, type Range } from "./headerSet.ts";
import { frontsOf } from "./loadBalancer.ts";
import { beginningOf, endingOf, retrace, type Traced } from "./retrace.ts";
import { Search } from "./search.ts";
import { begun, byVpc, portsOf, startsAt, type End } from "./starts.ts";
import { hopsOf } from "./wave.ts";

/** The headers of some traffic; what is left out may be anything. */
interface HeaderStatement {
  readonly sources?: readonly Range[] | undefined;
  readonly destinations?: readonly Range[] | undefined;
  readonly sourcePorts?: readonly Range[] | undefined;
  readonly destinationPorts?: readonly Range[] | undefined;
  /** IANA's numbers. */
  readonly protocols?: readonly number[] | undefined;
}

/** One end of paths: the components where they may begin or end, undefined for all; and the headers there. */
export interface Statement {
  readonly components?: ReadonlySet<string> | undefined;
  readonly headers?: HeaderStatement | undefined;
}

/** A condition that paths meet or do not. */
export interface PathCondition {
  readonly source?: Statement | undefined;
  readonly destination?: Statement | undefined;
  /** A path passes one of each. */
  readonly through: readonly ReadonlySet<string>[];
}

export interface Scope {
  /** Where paths can begin and end. */
  readonly ends: readonly End[];
  readonly match: readonly PathCondition[];
  readonly exclude: readonly PathCondition[];
  /** Whether who asks may know of a VPC, or of a table of a transit gateway. */
  readonly knows: (id: string) => boolean;
  /** No more findings are looked for. */
  readonly most: number;
}

/** The paths that meet one of the conditions and none of the exclusions: one for each way to a destination. */
export function findAccess(fabric: Fabric, scope: Scope): Traced[][] {
  const findings: Traced[][] = [];
  const seen = new Set<string>();
  for (const condition of scope.match) {
    const goal = goalOf(fabric, scope, condition);
    for (const source of scope.ends) {
      if (!has(condition.source, source)) continue;
      for (const { wave, id } of pathsFrom(fabric, scope, condition, goal, source)) {
        const key = [source.id, id, ...hopsOf(wave.hop).map(({ component }) => component)].join(" ");
        if (id === source.id || seen.has(key)) continue;
        const headers = unexcluded(scope, source, { wave, id });
        if (headers.isEmpty) continue;
        seen.add(key);
        findings.push(retrace(wave.hop, ofOneProtocol(headers)));
        if (findings.length === scope.most) return findings;
      }
    }
  }
  return findings;
}

const has = (statement: Statement | undefined, { id, others = [] }: End): boolean =>
  statement?.components === undefined || [id, ...others].some((each) => statement.components?.has(each));

function goalOf(fabric: Fabric, { ends: all }: Scope, { destination }: PathCondition): Goal {
  const ends = all.filter((end) => has(destination, end));
  const ports = ends.flatMap((end) => portsOf(fabric, end));
  return {
    ports: byVpc([...ports, ...frontsOf(fabric, ports)]),
    ids: new Set(ends.map(({ id }) => id)),
    anywhere: false,
    several: true,
    instances: false,
    arriving: (headers) => {
      const kept = stated(headers, destination?.headers);
      return { headers: kept, why: kept.isEmpty ? [{ code: "NO_PATH" }] : [] };
    },
  };
}

function* pathsFrom(
  fabric: Fabric,
  { knows }: Scope,
  { source: statement, through }: PathCondition,
  goal: Goal,
  source: End,
): Iterable<Arrival> {
  const all = stated(HeaderSet.every.within("protocol", [only(TCP), only(UDP)]), statement?.headers);
  const starts = startsAt(fabric, source, (sources) => (sources ? all.within("source", sources) : all));
  for (const { wave, begin } of starts) {
    const search = new Search(fabric, goal, { knows, through: [], without: new Set() });
    search.later({ ...begun(wave.headers), hop: wave.hop }, (each) => begin(search, each));
    for (let arrival = search.next(); arrival; arrival = search.next()) {
      if (passesAll(arrival, through)) yield arrival;
    }
  }
}

function passesAll({ wave }: Arrival, through: readonly ReadonlySet<string>[]): boolean {
  if (through.length === 0) return true;
  const passed = hopsOf(wave.hop).map(({ component }) => component);
  return through.every((some) => passed.some((id) => some.has(id)));
}

function stated(headers: HeaderSet, statement: HeaderStatement | undefined): HeaderSet {
  if (!statement) return headers;
  const { sources, destinations, sourcePorts, destinationPorts, protocols } = statement;
  let rest = headers;
  if (sources) rest = rest.within("source", sources);
  if (destinations) rest = rest.within("destination", destinations);
  if (sourcePorts) rest = rest.within("sourcePort", sourcePorts);
  if (destinationPorts) rest = rest.within("destinationPort", destinationPorts);
  if (protocols) rest = rest.within("protocol", protocols.map(only));
  return rest;
}

/** The headers at the end of a path that no exclusion is about. */
function unexcluded({ exclude, ends }: Scope, source: End, arrival: Pick<Arrival, "wave" | "id">): HeaderSet {
  const { wave, id } = arrival;
  const destination = ends.find((end) => end.id === id);
  let { headers } = wave;
  for (const { source: from, destination: to, through } of exclude) {
    if (!has(from, source) || (destination && !has(to, destination))) continue;
    if (!passesAll({ ...arrival, reply: undefined }, through)) continue;
    const begun = stated(beginningOf(wave.hop, headers), from?.headers);
    headers = headers.minus(stated(endingOf(wave.hop, begun), to?.headers));
    if (headers.isEmpty) break;
  }
  return headers;
}

/** A finding is of TCP where it can be. */
function ofOneProtocol(headers: HeaderSet): HeaderSet {
  const tcp = headers.within("protocol", [only(TCP)]);
  return tcp.isEmpty ? headers : tcp;
}
