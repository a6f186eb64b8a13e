import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Caller, Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { present } from "../kit/present.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { regions } from "./catalogue/regions.ts";
import { findZone, zonesOf } from "./catalogue/zones.ts";
import { parseLoadBalancerArn, zonesOfBalancer } from "./loadBalancer.ts";
import { tryEach } from "./unsuccessful.ts";

/** The name by which consumers' private DNS lets the service be found, once its owner has proved to own the domain. */
interface PrivateDns {
  readonly name: string;
  readonly state: "pendingVerification" | "verified" | "failed";
  /** What the owner is to put into the domain's TXT record, and the record's name before the domain. */
  readonly value: string;
  readonly record: string;
}

/** Somebody who may make endpoints of the service. */
interface Permission {
  /** `vpce-svc-perm-…` */
  readonly id: string;
  /** An ARN, or `*` for everybody. */
  readonly principal: string;
}

export interface VpcEndpointService extends ResourceRow {
  readonly type: "Interface" | "GatewayLoadBalancer";
  /** ARNs of load balancers. */
  readonly balancers: readonly string[];
  readonly acceptanceRequired: boolean;
  readonly privateDns: PrivateDns | undefined;
  readonly ipAddressTypes: readonly Sdk.ServiceConnectivityType[];
  readonly ownerPays: boolean;
  readonly permissions: readonly Permission[];
  /** Other Regions in which endpoints of it can be made. */
  readonly regions?: readonly string[];
}

/** Every Region in which there may be endpoints of a service, its own one first. */
export const regionsOfService = (
  { region }: Pick<Context, "region">,
  { regions: others = [] }: VpcEndpointService,
): string[] => [region, ...others];

export const nameOfService = (region: string, id: string): string => `com.amazonaws.vpce.${region}.${id}`;

export const baseNameOfService = (region: string, id: string): string => `${id}.${region}.vpce.amazonaws.com`;

/** Names of the zones in which it can be reached: those of its load balancers; all, as long as nobody has told these. */
export function zonesOfService(
  ctx: Pick<Context, "unit" | "region">,
  { balancers }: VpcEndpointService,
): string[] {
  const known = balancers.flatMap((arn) => zonesOfBalancer(ctx, arn) ?? []);
  return zonesOf(ctx.region)
    .map(({ name }) => name)
    .filter((name) => known.length === 0 || known.includes(name));
}

/** What an account offers to others, behind its load balancers. */
export const vpcEndpointServices = defineResource({
  type: "vpc-endpoint-service",
  idPrefix: "vpce-svc",
  notFound: "InvalidVpcEndpointServiceId.NotFound",
  ids: "ServiceIds",
  view: (service: VpcEndpointService, { ctx, tags }): Sdk.ServiceConfiguration => {
    const { id, type, balancers, privateDns, ipAddressTypes } = service;
    const zones = zonesOfService(ctx, service);
    return {
      ServiceId: id,
      ServiceName: nameOfService(ctx.region, id),
      ServiceType: [{ ServiceType: type }],
      ServiceState: "Available",
      AvailabilityZones: zones,
      AvailabilityZoneIds: zones.flatMap((zone) => findZone(ctx.region, zone)?.id ?? []),
      AcceptanceRequired: service.acceptanceRequired,
      ManagesVpcEndpoints: false,
      ...(type === "Interface"
        ? { NetworkLoadBalancerArns: [...balancers] }
        : { GatewayLoadBalancerArns: [...balancers] }),
      SupportedIpAddressTypes: [...ipAddressTypes],
      BaseEndpointDnsNames: [baseNameOfService(ctx.region, id)],
      PrivateDnsName: privateDns?.name,
      PrivateDnsNameConfiguration: privateDns && {
        State: privateDns.state,
        Type: "TXT",
        Value: privateDns.value,
        Name: privateDns.record,
      },
      PayerResponsibility: service.ownerPays ? "ServiceOwner" : undefined,
      SupportedRegions: regionsOfService(ctx, service).map((Region) => ({
        Region,
        ServiceState: "Available",
      })),
      RemoteAccessEnabled: (service.regions ?? []).length > 0,
      Tags: tags,
    };
  },
  filters: {
    "service-name": (service) => service.ServiceName,
    "service-id": (service) => service.ServiceId,
    "service-state": (service) => service.ServiceState,
    "supported-ip-address-types": (service) => service.SupportedIpAddressTypes,
  },
  transitions: {
    verified: (ctx, { id, privateDns }) => {
      if (privateDns?.state !== "pendingVerification") return;
      const state = isProven(ctx, privateDns) ? "verified" : "failed";
      vpcEndpointServices.update(ctx, id, { privateDns: { ...privateDns, state } });
    },
  },
});

/** What keeps a service, be it in one Region: the endpoints that are connected to it add themselves here. */
export const serviceUsers: ((
  ctx: Context,
  service: VpcEndpointService,
  regions: readonly string[],
) => boolean)[] = [];

