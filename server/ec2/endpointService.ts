import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import { compileFilters, type Filters } from "../kit/filters.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { numbered } from "../kit/list.ts";
import { takePage } from "../kit/pages.ts";
import { regionServices, type RegionService } from "./catalogue/endpointServices.ts";
import { regions } from "./catalogue/regions.ts";
import { findZone } from "./catalogue/zones.ts";
import {
  baseNameOfService,
  mayUse,
  nameOfService,
  vpcEndpointServices,
  zonesOfService,
  type VpcEndpointService,
} from "./vpcEndpointService.ts";

/** What a caller can make endpoints of: a service of Amazon's, or of an account that lets him. */
export interface OfferedService extends Omit<RegionService, "type"> {
  readonly type: RegionService["type"] | VpcEndpointService["type"];
  /** Absent for Amazon's own. */
  readonly own: VpcEndpointService | undefined;
  readonly takesPolicy: boolean;
}

const ofAmazon = (service: RegionService): OfferedService => ({
  ...service,
  own: undefined,
  takesPolicy: true,
});

function ofAccount(ctx: Pick<Context, "unit" | "region">, own: VpcEndpointService): OfferedService {
  const { id, type, privateDns, ipAddressTypes } = own;
  return {
    name: nameOfService(ctx.region, id),
    type,
    zones: zonesOfService(ctx, own),
    baseName: baseNameOfService(ctx.region, id),
    privateNames: privateDns?.state === "verified" ? [privateDns.name] : [],
    ipAddressTypes: [...ipAddressTypes],
    own,
    takesPolicy: false,
  };
}

const offered = (ctx: Context): OfferedService[] => [
  ...regionServices(ctx.region).map(ofAmazon),
  ...[...vpcEndpointServices.table(ctx).all()]
    .filter((service) => mayUse(ctx.caller, service))
    .map((service) => ofAccount(ctx, service)),
];

/**
 * The services of a name; Amazon has some for both gateways and interfaces.
 *
 * @throws {ApiError} InvalidServiceName if there is none that the caller may know of
 */
export function getOffered(ctx: Context, name: string): OfferedService[] {
  const found = offered(ctx).filter((service) => service.name === name);
  if (found.length === 0) throw new ApiError("InvalidServiceName", name);
  return found;
}

/** The service that an endpoint is of, whoever asks. */
export function serviceOf(
  ctx: Pick<Context, "unit" | "region">,
  {
    serviceName,
    serviceId,
    type,
  }: Pick<Sdk.VpcEndpoint, never> & {
    readonly serviceName: string;
    readonly serviceId: string | undefined;
    readonly type: OfferedService["type"];
  },
): OfferedService | undefined {
  if (serviceId !== undefined) {
    const own = vpcEndpointServices.table(ctx).get(serviceId);
    return own && ofAccount(ctx, own);
  }
  const found = regionServices(ctx.region).find((each) => each.name === serviceName && each.type === type);
  return found && ofAmazon(found);
}

function view(ctx: Context, { own, ...service }: OfferedService): Sdk.ServiceDetail {
  const [PrivateDnsName] = service.privateNames;
  return {
    ServiceName: service.name,
    // Amazon's have an id, too, which nothing else is told by.
    ServiceId: own?.id,
    ServiceType: [{ ServiceType: service.type }],
    ServiceRegion: ctx.region,
    AvailabilityZones: [...service.zones],
    AvailabilityZoneIds: service.zones.flatMap((zone) => findZone(ctx.region, zone)?.id ?? []),
    Owner: own?.account ?? "amazon",
    BaseEndpointDnsNames: [service.baseName],
    PrivateDnsName,
    PrivateDnsNames: service.privateNames.map((name) => ({ PrivateDnsName: name })),
    PrivateDnsNameVerificationState: PrivateDnsName === undefined ? undefined : "verified",
    VpcEndpointPolicySupported: service.takesPolicy,
    AcceptanceRequired: own?.acceptanceRequired ?? false,
    ManagesVpcEndpoints: false,
    PayerResponsibility: own?.ownerPays ? "ServiceOwner" : undefined,
    SupportedIpAddressTypes: [...service.ipAddressTypes],
    Tags: own?.account === ctx.account ? vpcEndpointServices.show(ctx, own).Tags : [],
  };
}

const filters: Filters<Sdk.ServiceDetail> = {
  owner: (service) => service.Owner,
  "service-name": (service) => service.ServiceName,
  "service-region": (service) => service.ServiceRegion,
  "service-type": (service) => service.ServiceType?.map(({ ServiceType }) => ServiceType),
  "supported-ip-address-types": (service) => service.SupportedIpAddressTypes,
};

/** What is asked about: services of other Regions are offered to nobody here. */
function asked(
  ctx: Context,
  {
    ServiceNames,
    ServiceRegions,
  }: Pick<Sdk.DescribeVpcEndpointServicesRequest, "ServiceNames" | "ServiceRegions">,
): OfferedService[] {
  const wrong = ServiceRegions?.find((region) => !regions.has(region));
  if (wrong !== undefined) {
    throw new ApiError("InvalidParameterValue", `Value (${wrong}) for parameter serviceRegions is invalid.`);
  }
  if (ServiceRegions?.length && !ServiceRegions.includes(ctx.region)) return [];
  if (!ServiceNames?.length) return offered(ctx);
  return [...new Set(ServiceNames)].flatMap((name) => getOffered(ctx, name));
}

export const operations = {
  DescribeVpcEndpointServices: Object.assign(
    (input: Sdk.DescribeVpcEndpointServicesRequest, ctx: Context) => {
      const keep = compileFilters(filters, input.Filters, true);
      const services = numbered(asked(ctx, input).map((service) => view(ctx, service)));
      const { items, ...page } = takePage(ctx, services, input, (row) =>
        !keep || keep(row.view, row.view) ? row.view : undefined,
      );
      const ServiceNames = [...new Set(items.flatMap(({ ServiceName = [] }) => ServiceName))];
      return { ServiceNames, ServiceDetails: items, ...page };
    },
    { filters: Object.keys(filters) },
  ),
} satisfies Handlers;

export const partly = { DescribeVpcEndpointServices: "services of other Regions" };
