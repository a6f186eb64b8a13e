import type { AclEntry } from "../networkAcl.ts";
import type { LoadBalancer } from "../loadBalancer.ts";
import type { NatGateway } from "../natGateway.ts";
import type { Port } from "../port.ts";
import type { ResolvedRoute } from "../routeTable.ts";
import type { SecurityGroupRule } from "../securityGroup.ts";
import type { ResolvedTransitRoute } from "../transitGatewayRouteTable.ts";
import type { Explanation } from "./explanation.ts";
import type { HeaderSet, Range } from "./headerSet.ts";

/** What let headers pass, where that was one of several: a rule, an entry, a route. */
export interface Choice {
  /** Those that it let pass. */
  readonly headers: HeaderSet;
  /** The component that it belongs to, where that is another one for each choice. */
  readonly component?: string;
  readonly rule?: SecurityGroupRule;
  readonly entry?: AclEntry;
  readonly route?: ResolvedRoute;
  readonly transitRoute?: ResolvedTransitRoute;
}

/** Changes headers, one to one as far as it matters. */
export interface Translation {
  forth(headers: HeaderSet): HeaderSet;
  back(headers: HeaderSet): HeaderSet;
}

/** What a path passes, with its surroundings, all by their ids. */
export interface Passed {
  readonly component: string;
  /** Interfaces remember flows; intermediate components can be asked for; an `end` only says why a path has one. */
  readonly role?: "end" | "interface" | "intermediate" | undefined;
  readonly attachedTo?: string | undefined;
  readonly subnet?: string | undefined;
  readonly vpc?: string | undefined;
  readonly sourceVpc?: string | undefined;
  readonly destinationVpc?: string | undefined;
  readonly transitGateway?: string | undefined;
  readonly serviceName?: string | undefined;
  /** What is to be told besides. */
  readonly detail?:
    | "AVAILABILITY_ZONE_CROSSED"
    | "PATH_THROUGH_GWLB_NOT_CHECKED"
    | "UNIDIRECTIONAL_PATH_ANALYSIS_ONLY"
    | undefined;
  /** Of some headers that passed, one choice and those that it let pass. */
  readonly choose?: ((headers: HeaderSet) => Choice | undefined) | undefined;
  readonly translation?: Translation | undefined;
}

/** One component of a path, and all before it. */
export interface Hop extends Passed {
  readonly before: Hop | undefined;
  readonly length: number;
  /** The headers that came to it. */
  readonly arrived: HeaderSet;
  /** What would have stopped them, had they not been let on to see what else does. */
  readonly explanations: readonly Explanation[];
}

/** A NAT gateway or a load balancer on the way, and the headers as they were before it. */
export interface Trail {
  readonly gateway: LoadBalancer | NatGateway;
  readonly inside: HeaderSet;
  /** By which interface answers leave a load balancer, if not by the one that they came to. */
  readonly front?: Port;
  /** The target that a load balancer chose, whose answers alone are answers. */
  readonly target?: Range;
  readonly before: Trail | undefined;
}

/** Whom rules that name groups would be about, had not a component on the way dropped that. */
export interface LostSender {
  readonly sender: Port;
  readonly component: string;
  readonly code: "SG_REFERENCES_NOT_PRESERVED" | "SG_REFERENCING_SUPPORT";
}

/** All packets that take the same path, at one point of it. */
export interface Wave {
  readonly headers: HeaderSet;
  readonly hop: Hop | undefined;
  /** How much stood in their way so far. */
  readonly blocks: number;
  /** Who sent them last, if rules that name groups may be about it. */
  readonly sender: Port | undefined;
  readonly lost: LostSender | undefined;
  readonly trail: Trail | undefined;
  /** Whether the way back cannot be told. */
  readonly oneWay: boolean;
}

/** Beyond a component that does not tell whose packets it passes on. */
export const unnamed = (wave: Wave, component: string, code: LostSender["code"]): Wave => ({
  ...wave,
  sender: undefined,
  lost: wave.lost ?? (wave.sender && { sender: wave.sender, component, code }),
});

/** The hops of a path, in order. */
export function hopsOf(last: Hop | undefined): Hop[] {
  const hops: Hop[] = [];
  for (let hop = last; hop; hop = hop.before) hops.push(hop);
  return hops.toReversed();
}

/** Past one more component. */
export const past = (wave: Wave, passed: Passed, explanations: readonly Explanation[] = []): Wave => ({
  ...wave,
  blocks: wave.blocks + explanations.length,
  hop: {
    ...passed,
    before: wave.hop,
    length: (wave.hop?.length ?? 0) + 1,
    arrived: wave.headers,
    explanations,
  },
});

/**
 * Headers at a component, made fewer by one condition after the other. What none of them meet ends the path; in a search
 * for what stands in the way, it is written down instead, and all go on.
 */
export class Passage {
  headers: HeaderSet;
  readonly #wave: Wave;
  readonly #relaxed: boolean;
  readonly #explanations: Explanation[] = [];
  #closed = false;

  constructor(wave: Wave, relaxed: boolean) {
    this.#wave = wave;
    this.#relaxed = relaxed;
    this.headers = wave.headers;
  }

  take(allowed: HeaderSet, explain: () => Explanation): this {
    if (!allowed.isEmpty) this.headers = allowed;
    else if (this.#relaxed) this.#explanations.push(explain());
    else this.#closed = true;
    return this;
  }

  /** A condition that holds for all headers or for none. */
  need(holds: boolean, explain: () => Explanation): this {
    if (holds) return this;
    if (this.#relaxed) this.#explanations.push(explain());
    else this.#closed = true;
    return this;
  }

  /** On the other side, translated if the component does that; undefined if nothing got there. */
  past(passed: Passed): Wave | undefined {
    if (this.#closed) return undefined;
    const { headers } = this;
    const wave = past({ ...this.#wave, headers }, passed, this.#explanations);
    return passed.translation ? { ...wave, headers: passed.translation.forth(headers) } : wave;
  }
}
