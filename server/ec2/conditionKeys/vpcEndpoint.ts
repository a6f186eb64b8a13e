import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../../kit/context.ts";
import { regions } from "../catalogue/regions.ts";
import type { VpcEndpoint } from "../vpcEndpoint.ts";
import { vpcEndpointServices } from "../vpcEndpointService.ts";
import type { TypeKeys } from "./typeKeys.ts";

/** Who offers a service: an account, or Amazon; its own are the ones without such an id in their name. */
function ownerOf(ctx: Context, serviceName: string | undefined): string | undefined {
  if (serviceName === undefined) return undefined;
  const [, region = "", id] = /\.([^.]+)\.(vpce-svc-[0-9a-f]+)$/.exec(serviceName) ?? [];
  if (id === undefined) return "amazon";
  const home = region !== ctx.region && regions.has(region) ? { unit: ctx.unitOf(region) } : ctx;
  return vpcEndpointServices.table(home).get(id)?.account;
}

/** @see https://docs.aws.amazon.com/vpc/latest/privatelink/security_iam_service-with-iam.html */
export const vpcEndpointKeys: TypeKeys<VpcEndpoint, Sdk.CreateVpcEndpointRequest> = {
  rows: {
    "ec2:VpceMultiRegion": ({ serviceRegion }) => serviceRegion !== undefined,
    "ec2:VpceServiceName": ({ serviceName }) => serviceName,
    "ec2:VpceServiceOwner": ({ serviceName }, ctx) => ownerOf(ctx, serviceName),
    "ec2:VpceServiceRegion": ({ serviceRegion }, { region }) => serviceRegion ?? region,
  },
  asked: {
    "ec2:VpceMultiRegion": ({ ServiceRegion }, { region }) => (ServiceRegion ?? region) !== region,
    "ec2:VpcePrivateDnsPreference": ({ DnsOptions }) => DnsOptions?.PrivateDnsPreference,
    "ec2:VpcePrivateDnsSpecifiedDomains": ({ DnsOptions }) => DnsOptions?.PrivateDnsSpecifiedDomains,
    "ec2:VpceServiceName": ({ ServiceName }) => ServiceName,
    "ec2:VpceServiceOwner": ({ ServiceName }, ctx) => ownerOf(ctx, ServiceName),
    "ec2:VpceServiceRegion": ({ ServiceRegion }, { region }) => ServiceRegion ?? region,
  },
};
