import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { instances } from "./instance.ts";
import { createManagedInterface } from "./createNetworkInterface.ts";
import { deleteInterface, networkInterfaces } from "./networkInterface.ts";
import { subnets, type Subnet } from "./subnet.ts";

/**
 * A load balancer that an endpoint service may stand on. EC2 has no operation that makes one, and islet has no Elastic
 * Load Balancing: the operator says which there are, and what is behind them. Its id is the ARN.
 */
export interface LoadBalancer extends Row {
  readonly type: "gateway" | "network";
  readonly vpcId: string;
  /** Its interface in each of its subnets, which are in different zones. */
  readonly nodes: readonly {
    readonly subnetId: string;
    readonly zone: string;
    readonly interfaceId: string;
  }[];
  /** Instances, of which the primary interface is meant, and interfaces. */
  readonly targets: readonly string[];
  readonly crossZone: boolean;
}

export const loadBalancerTable: TableDefinition<LoadBalancer> = {
  name: "load-balancer",
  indexes: {
    target: ({ targets }) => targets,
    node: ({ nodes }) => nodes.map(({ interfaceId }) => interfaceId),
  },
};

const FORM =
  /^arn:aws:elasticloadbalancing:([a-z0-9-]+):(\d{12}):loadbalancer\/(net|gwy)\/([A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?)\/([0-9a-f]{16})$/;

/** What an ARN says about a load balancer. */
export interface LoadBalancerName {
  readonly region: string;
  readonly account: string;
  readonly type: LoadBalancer["type"];
  /** `net/my-balancer/50dc6c495c0c9188` */
  readonly path: string;
}

/** Undefined for what is not the ARN of a Network or Gateway Load Balancer. */
export function parseLoadBalancerArn(arn: string): LoadBalancerName | undefined {
  const [, region, account, kind, name, digits] = FORM.exec(arn) ?? [];
  if (region === undefined || account === undefined) return undefined;
  return { region, account, type: kind === "net" ? "network" : "gateway", path: `${kind}/${name}/${digits}` };
}

/** The names of the zones that a load balancer is in; undefined if nobody has said so. */
export const zonesOfBalancer = ({ unit }: Pick<Context, "unit">, arn: string): string[] | undefined =>
  unit
    .table(loadBalancerTable)
    .get(arn)
    ?.nodes.map(({ zone }) => zone);

const invalid = (name: string, value: string): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${value}) for ${name} is invalid.`);

/** Who is behind: the account's own, in the load balancer's VPC. */
function readTarget(ctx: Context, id: string, vpcId: string): string {
  if (id.startsWith("i-")) {
    const [first] = networkInterfaces.by(ctx, "instance", instances.get(ctx, id).id);
    if (first?.vpcId !== vpcId) throw invalid("Targets", id);
    return id;
  }
  if (networkInterfaces.get(ctx, id).vpcId !== vpcId) throw invalid("Targets", id);
  return id;
}

function readSubnets(ctx: Context, ids: readonly string[]): Subnet[] {
  const found = subnets.getAll(ctx, ids);
  for (const [place, { id, vpcId, zone }] of found.entries()) {
    if (vpcId !== found[0]?.vpcId) throw invalid("SubnetIds", id);
    if (found.findIndex((each) => each.zone === zone) !== place) throw invalid("SubnetIds", id);
  }
  return found;
}

export interface LoadBalancerRequest {
  readonly arn: string;
  /** Without any, the load balancer is gone. */
  readonly subnetIds: readonly string[];
  readonly targets: readonly string[];
  readonly crossZone: boolean;
}

/**
 * Makes a load balancer of the caller's, or changes it.
 *
 * @throws {ApiError} InvalidParameterValue for an ARN of another form, region or account, for subnets of several VPCs or
 *   two in one zone, for targets elsewhere; what is said of subnets, instances and interfaces that are not there
 */
export function putLoadBalancer(ctx: Context, { arn, subnetIds, ...request }: LoadBalancerRequest): void {
  const name = parseLoadBalancerArn(arn);
  if (!name || name.region !== ctx.region || name.account !== ctx.account) {
    throw invalid("LoadBalancerArn", arn);
  }
  const table = ctx.unit.table(loadBalancerTable);
  const known = table.get(arn);
  const wanted = readSubnets(ctx, subnetIds);
  const vpcId = wanted[0]?.vpcId;
  const targets = [...new Set(request.targets)].map((id) => readTarget(ctx, id, vpcId ?? ""));
  for (const { interfaceId, subnetId } of known?.nodes ?? []) {
    if (wanted.some(({ id }) => id === subnetId)) continue;
    const row = networkInterfaces.table(ctx).get(interfaceId);
    if (row) deleteInterface(ctx, row);
  }
  if (vpcId === undefined) {
    if (known) table.remove(arn);
    return;
  }
  const nodes = wanted.map((subnet) => ({
    subnetId: subnet.id,
    zone: subnet.zone,
    interfaceId:
      known?.nodes.find(({ subnetId }) => subnetId === subnet.id)?.interfaceId ??
      createManagedInterface(ctx, subnet, {
        resourceId: arn,
        type: name.type === "network" ? "network_load_balancer" : "gateway_load_balancer",
        description: `ELB ${name.path}`,
        groups: [],
        sourceDestCheck: false,
        addresses: {},
      }).id,
  }));
  const row = { account: ctx.account, type: name.type, vpcId, nodes, targets, crossZone: request.crossZone };
  if (known) table.replace({ ...known, ...row });
  else table.insert({ ...row, id: arn, seq: ctx.unit.nextSeq() });
}
