import TinyQueue from "tinyqueue";
import type { Fabric } from "../fabric.ts";
import type { Port } from "../port.ts";
import { LOCAL, type ResolvedRoute, type RouteTable } from "../routeTable.ts";
import type { RouteTarget } from "../routeTarget.ts";
import type { Subnet } from "../subnet.ts";
import type { Vpc } from "../vpc.ts";
import { addressesIn, rangesOf, rangesOfAddresses, sizeOf } from "./addressRange.ts";
import type { TargetModel } from "./component.ts";
import { behindModelOf, targetModelOf } from "./components.ts";
import { exitsOf } from "./exits.ts";
import type { Explanation } from "./explanation.ts";
import type { Arrival, Goal, Terrain } from "./goal.ts";
import { throughGroups } from "./groupFilter.ts";
import type { HeaderSet, Range } from "./headerSet.ts";
import { throughAcl } from "./networkAcl.ts";
import { routesOf, waysFor, whyNotTo } from "./routeTable.ts";
import { addressesOf } from "./securityGroup.ts";
import { hopsOf, Passage, past, type Hop, type Wave } from "./wave.ts";

/** A way out of a subnet: the route that leads there, or why none does. */
interface Exit {
  readonly target: string;
  readonly resolved?: ResolvedRoute;
  readonly why?: Explanation;
}

const tableHop = (table: RouteTable, { resolved }: Exit) => ({
  component: table.id,
  vpc: table.vpc.id,
  choose: resolved && ((headers: HeaderSet) => ({ headers, route: resolved })),
});

interface Task {
  readonly wave: Wave;
  readonly order: number;
  readonly step: (wave: Wave) => void;
}

/** More destinations than this are not looked up one by one. */
const FEW = 256;
/** Longer paths lead in a circle. */
const LONGEST = 100;

/** Link-local and multicast addresses, and broadcast: nothing routes them. */
const UNROUTABLE = rangesOf([
  { base: 0xa9_fe_00_00 | 0, length: 16 },
  { base: 0xe0_00_00_00 | 0, length: 4 },
  { base: -1, length: 32 },
]);

/**
 * Follows all packets that somebody may send, as sets of headers, along all paths that they can take: those with least
 * in their way first, then the shortest. It reads the same configuration as the walk of a packet, and nothing of how that
 * decides.
 */