/** @throws {ApiError} ExistingVpcEndpointConnections if there are endpoints of the service in one of the Regions */
function checkUnused(ctx: Context, service: VpcEndpointService, places: readonly string[]): void {
  if (serviceUsers.some((uses) => uses(ctx, service, places))) {
    throw new ApiError("ExistingVpcEndpointConnections", service.id);
  }
}

/** The role of `arn:aws:sts::111122223333:assumed-role/Role/session`. */
const roleOf = (arn: string): string =>
  arn.replace(/^arn:aws:sts::(\d{12}):assumed-role\/([^/]+)\/.*$/, "arn:aws:iam::$1:role/$2");

/** Whether a caller may see a service, and make endpoints of it: its owner, and whom the owner has named. */
export const mayUse = ({ account, arn }: Caller, service: VpcEndpointService): boolean =>
  service.account === account ||
  service.permissions.some(({ principal }) =>
    ["*", `arn:aws:iam::${account}:root`, arn, roleOf(arn)].includes(principal),
  );

/**
 * Whether the domain's TXT record has the value that shows that the service's owner has the domain: under the name that
 * he was given, or, as not every DNS provider takes underscores, under the domain's own.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html
 */
function isProven({ world }: Context, { name, record, value }: PrivateDns): boolean {
  const domain = name.toLowerCase().replace(/^\*\./, "");
  return [`${record}.${domain}`, domain].some((each) => world.network.textsOf(each).includes(value));
}

const invalid = (message: string): ApiError => new ApiError("InvalidParameter", message);

/** @throws {ApiError} InvalidParameter for what is no name of a domain, with or without `*.` before it */
function newPrivateDns(ctx: Context, name: string): PrivateDns {
  if (name.length > 255 || !/^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i.test(name)) {
    throw invalid(`The private DNS name '${name}' is not valid.`);
  }
  return {
    name,
    state: "pendingVerification",
    value: `vpce:${ctx.chance.hex(20)}`,
    record: `_${ctx.chance.hex(20)}`,
  };
}

/** The ARNs of one kind of load balancer, of the caller's in the region. */
function readBalancers(ctx: Context, arns: readonly string[], type: VpcEndpointService["type"]): string[] {
  for (const arn of arns) {
    const name = parseLoadBalancerArn(arn);
    const isKind = name?.type === (type === "Interface" ? "network" : "gateway");
    if (!isKind || name?.region !== ctx.region || name.account !== ctx.account) {
      throw invalid(
        `The load balancer '${arn}' is not a ${type === "Interface" ? "Network" : "Gateway"} Load Balancer of this account and Region.`,
      );
    }
  }
  return [...new Set(arns)];
}

function readIpAddressTypes(types: readonly string[]): Sdk.ServiceConnectivityType[] {
  const known = types.filter((each) => each === "ipv4" || each === "ipv6");
  if (known.length < types.length) {
    throw invalid("Supported IP address types must be ipv4 or ipv6.");
  }
  return [...new Set(known)];
}

/**
 * The other Regions that a call names.
 *
 * @throws {ApiError} InvalidParameter for what is no Region, and for a service that appliances are behind
 */
function readRegions(
  ctx: Context,
  type: VpcEndpointService["type"],
  named: readonly string[] = [],
): readonly string[] {
  const wrong = named.find((region) => !regions.has(region));
  if (wrong !== undefined) throw invalid(`The Region '${wrong}' is not valid.`);
  const others = [...new Set(named)].filter((region) => region !== ctx.region);
  if (others.length > 0 && type !== "Interface") {
    throw invalid("Cross-Region access is not supported for services of Gateway Load Balancers.");
  }
  return others;
}

const without = <T>(all: readonly T[], gone: readonly T[] = []): T[] =>
  all.filter((each) => !gone.includes(each));

/** The load balancers after a change. */
function changeBalancers(
  ctx: Context,
  { type, balancers }: VpcEndpointService,
  asked: Sdk.ModifyVpcEndpointServiceConfigurationRequest,
): string[] {
  const isInterface = type === "Interface";
  const [added, removed] = isInterface
    ? [asked.AddNetworkLoadBalancerArns, asked.RemoveNetworkLoadBalancerArns]
    : [asked.AddGatewayLoadBalancerArns, asked.RemoveGatewayLoadBalancerArns];
  const others = isInterface
    ? [asked.AddGatewayLoadBalancerArns, asked.RemoveGatewayLoadBalancerArns]
    : [asked.AddNetworkLoadBalancerArns, asked.RemoveNetworkLoadBalancerArns];
  if (others.some((each) => each?.length)) {
    throw invalid("A service cannot have both Network Load Balancers and Gateway Load Balancers.");
  }
  const missing = removed?.find((arn) => !balancers.includes(arn));
  if (missing !== undefined)
    throw invalid(`The load balancer '${missing}' is not associated with the service.`);
  const changed = [...new Set([...without(balancers, removed), ...readBalancers(ctx, added ?? [], type)])];
  if (changed.length === 0) throw invalid("A service must have at least one load balancer.");
  return changed;
}

