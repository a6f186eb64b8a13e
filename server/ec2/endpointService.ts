import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import { compileFilters, type Filters } from "../kit/filters.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { numbered } from "../kit/list.ts";
import { takePage } from "../kit/pages.ts";
import { regionServices, type RegionService } from "./catalogue/endpointServices.ts";
import { regions } from "./catalogue/regions.ts";
import { findZone, zonesOf } from "./catalogue/zones.ts";
import {
  baseNameOfService,
  mayUse,
  nameOfService,
  regionsOfService,
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
  /** The Region that it is in; its zones are those in which there can be endpoints of it, though. */
  readonly region: string;
}

/** Where rows can be read; those of another Region, too, where there is a call. */
type Reader = Pick<Context, "unit" | "region"> & Partial<Pick<Context, "unitOf">>;

/** The rows of a Region; undefined if there is no way to them. */
const readerIn = (ctx: Reader, region: string): Pick<Context, "unit" | "region"> | undefined => {
  if (region === ctx.region) return ctx;
  return ctx.unitOf && { unit: ctx.unitOf(region), region };
};

const zoneNames = (region: string): string[] => zonesOf(region).map(({ name }) => name);

/** @param home the Region that the service is in */
const ofAmazon = (
  { region }: Pick<Context, "region">,
  home: string,
  service: RegionService,
): OfferedService => ({
  ...service,
  region: home,
  zones: home === region ? service.zones : zoneNames(region),
  own: undefined,
  takesPolicy: true,
});

/** @param home the Region that the service is in */
function ofAccount(
  { region }: Pick<Context, "region">,
  home: Pick<Context, "unit" | "region">,
  own: VpcEndpointService,
): OfferedService {
  const { id, type, privateDns, ipAddressTypes } = own;
  return {
    name: nameOfService(home.region, id),
    type,
    region: home.region,
    // What comes from another Region goes to any zone of the service's.
    zones: home.region === region ? zonesOfService(home, own) : zoneNames(region),
    baseName: baseNameOfService(home.region, id),
    privateNames: privateDns?.state === "verified" ? [privateDns.name] : [],
    crossRegion: (own.regions ?? []).length > 0,
    ipAddressTypes: [...ipAddressTypes],
    own,
    takesPolicy: false,
  };
}

/** The services of a Region that the caller can make endpoints of where it is. */
function offered(ctx: Context, region: string): OfferedService[] {
  const home = readerIn(ctx, region) ?? ctx;
  const accounts = [...vpcEndpointServices.table(home).all()].filter(
    (service) => mayUse(ctx.caller, service) && regionsOfService(home, service).includes(ctx.region),
  );
  return [
    ...regionServices(region)
      .filter(({ crossRegion }) => crossRegion || region === ctx.region)
      .map((service) => ofAmazon(ctx, region, service)),
    ...accounts.map((service) => ofAccount(ctx, home, service)),
  ];
}

/**
 * The services of a name; Amazon has some for both gateways and interfaces.
 *
 * @throws {ApiError} InvalidServiceName if there is none that the caller may know of
 */
export function getOffered(
  ctx: Context,
  name: string,
  places: readonly string[] = [ctx.region],
): OfferedService[] {
  const found = places.flatMap((region) => offered(ctx, region)).filter((service) => service.name === name);
  if (found.length === 0) throw new ApiError("InvalidServiceName", name);
  return found;
}

/** The service that an endpoint is of, whoever asks. */
export function serviceOf(
  ctx: Reader,
  {
    serviceName,
    serviceId,
    serviceRegion = ctx.region,
    type,
  }: {
    readonly serviceName: string;
    readonly serviceId: string | undefined;
    readonly serviceRegion?: string;
    readonly type: OfferedService["type"];
  },
): OfferedService | undefined {
  if (serviceId !== undefined) {
    const home = readerIn(ctx, serviceRegion);
    const own = home && vpcEndpointServices.table(home).get(serviceId);
    return own && ofAccount(ctx, home, own);
  }
  const found = regionServices(serviceRegion).find((each) => each.name === serviceName && each.type === type);
  return found && ofAmazon(ctx, serviceRegion, found);
}

function view(ctx: Context, { own, ...service }: OfferedService): Sdk.ServiceDetail {
  const [PrivateDnsName] = service.privateNames;
  const { region } = service;
  const home = readerIn(ctx, region) ?? ctx;
  const zones = own ? zonesOfService(home, own) : zoneNames(region);
  return {
    ServiceName: service.name,
    // Amazon's have an id, too, which nothing else is told by.
    ServiceId: own?.id,
    ServiceType: [{ ServiceType: service.type }],
    ServiceRegion: region,
    AvailabilityZones: [...zones],
    AvailabilityZoneIds: zones.flatMap((zone) => findZone(region, zone)?.id ?? []),
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
    Tags: own?.account === ctx.account ? vpcEndpointServices.show({ ...ctx, ...home }, own).Tags : [],
  };
}

const filters: Filters<Sdk.ServiceDetail> = {
  owner: (service) => service.Owner,
  "service-name": (service) => service.ServiceName,
  "service-region": (service) => service.ServiceRegion,
  "service-type": (service) => service.ServiceType?.map(({ ServiceType }) => ServiceType),
  "supported-ip-address-types": (service) => service.SupportedIpAddressTypes,
};

/** What is asked about: services of this Region, unless the call names others. */
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
  const places = ServiceRegions?.length ? [...new Set(ServiceRegions)] : [ctx.region];
  if (!ServiceNames?.length) return places.flatMap((region) => offered(ctx, region));
  return [...new Set(ServiceNames)].flatMap((name) => getOffered(ctx, name, places));
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