export class Search {
  readonly fabric: Fabric;
  readonly goal: Goal;
  readonly terrain: Terrain;
  /** Whether what stands in the way is noted and passed, instead of ending the path. */
  readonly relaxed: boolean;
  readonly arrivals: Arrival[] = [];
  /** Paths that led nowhere, with the reason. */
  readonly deadEnds: Wave[] = [];
  /** The interfaces whose groups know the flow already. */
  readonly tracked: ReadonlySet<string>;
  readonly #tasks = new TinyQueue<Task>(
    [],
    (a, b) =>
      a.wave.blocks - b.wave.blocks ||
      (a.wave.hop?.length ?? 0) - (b.wave.hop?.length ?? 0) ||
      a.order - b.order,
  );
  readonly #seen = new Map<string, HeaderSet>();
  #order = 0;

  constructor(
    fabric: Fabric,
    goal: Goal,
    terrain: Terrain,
    { relaxed = false, tracked = new Set() }: { relaxed?: boolean; tracked?: ReadonlySet<string> } = {},
  ) {
    this.fabric = fabric;
    this.goal = goal;
    this.terrain = terrain;
    this.relaxed = relaxed;
    this.tracked = tracked;
  }

  /** Goes on with a wave when its turn has come. */
  later(wave: Wave | undefined, step: (wave: Wave) => void): void {
    if (!wave || wave.headers.isEmpty || (wave.hop?.length ?? 0) > LONGEST) return;
    this.#tasks.push({ wave, step, order: this.#order++ });
  }

  /** The next path that reaches the goal. */
  next(): Arrival | undefined {
    for (;;) {
      const arrival = this.arrivals.shift();
      if (arrival) return arrival;
      const task = this.#tasks.pop();
      if (!task) return undefined;
      task.step(task.wave);
    }
  }

  passage(wave: Wave): Passage {
    return new Passage(wave, this.relaxed);
  }

  /** A path that ends here. */
  end(wave: Wave, explanation: Explanation & { readonly component: string }): void {
    if (!this.relaxed) return;
    this.deadEnds.push(past(wave, { component: explanation.component, role: "end" }, [explanation]));
  }

  /** A path that has come to a component where it ends, if that is where it was to end. @returns whether it has */
  arrive(wave: Wave, id: string, reply?: Arrival["reply"]): boolean {
    return this.goal.anywhere ? this.#arrive(wave, id, reply) : this.pause(wave, id, reply);
  }

  /** As `arrive`, at a component that paths can go on from. */
  pause(wave: Wave, id: string, reply?: Arrival["reply"]): boolean {
    return this.goal.ids.has(id) && this.#arrive(wave, id, reply);
  }

  #arrive(wave: Wave, id: string, reply: Arrival["reply"]): boolean {
    const { goal } = this;
    const { headers, why } = goal.arriving(wave.headers);
    if (why.length > 0 && !this.relaxed) return false;
    if (!this.#passedAll(wave.hop)) return false;
    const last = wave.hop;
    const arrived =
      why.length > 0 && last
        ? {
            ...wave,
            blocks: wave.blocks + why.length,
            hop: { ...last, explanations: [...last.explanations, ...why] },
          }
        : { ...wave, headers };
    this.arrivals.push({ wave: arrived, id, reply: wave.oneWay ? undefined : reply });
    return !goal.several;
  }

  #passedAll(last: Hop | undefined): boolean {
    const { through } = this.terrain;
    if (through.length === 0) return true;
    const passed = new Set(
      hopsOf(last).flatMap(({ component, subnet, vpc, attachedTo, transitGateway }) => [
        component,
        subnet,
        vpc,
        attachedTo,
        transitGateway,
      ]),
    );
    return through.every((id) => passed.has(id));
  }

  /** What has not come by here before: paths that meet again are followed once. */
  fresh(wave: Wave, place: string): Wave | undefined {
    const through = this.#passedAll(wave.hop) ? "" : "not yet";
    const key = `${place} ${wave.sender?.id} ${wave.trail?.gateway.id} ${wave.oneWay} ${through}`;
    const seen = this.#seen.get(key);
    if (!seen) {
      this.#seen.set(key, wave.headers);
      return wave;
    }
    if (this.relaxed) return undefined;
    const headers = wave.headers.minus(seen);
    if (headers.isEmpty) return undefined;
    this.#seen.set(key, seen.plus(headers));
    return { ...wave, headers };
  }

  /** From a guest onto the network. */
  leave(wave: Wave, port: Port): void {
    if (this.terrain.without.has(port.id)) return;
    const headers = wave.headers.outside("destination", UNROUTABLE);
    const passage = this.passage({ ...wave, headers }).need(port.live, () => this.#badState(port, "egress"));
    if (port.sourceDestCheck) {
      passage.take(passage.headers.within("source", addressesOf(port)), () =>
        this.#checked(port, "egress", "source-address"),
      );
    }
    const left = passage.past(this.interfaceHop(port));
    if (left) this.emit(left, port);
  }

  /** Onto the network from an interface, whoever is behind it. */
  emit(wave: Wave, port: Port): void {
    const sent = throughGroups(this, { ...wave, sender: port }, port, true);
    if (!sent) return;
    const { subnet } = port;
    const near = rangesOf(subnet.blocks);
    this.later({ ...sent, headers: sent.headers.within("destination", near) }, (wave) =>
      this.deliver(wave, subnet.vpc, subnet),
    );
    this.later({ ...sent, headers: sent.headers.outside("destination", near) }, (wave) =>
      this.route(wave, port),
    );
  }

  /** Out of an interface's subnet, by its route table. */
  route(asked: Wave, port: Port): void {
    const { subnet } = port;
    const { table, vpc } = subnet;
    const wave = this.fresh(asked, subnet.id);
    if (!wave || !table) return;
    const routes = routesOf(table);
    const ways = waysFor(routes, wave.headers);
    for (const { resolved, headers } of ways) {
      this.#by({ ...wave, headers }, port, table, { target: resolved.route.target, resolved });
    }
    if (!this.relaxed) return;
    const used = new Set(ways.map(({ resolved }) => resolved.route.target));
    const isWorking = (route: ResolvedRoute): boolean => this.#isWorking(route, vpc);
    for (const target of exitsOf(this, vpc, routes)) {
      if (used.has(target)) continue;
      const why = whyNotTo(target, table, routes, ways, wave.headers, isWorking);
      this.#by(wave, port, table, { target, why });
    }
  }

  #isWorking({ route }: ResolvedRoute, vpc: Vpc): boolean {
    return route.target === LOCAL || (this.fabric.targets.get(route.target)?.serves(vpc) ?? false);
  }

  #by(wave: Wave, port: Port, table: RouteTable, exit: Exit): void {
    const { subnet } = port;
    if (this.terrain.without.has(exit.target)) return;
    if (exit.target === LOCAL) {
      const near = rangesOf(subnet.blocks);
      this.#stay({ ...wave, headers: wave.headers.within("destination", near) }, subnet, table, exit);
      const out = { ...wave, headers: wave.headers.outside("destination", near) };
      if (!out.headers.isEmpty) this.#stay(throughAcl(this, out, port, true), subnet, table, exit);
      return;
    }
    const target = this.fabric.targets.get(exit.target);
    const out = target?.subnet === subnet ? wave : throughAcl(this, wave, port, true);
    if (!out) return;
    const dead = {
      code: "BAD_STATE_ROUTE",
      component: table.id,
      routeTable: table.id,
      route: exit.resolved,
      vpc: subnet.vpc.id,
    } as const;
    if (!target) return this.end(out, { ...dead, ...exit.why, component: table.id });
    const routed = exit.why
      ? past(out, tableHop(table, exit), [exit.why])
      : this.passage(out)
          .need(target.serves(subnet.vpc), () => dead)
          .past(tableHop(table, exit));
    this.later(routed && { ...routed, sender: port }, (each) => this.forward(each, target, port));
  }

  /** By a local route. */
  #stay(wave: Wave | undefined, subnet: Subnet, table: RouteTable, exit: Exit): void {
    const routed = wave && past(wave, tableHop(table, exit), exit.why ? [exit.why] : []);
    this.later(routed, (each) => this.deliver(each, subnet.vpc, subnet));
  }

  /** How paths go through something; undefined where that is not known. */
  modelOf(target: RouteTarget): TargetModel | undefined {
    return targetModelOf(target);
  }

  /** Through what a route leads to. @param port the interface that sent it last; undefined from a gateway */
  forward(wave: Wave, target: RouteTarget, port: Port | undefined): void {
    if (port?.transit && target.noTransit) {
      const vpc = port.subnet.vpc.id;
      return this.end(wave, { code: target.noTransit, component: target.id, vpc });
    }
    const model = this.modelOf(target);
    if (model) model.forward(this, wave, target, port);
    else this.end(wave, { code: "UNSUPPORTED_COMPONENT", component: target.id });
  }

  /** To whoever has the destination addresses in a VPC. @param from the subnet that it comes from */
  deliver(wave: Wave, vpc: Vpc, from: Subnet | undefined): void {
    let found = false;
    for (const { port, own } of this.#receivers(wave.headers, vpc)) {
      const headers = wave.headers.within("destination", own);
      if (headers.isEmpty) continue;
      found = true;
      this.receive({ ...wave, headers }, port, from);
    }
    if (!found) {
      const addresses = wave.headers.ranges("destination");
      this.end(wave, { code: "NO_POSSIBLE_DESTINATION", component: vpc.id, vpc: vpc.id, addresses });
    }
  }

  *#receivers(headers: HeaderSet, vpc: Vpc): Iterable<{ port: Port; own: Range[] }> {
    const destinations = headers.ranges("destination");
    if (sizeOf(destinations) > FEW) {
      for (const port of this.goal.ports.get(vpc) ?? []) yield { port, own: addressesOf(port) };
      return;
    }
    const owned = new Map<Port, number[]>();
    for (const address of addressesIn(destinations)) {
      const port = vpc.portOf(address);
      if (port) owned.set(port, [...(owned.get(port) ?? []), address]);
    }
    for (const [port, addresses] of owned) yield { port, own: rangesOfAddresses(addresses) };
  }

  /** From the network to an interface. @param from the subnet that it comes from */
  receive(wave: Wave, port: Port, from: Subnet | undefined): void {
    if (this.terrain.without.has(port.id)) return;
    const inside = port.subnet === from ? wave : throughAcl(this, wave, port, false);
    const allowed = inside && throughGroups(this, inside, port, false);
    if (!allowed) return;
    const passage = this.passage(allowed).need(port.live, () => this.#badState(port, "ingress"));
    if (port.sourceDestCheck) {
      passage.take(passage.headers.within("destination", addressesOf(port)), () =>
        this.#checked(port, "ingress", "destination-address"),
      );
    }
    const taken = passage.past(this.interfaceHop(port));
    if (!taken) return;
    const { behind } = port;
    if (behind) {
      const model = behindModelOf(behind);
      if (model) model.take(this, taken, behind, port);
      else this.end(taken, { code: "UNSUPPORTED_COMPONENT", component: port.id });
      return;
    }
    const { goal } = this;
    const last =
      goal.instances && port.owner !== undefined && goal.ids.has(port.id)
        ? past(taken, { component: port.owner })
        : taken;
    // Who is only on the way is not whom an address is of.
    const own = goal.anywhere ? last.headers.within("destination", addressesOf(port)) : last.headers;
    const reply = (search: Search, answers: Wave): void => search.leave(answers, port);
    if (!own.isEmpty && this.arrive({ ...last, headers: own }, port.id, reply)) return;
    // What a guest does with what it gets, nobody knows.
    this.end(taken, { code: "NO_POSSIBLE_DESTINATION", component: port.id, vpc: port.subnet.vpc.id });
  }

  interfaceHop({ id, owner, subnet }: Port) {
    return {
      component: id,
      role: "interface",
      attachedTo: owner,
      subnet: subnet.id,
      vpc: subnet.vpc.id,
    } as const;
  }

  #badState({ id, owner, subnet }: Port, direction: "egress" | "ingress"): Explanation {
    const vpc = subnet.vpc.id;
    return { code: "BAD_STATE", component: owner ?? id, networkInterface: id, direction, vpc };
  }

  #checked({ id, owner, subnet }: Port, direction: "egress" | "ingress", packetField: string): Explanation {
    return {
      code: "ENI_SOURCE_DEST_CHECK_RESTRICTION",
      component: id,
      networkInterface: id,
      attachedTo: owner,
      direction,
      packetField,
      vpc: subnet.vpc.id,
    };
  }
}