function changeIpAddressTypes(
  { ipAddressTypes }: VpcEndpointService,
  asked: Sdk.ModifyVpcEndpointServiceConfigurationRequest,
): Sdk.ServiceConnectivityType[] {
  const removed = readIpAddressTypes(asked.RemoveSupportedIpAddressTypes ?? []);
  const added = readIpAddressTypes(asked.AddSupportedIpAddressTypes ?? []);
  const changed = [...new Set([...without(ipAddressTypes, removed), ...added])];
  if (changed.length === 0) throw invalid("A service must support at least one IP address type.");
  return changed;
}

export const operations = {
  CreateVpcEndpointServiceConfiguration: (input, ctx) => {
    const { NetworkLoadBalancerArns = [], GatewayLoadBalancerArns = [], ClientToken } = input;
    if (NetworkLoadBalancerArns.length > 0 === GatewayLoadBalancerArns.length > 0) {
      throw invalid(
        "exactly one of network_load_balancer_arn or gateway_load_balancer_arn is a required member",
      );
    }
    const type = NetworkLoadBalancerArns.length > 0 ? "Interface" : "GatewayLoadBalancer";
    if (input.PrivateDnsName !== undefined && type !== "Interface") {
      throw invalid("A service of Gateway Load Balancers cannot have a private DNS name.");
    }
    const types = readIpAddressTypes(input.SupportedIpAddressTypes ?? []);
    const service = vpcEndpointServices.create(
      ctx,
      {
        type,
        balancers: readBalancers(ctx, [...NetworkLoadBalancerArns, ...GatewayLoadBalancerArns], type),
        acceptanceRequired: input.AcceptanceRequired ?? true,
        privateDns: input.PrivateDnsName === undefined ? undefined : newPrivateDns(ctx, input.PrivateDnsName),
        ipAddressTypes: types.length > 0 ? types : ["ipv4"],
        ownerPays: false,
        permissions: [],
        regions: readRegions(ctx, type, input.SupportedRegions),
      },
      input.TagSpecifications,
    );
    return { ServiceConfiguration: vpcEndpointServices.show(ctx, service), ClientToken };
  },

  DeleteVpcEndpointServiceConfigurations: ({ ServiceIds }, ctx) => ({
    Unsuccessful: tryEach(ServiceIds, (asked) => {
      const service = vpcEndpointServices.get(ctx, asked);
      checkUnused(ctx, service, regionsOfService(ctx, service));
      vpcEndpointServices.delete(ctx, service.id);
    }),
  }),

  DescribeVpcEndpointServiceConfigurations: vpcEndpointServices.describe("ServiceConfigurations"),

  ModifyVpcEndpointServiceConfiguration: (input, ctx) => {
    const service = vpcEndpointServices.get(ctx, input.ServiceId);
    const added = readRegions(ctx, service.type, input.AddSupportedRegions);
    const removed = readRegions(ctx, service.type, input.RemoveSupportedRegions);
    if (input.RemoveSupportedRegions?.includes(ctx.region)) {
      throw invalid("A service cannot be removed from the Region that it is in.");
    }
    checkUnused(ctx, service, removed);
    if (input.PrivateDnsName !== undefined) {
      if (input.RemovePrivateDnsName) {
        throw new ApiError(
          "InvalidParameterCombination",
          "privateDnsName and removePrivateDnsName cannot be specified together.",
        );
      }
      if (service.type !== "Interface") {
        throw invalid("A service of Gateway Load Balancers cannot have a private DNS name.");
      }
    }
    vpcEndpointServices.update(ctx, service.id, {
      balancers: changeBalancers(ctx, service, input),
      ipAddressTypes: changeIpAddressTypes(service, input),
      regions: [...new Set([...without(service.regions ?? [], removed), ...added])],
      ...present({ acceptanceRequired: input.AcceptanceRequired }),
      ...(input.RemovePrivateDnsName && { privateDns: undefined }),
      ...(input.PrivateDnsName !== undefined && { privateDns: newPrivateDns(ctx, input.PrivateDnsName) }),
    });
    return { Return: true };
  },

  ModifyVpcEndpointServicePayerResponsibility: ({ ServiceId }, ctx) => {
    // ServiceOwner is the only value there is, and is for good.
    vpcEndpointServices.update(ctx, vpcEndpointServices.get(ctx, ServiceId).id, { ownerPays: true });
    return { ReturnValue: true };
  },

  StartVpcEndpointServicePrivateDnsVerification: ({ ServiceId }, ctx) => {
    const { id, privateDns } = vpcEndpointServices.get(ctx, ServiceId);
    if (!privateDns) throw invalid(`The service ${id} has no private DNS name.`);
    if (privateDns.state !== "verified") {
      vpcEndpointServices.update(ctx, id, { privateDns: { ...privateDns, state: "pendingVerification" } });
      vpcEndpointServices.soon(ctx, id, "verified", 60);
    }
    return { ReturnValue: true };
  },
} satisfies Handlers;
