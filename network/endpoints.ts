import { GatewayEndpoint } from "./gatewayEndpoint.ts";
import { GatewayLoadBalancerEndpoint } from "./gatewayLoadBalancerEndpoint.ts";
import { InterfaceEndpoint, type EndpointService } from "./interfaceEndpoint.ts";
import { LoadBalancer } from "./loadBalancer.ts";
import type { Port } from "./port.ts";
import type { PrefixLists } from "./prefixList.ts";
import type { RouteTarget } from "./routeTarget.ts";
import type { Vpc } from "./vpc.ts";

/** What of the fabric endpoints are put into. */
interface Ground {
  readonly targets: Map<string, RouteTarget>;
  readonly ports: ReadonlyMap<string, Port>;
  readonly vpcs: ReadonlyMap<string, Vpc>;
  readonly lists: PrefixLists;
}

/** An endpoint as it is to be; without what it leads to, it is there and takes nothing. */
export type EndpointPlan = { readonly id: string } & (
  | {
      readonly type: "gateway";
      readonly vpc: string;
      readonly service: string;
      readonly prefixList: string;
      readonly open: boolean;
    }
  | {
      readonly type: "interface";
      readonly ports: readonly string[];
      readonly service: EndpointService | undefined;
    }
  | {
      readonly type: "gateway-load-balancer";
      readonly ports: readonly string[];
      readonly balancers: readonly string[] | undefined;
    }
);

export interface LoadBalancerPlan {
  /** An ARN. */
  readonly id: string;
  readonly type: "gateway" | "network";
  /** Interfaces, one in each zone; and those that it distributes to. */
  readonly nodes: readonly string[];
  readonly targets: readonly string[];
  readonly crossZone: boolean;
}

/** All endpoints, and the load balancers that services are behind. Interfaces that are named but not there are left out. */
export class Endpoints {
  readonly loadBalancers = new Map<string, LoadBalancer>();
  /** The load balancers that accounts' services stand on, by the services' ids. */
  readonly services = new Map<string, readonly string[]>();
  readonly #ground: Ground;
  readonly #endpoints = new Map<string, GatewayEndpoint | GatewayLoadBalancerEndpoint | InterfaceEndpoint>();

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  put(plan: EndpointPlan): void {
    const { targets, vpcs, lists } = this.#ground;
    const { id } = plan;
    const known = this.#endpoints.get(id);
    if (plan.type === "gateway") {
      const vpc = vpcs.get(plan.vpc);
      if (!vpc) throw new RangeError(`the fabric has no ${plan.vpc}`);
      const endpoint = known instanceof GatewayEndpoint ? known : new GatewayEndpoint(id, vpc, lists);
      endpoint.service = plan.service;
      endpoint.prefixList = plan.prefixList;
      endpoint.open = plan.open;
      this.#endpoints.set(id, endpoint);
      targets.set(id, endpoint);
    } else if (plan.type === "interface") {
      const endpoint = known instanceof InterfaceEndpoint ? known : new InterfaceEndpoint(id);
      endpoint.service = plan.service;
      endpoint.ports = this.#ports(plan.ports);
      for (const port of endpoint.ports) port.behind = endpoint;
      this.#endpoints.set(id, endpoint);
    } else {
      const endpoint =
        known instanceof GatewayLoadBalancerEndpoint ? known : new GatewayLoadBalancerEndpoint(id);
      endpoint.balancers = plan.balancers;
      endpoint.port = this.#ports(plan.ports)[0];
      if (endpoint.port) endpoint.port.behind = endpoint;
      this.#endpoints.set(id, endpoint);
      targets.set(id, endpoint);
    }
  }

  remove(id: string): void {
    this.#endpoints.delete(id);
    this.#ground.targets.delete(id);
  }

  putLoadBalancer({ id, type, nodes, targets, crossZone }: LoadBalancerPlan): void {
    const known = this.loadBalancers.get(id);
    const balancer = known?.type === type ? known : new LoadBalancer(id, type);
    balancer.put({ nodes: this.#ports(nodes), targets: this.#ports(targets), crossZone });
    for (const node of balancer.nodes) node.behind = balancer;
    this.loadBalancers.set(id, balancer);
  }

  /** The interface endpoints of services that load balancers are before. */
  get behindLoadBalancers(): InterfaceEndpoint[] {
    return [...this.#endpoints.values()].flatMap((each) =>
      each instanceof InterfaceEndpoint && each.service?.kind === "load-balancers" ? [each] : [],
    );
  }

  removeLoadBalancer(id: string): void {
    this.loadBalancers.delete(id);
  }

  #ports(ids: readonly string[]): Port[] {
    return ids.flatMap((id) => this.#ground.ports.get(id) ?? []);
  }
}
