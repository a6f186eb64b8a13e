import type { HeaderSet } from "./headerSet.ts";
import { hopsOf, type Choice, type Hop } from "./wave.ts";

/** A component of a path, with the headers that came to it and those that went on. */
export interface Traced {
  readonly hop: Hop;
  readonly choice: Choice | undefined;
  readonly inbound: HeaderSet;
  readonly outbound: HeaderSet;
}

/**
 * A path from its end: of each component that had several reasons to let something pass, one is chosen, and the headers
 * are made fewer to what passes by all that is chosen.
 *
 * @param arrived those that are looked at of the headers at the end
 */
export function retrace(last: Hop | undefined, arrived: HeaderSet): Traced[] {
  const hops = hopsOf(last);
  const choices = new Map<Hop, Choice>();
  let headers = arrived;
  for (const hop of hops.toReversed()) {
    headers = (hop.translation?.back(headers) ?? headers).and(hop.arrived);
    const choice = hop.choose?.(headers);
    if (!choice) continue;
    choices.set(hop, choice);
    headers = headers.and(choice.headers);
  }
  return hops.map((hop) => {
    const inbound = headers;
    headers = hop.translation?.forth(inbound) ?? inbound;
    return { hop, choice: choices.get(hop), inbound, outbound: headers };
  });
}

/** A path that something stands in the way of: what is let pass at one component need not be at the next. */
export const traceBlocked = (last: Hop | undefined): Traced[] =>
  hopsOf(last).map((hop) => ({
    hop,
    choice: hop.explanations.length > 0 ? undefined : hop.choose?.(hop.arrived),
    inbound: hop.arrived,
    outbound: hop.translation?.forth(hop.arrived) ?? hop.arrived,
  }));

/** The headers at the beginning of a path that arrive as these. */
export function beginningOf(last: Hop | undefined, arrived: HeaderSet): HeaderSet {
  let headers = arrived;
  for (let hop = last; hop; hop = hop.before) {
    headers = (hop.translation?.back(headers) ?? headers).and(hop.arrived);
  }
  return headers;
}

/** The headers at the end of a path that begin as these. */
export const endingOf = (last: Hop | undefined, begun: HeaderSet): HeaderSet =>
  hopsOf(last).reduce((headers, { translation }) => translation?.forth(headers) ?? headers, begun);
