import type { Fabric } from "../fabric.ts";
import { isIpv4 } from "../ip.ts";
import { LoadBalancer } from "../loadBalancer.ts";
import type { Port } from "../port.ts";
import { numberOf } from "./addressRange.ts";
import type { BehindModel } from "./component.ts";
import { HeaderSet, LAST_PORT, only } from "./headerSet.ts";
import type { Search } from "./search.ts";
import { past, type Trail, type Wave } from "./wave.ts";

/** The ports that a load balancer speaks to its targets from. */
const PORTS = { first: 1024, last: LAST_PORT };

const hop = ({ id }: LoadBalancer, { id: attachedTo, subnet }: Port) => ({
  component: id,
  role: "intermediate" as const,
  attachedTo,
  subnet: subnet.id,
  vpc: subnet.vpc.id,
});

/**
 * From a client to each of the targets, in the load balancer's own name.
 *
 * @param front the interface by which it came, and by which answers go
 */
export function relay(search: Search, wave: Wave, balancer: LoadBalancer, front: Port): void {
  const node = balancer.nodeIn(front.subnet.zone);
  const component = balancer.id;
  if (!node) return search.end(wave, { code: "VPCE_SERVICE_NOT_INSTALLED_IN_AZ", component });
  if (!search.terrain.knows(node.subnet.vpc.id)) {
    return search.end(wave, { code: "NO_POSSIBLE_DESTINATION", component });
  }
  const targets = balancer.targetsOf(node);
  if (targets.length === 0) return search.end(wave, { code: balancer.withoutTarget, component });
  const from = node.addresses.find(isIpv4);
  for (const { addresses } of targets) {
    const to = addresses.find(isIpv4);
    if (from === undefined || to === undefined) continue;
    const translation = {
      forth: (headers: HeaderSet) =>
        headers
          .with("source", only(numberOf(from)))
          .with("sourcePort", PORTS)
          .with("destination", only(numberOf(to))),
      back: (headers: HeaderSet) => wave.headers.within("destinationPort", headers.ranges("destinationPort")),
    };
    const passed = search.passage(wave).past({ ...hop(balancer, node), translation });
    if (!passed) continue;
    const out = front === node ? passed : past(passed, search.interfaceHop(node));
    const target = only(numberOf(to));
    const trail: Trail = { gateway: balancer, inside: wave.headers, front, target, before: wave.trail };
    search.emit({ ...out, trail }, node);
  }
}

/** A target's answer, back to the client. */
function lead(search: Search, wave: Wave, balancer: LoadBalancer, node: Port, trail: Trail): void {
  const { inside, front = node } = trail;
  const translation = {
    forth: (headers: HeaderSet) => inside.within("destinationPort", headers.ranges("sourcePort")).swapped(),
    back: (headers: HeaderSet) => wave.headers.within("sourcePort", headers.ranges("sourcePort")),
  };
  const passed = search.passage(wave).past({ ...hop(balancer, node), translation });
  if (passed && !search.pause(passed, node.id)) search.emit({ ...passed, trail: trail.before }, front);
}

/** What is no answer: the way ends here, or goes on to a target. */
function enter(search: Search, wave: Wave, balancer: LoadBalancer, node: Port): void {
  if (search.arrive(wave, node.id, (other, answers) => other.emit(answers, node))) return;
  const component = balancer.id;
  if (balancer.type === "network") relay(search, wave, balancer, node);
  else search.end(wave, { code: "NO_POSSIBLE_DESTINATION", component });
}

/** Packets to a load balancer's own interface; a Gateway Load Balancer takes only those of its endpoints. */
export const loadBalancerModel: BehindModel<LoadBalancer> = {
  is: (behind): behind is LoadBalancer => behind instanceof LoadBalancer,
  take(search, wave, balancer, node) {
    const { trail } = wave;
    const target = trail?.gateway === balancer ? trail.target : undefined;
    if (!trail || !target) return enter(search, wave, balancer, node);
    const answers = wave.headers.within("source", [target]);
    const others = wave.headers.outside("source", [target]);
    if (!answers.isEmpty) lead(search, { ...wave, headers: answers }, balancer, node, trail);
    if (!others.isEmpty) enter(search, { ...wave, headers: others }, balancer, node);
  },
};

/** The interfaces by whose addresses others are spoken to, by load balancers and endpoints before them. */
export function frontsOf({ endpoints }: Fabric, ports: readonly Port[]): Port[] {
  if (endpoints.loadBalancers.size === 0) return [];
  const wanted = new Set(ports);
  const balancers = [...endpoints.loadBalancers.values()].filter((balancer) =>
    balancer.nodes.some((node) => balancer.targetsOf(node).some((target) => wanted.has(target))),
  );
  const ids = new Set(balancers.map(({ id }) => id));
  const before = endpoints.behindLoadBalancers.filter(
    ({ service }) => service?.kind === "load-balancers" && service.ids.some((id) => ids.has(id)),
  );
  return [...balancers.flatMap(({ nodes }) => nodes), ...before.flatMap((endpoint) => endpoint.ports)];
}
