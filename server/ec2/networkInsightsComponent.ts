import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { resources } from "../kit/resource.ts";
import { tagsOf } from "../kit/tags.ts";
import type { PathEnd } from "../kit/world.ts";
import type { Row } from "../state/table.ts";
import { loadBalancerTable, parseLoadBalancerArn } from "./loadBalancer.ts";
import { networkInterfaces } from "./networkInterface.ts";
import { vpcEndpoints } from "./vpcEndpoint.ts";
import { vpcEndpointServices } from "./vpcEndpointService.ts";

/** The types of what the analyzers speak of, by what its ids begin with. */
const TYPES: Readonly<Record<string, string>> = {
  acl: "network-acl",
  eigw: "egress-only-internet-gateway",
  eni: "network-interface",
  i: "instance",
  igw: "internet-gateway",
  nat: "natgateway",
  pcx: "vpc-peering-connection",
  pl: "prefix-list",
  rtb: "route-table",
  sg: "security-group",
  subnet: "subnet",
  tgw: "transit-gateway",
  "tgw-attach": "transit-gateway-attachment",
  "tgw-ptb": "transit-gateway-policy-table",
  "tgw-rtb": "transit-gateway-route-table",
  vgw: "vpn-gateway",
  vpc: "vpc",
  vpce: "vpc-endpoint",
  "vpce-svc": "vpc-endpoint-service",
};

/**
 * What a path can begin or end at.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/reachability/how-reachability-analyzer-works.html
 */
const ENDS: ReadonlySet<string | undefined> = new Set([
  "instance",
  "internet-gateway",
  "network-interface",
  "transit-gateway",
  "transit-gateway-attachment",
  "vpc-endpoint",
  "vpc-endpoint-service",
  "vpc-peering-connection",
  "vpn-gateway",
]);

const ID = /^(?<prefix>[a-z]+(?:-[a-z]+)*)-(?:[0-9a-f]{8}|[0-9a-f]{17})$/;

/** The type of what an id is of; undefined for what is no id of a kind that the analyzers know. */
export const typeOf = (id: string): string | undefined => {
  if (parseLoadBalancerArn(id)) return "load-balancer";
  const prefix = ID.exec(id)?.groups?.["prefix"];
  return prefix !== undefined && Object.hasOwn(TYPES, prefix) ? TYPES[prefix] : undefined;
};

/** The ids of the caller's load balancers, which are their ARNs. */
export const balancersOf = ({ unit, account }: Pick<Context, "account" | "unit">): string[] =>
  [...unit.table(loadBalancerTable).all()].flatMap((row) => (row.account === account ? [row.id] : []));

/** A resource that the caller may see. */
export function findComponent(ctx: Context, id: string): Row | undefined {
  const type = typeOf(id);
  if (type === "load-balancer") {
    const row = ctx.unit.table(loadBalancerTable).get(id);
    return row?.account === ctx.account ? row : undefined;
  }
  return type === undefined ? undefined : resources.get(type)?.find(ctx, id);
}

/** @param account whose it is: the caller's unless it is known to be somebody else's */
export const arnOf = (
  { region }: Pick<Context, "region">,
  account: string,
  id: string,
  type = typeOf(id),
): string => `arn:aws:ec2:${region}:${account}:${type}/${id}`;

interface Named {
  readonly account: string;
  readonly region: string;
  readonly id: string;
}

/** What an id, or an ARN, names; undefined for what is neither. */
export function readName(ctx: Context, text: string): Named | undefined {
  const balancer = parseLoadBalancerArn(text);
  if (balancer) return { account: balancer.account, region: balancer.region, id: text };
  const arn = /^arn:[\w-]+:ec2:([\w-]*):(\d{12}):([\w-]+)\/(\S+)$/.exec(text);
  if (!arn)
    return typeOf(text) === undefined ? undefined : { account: ctx.account, region: ctx.region, id: text };
  const [, region = "", account = "", type, id = ""] = arn;
  return typeOf(id) === type ? { account, region, id } : undefined;
}

const errors = {
  source: "NetworkInsightsSource.NotFound",
  destination: "NetworkInsightsDestination.NotFound",
} as const;

/**
 * The end of a path that a call names by id or ARN.
 *
 * @throws {ApiError} InvalidParameterValue for what no path can begin or end at, NetworkInsightsSource.NotFound,
 *   NetworkInsightsDestination.NotFound
 */
export function readEnd(ctx: Context, text: string, which: keyof typeof errors): string {
  const named = readName(ctx, text);
  if (!named || !ENDS.has(typeOf(named.id))) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${text.slice(0, 256)}) for parameter ${which} is invalid.`,
    );
  }
  const isHere = named.account === ctx.account && named.region === ctx.region;
  if (!isHere || !findComponent(ctx, named.id)) throw new ApiError(errors[which], text);
  return named.id;
}

/** A component with its interfaces; it may be gone by now. */
export function endOf(ctx: Context, id: string): PathEnd {
  const type = typeOf(id);
  const end = { id, isInstance: type === "instance", interfaces: [] };
  if (!findComponent(ctx, id)) return end;
  if (type === "network-interface") return { ...end, interfaces: [id] };
  if (type === "instance") {
    return { ...end, interfaces: networkInterfaces.by(ctx, "instance", id).map((row) => row.id) };
  }
  const endpoints =
    type === "vpc-endpoint"
      ? [vpcEndpoints.get(ctx, id)]
      : vpcEndpoints.by(ctx, "service", id).filter(({ account }) => account === ctx.account);
  const service = type === "vpc-endpoint-service" ? vpcEndpointServices.get(ctx, id) : undefined;
  return {
    ...end,
    ...(service && { balancers: service.balancers }),
    interfaces: endpoints.flatMap(({ interfaces }) => interfaces.map(({ interfaceId }) => interfaceId)),
    others: endpoints.map((endpoint) => endpoint.id),
  };
}

/** Whether the caller may know of something that a path leads to. */
export const knows =
  (ctx: Context) =>
  (id: string): boolean =>
    findComponent(ctx, id) !== undefined;

function described(ctx: Context, id: string): Sdk.AnalysisComponent {
  const type = typeOf(id);
  if (type === undefined) return { Id: id };
  if (type === "load-balancer") return { Id: id, Arn: id };
  const account = resources.get(type)?.table(ctx).get(id)?.account ?? ctx.account;
  const name = tagsOf(ctx, id).find(({ Key }) => Key === "Name")?.Value;
  return { Id: id, Arn: arnOf(ctx, account, id), ...(name !== undefined && { Name: name }) };
}

/** Of an attachment, what it is to; other routes as they are. */
function withResource(ctx: Context, value: object): object {
  const id = "AttachmentId" in value ? String(value.AttachmentId) : undefined;
  const row = id === undefined ? undefined : findComponent(ctx, id);
  const to = row && "to" in row ? (row.to as { readonly id: string; readonly type: string }) : undefined;
  return to ? { ...value, ResourceId: to.id, ResourceType: to.type } : value;
}

/** What the network says, which knows components by their ids, with their ARNs and their names. */
export function describeComponents<T>(ctx: Context, value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each: unknown) => describeComponents(ctx, each)) as T;
  if ("Id" in value) return described(ctx, String(value.Id)) as T;
  return Object.fromEntries(
    Object.entries(withResource(ctx, value)).map(([name, each]) => [name, describeComponents(ctx, each)]),
  ) as T;
}
