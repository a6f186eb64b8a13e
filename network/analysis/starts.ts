import type { Fabric } from "../fabric.ts";
import type { LoadBalancer } from "../loadBalancer.ts";
import type { Port } from "../port.ts";
import type { TransitGateway } from "../transitGateway.ts";
import type { Vpc } from "../vpc.ts";
import { targetModelOf } from "./components.ts";
import type { Goal } from "./goal.ts";
import type { HeaderSet, Range } from "./headerSet.ts";
import { relay } from "./loadBalancer.ts";
import type { Search } from "./search.ts";
import { addressesOf } from "./securityGroup.ts";
import { enterBy } from "./transitGateway.ts";
import { past, type Wave } from "./wave.ts";

/** Where a path begins or ends. */
export interface End {
  /** Of an instance, an interface, a gateway, a connection, an attachment or an endpoint. */
  readonly id: string;
  /** Whether it is an instance. */
  readonly isInstance: boolean;
  /** The interfaces that it has, or is; those that are not there are left out. */
  readonly interfaces: readonly string[];
  /** What else stands for it: the endpoints of a service. */
  readonly others?: readonly string[];
  /** The load balancers of a service, which bring in what comes from its endpoints. */
  readonly balancers?: readonly string[];
}

/** Somewhere that paths begin. */
export interface Start {
  readonly wave: Wave;
  readonly begin: (search: Search, wave: Wave) => void;
  /** Where the answers have to come. */
  readonly home: Pick<Goal, "ids" | "ports">;
}

export const portsOf = (fabric: Fabric, { interfaces }: End): Port[] =>
  interfaces.flatMap((id) => fabric.ports.get(id) ?? []);

const balancersOf = ({ endpoints }: Fabric, { balancers = [] }: End): LoadBalancer[] =>
  balancers.flatMap((id) => endpoints.loadBalancers.get(id) ?? []).filter(({ type }) => type === "network");

export const isThere = (fabric: Fabric, end: End): boolean =>
  portsOf(fabric, end).length > 0 ||
  balancersOf(fabric, end).length > 0 ||
  [end.id, ...(end.others ?? [])].some(
    (id) => fabric.targets.has(id) || gatewayWith(fabric, id) !== undefined,
  );

/** The transit gateway that has an attachment. */
function gatewayWith(fabric: Fabric, id: string): TransitGateway | undefined {
  for (const gateway of fabric.transitGateways.gateways) if (gateway.attachmentOf(id)) return gateway;
  return undefined;
}

export function byVpc(ports: readonly Port[]): Map<Vpc, Port[]> {
  const all = new Map<Vpc, Port[]>();
  for (const port of ports) all.set(port.subnet.vpc, [...(all.get(port.subnet.vpc) ?? []), port]);
  return all;
}

export const begun = (headers: HeaderSet): Wave => ({
  headers,
  hop: undefined,
  blocks: 0,
  sender: undefined,
  lost: undefined,
  trail: undefined,
  oneWay: false,
});

/**
 * Where paths begin that begin at a component: at each of its interfaces, or beyond it.
 *
 * @param headersOf the headers that they begin with, by whose addresses they are: undefined for anybody's
 */
export function startsAt(
  fabric: Fabric,
  source: End,
  headersOf: (sources: readonly Range[] | undefined, isPublic: boolean) => HeaderSet,
): Start[] {
  const nobody: Goal["ports"] = new Map();
  const guests = portsOf(fabric, source).filter(({ behind }) => !behind);
  if (guests.length > 0) {
    return guests.map((port) => {
      const wave = begun(headersOf(addressesOf(port), false));
      return {
        wave: source.isInstance ? past(wave, { component: source.id }) : wave,
        begin: (search, each) => search.leave(each, port),
        home: { ids: new Set([port.id]), ports: byVpc([port]) },
      };
    });
  }
  const balancers = balancersOf(fabric, source);
  if (balancers.length > 0) {
    const wave = past(begun(headersOf(undefined, false)), { component: source.id });
    return balancers.flatMap((balancer) =>
      balancer.nodes.map((node) => ({
        wave,
        begin: (search, each) => relay(search, past(each, search.interfaceHop(node)), balancer, node),
        home: { ids: new Set([node.id]), ports: byVpc([node]) },
      })),
    );
  }
  const ids = new Set([source.id]);
  const target = fabric.targets.get(source.id);
  const model = target && targetModelOf(target);
  if (target && model?.enter) {
    const wave = begun(headersOf(undefined, target.kind === "internet-gateway"));
    return [
      { wave, begin: (search, each) => model.enter?.(search, each, target), home: { ids, ports: nobody } },
    ];
  }
  const gateway = gatewayWith(fabric, source.id);
  if (!gateway) return [];
  const wave = begun(headersOf(undefined, false));
  return [
    {
      wave,
      begin: (search, each) => enterBy(search, each, gateway, source.id),
      home: { ids, ports: nobody },
    },
  ];
}
