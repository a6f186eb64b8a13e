import type * as Sdk from "@aws-sdk/client-ec2";
import { isPrivate, isShared } from "../../network/internetGateway.ts";
import { block, formatIp, parseIp, within } from "../../network/ip.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";

export interface CustomerGateway extends ResourceRow {
  readonly state: "pending" | "available" | "deleted";
  /** The device's outside address, as text; absent where it proves who it is by a certificate. */
  readonly address: string | undefined;
  readonly asn: number;
  readonly deviceName: string | undefined;
  readonly certificateArn: string | undefined;
}

/** How long what was deleted is still shown, in seconds. */
export const SHOWN_DELETED_SECONDS = 3600;

/** From here on, numbers of autonomous systems are told as extended ones. */
const EXTENDED_ASN = 2 ** 31;
const STANDARD_ASN = 65_000;

/** Amazon's own numbers, by the region that they are reserved in. */
const RESERVED_ASN: Readonly<Record<string, number>> = { "us-east-1": 7224, "eu-west-1": 9059 };

/** Who keeps a gateway: connections add themselves here. */
export const customerGatewayUsers: ((ctx: Context, id: string) => boolean)[] = [];

/** What AWS knows of the device at the customer's end of VPN connections. */
export const customerGateways = defineResource({
  type: "customer-gateway",
  idPrefix: "cgw",
  notFound: "InvalidCustomerGatewayID.NotFound",
  ids: "CustomerGatewayIds",
  view: (gateway: CustomerGateway, { tags }): Sdk.CustomerGateway => ({
    CustomerGatewayId: gateway.id,
    State: gateway.state,
    Type: "ipsec.1",
    IpAddress: gateway.address,
    BgpAsn: gateway.asn < EXTENDED_ASN ? String(gateway.asn) : undefined,
    BgpAsnExtended: gateway.asn < EXTENDED_ASN ? undefined : String(gateway.asn),
    DeviceName: gateway.deviceName,
    CertificateArn: gateway.certificateArn,
    Tags: tags,
  }),
  filters: {
    "bgp-asn": (gateway) => gateway.BgpAsn ?? gateway.BgpAsnExtended,
    "customer-gateway-id": (gateway) => gateway.CustomerGatewayId,
    "ip-address": (gateway) => gateway.IpAddress,
    state: (gateway) => gateway.State,
    type: (gateway) => gateway.Type,
  },
  quotas: [
    {
      code: "L-2A32EEFF",
      name: "Customer gateways per Region",
      usual: 50,
      error: () => new ApiError("CustomerGatewayLimitExceeded"),
    },
  ],
  transitions: {
    available: (ctx, { id, state }) => {
      if (state === "pending") customerGateways.update(ctx, id, { state: "available" });
    },
    forget: (ctx, { id }) => customerGateways.delete(ctx, id),
  },
});

/**
 * A gateway that is there to be used.
 *
 * @throws {ApiError} InvalidCustomerGatewayID.NotFound
 */
export function usableCustomerGateway(ctx: Context, id: string): CustomerGateway {
  const gateway = customerGateways.get(ctx, id);
  if (gateway.state === "deleted") throw new ApiError("InvalidCustomerGatewayID.NotFound", id);
  return gateway;
}

/** What kind of addresses tunnels are between. */
export type OutsideType = "PublicIpv4" | "PrivateIpv4" | "Ipv6";

const GLOBAL_UNICAST = block("2000::/3");

/** The tunnels that can be built to a device's address; none to an IPv6 address that the internet does not route. */
export function outsideTypeFor({ address = "" }: CustomerGateway): OutsideType | undefined {
  const parsed = parseIp(address);
  if (typeof parsed === "bigint") return within(GLOBAL_UNICAST, parsed) ? "Ipv6" : undefined;
  if (parsed === undefined) return undefined;
  return isPrivate(parsed) || isShared(parsed) ? "PrivateIpv4" : "PublicIpv4";
}

const invalid = (value: string | number, name: string): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${value}) for parameter ${name} is invalid.`);

function readAsn({ region }: Context, { BgpAsn, BgpAsnExtended }: Sdk.CreateCustomerGatewayRequest): number {
  if (BgpAsn !== undefined && BgpAsnExtended !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter BgpAsn cannot be used with the parameter BgpAsnExtended",
    );
  }
  if (BgpAsnExtended !== undefined) {
    if (BgpAsnExtended < EXTENDED_ASN || BgpAsnExtended >= 2 ** 32)
      throw invalid(BgpAsnExtended, "bgpAsnExtended");
    return BgpAsnExtended;
  }
  const asn = BgpAsn ?? STANDARD_ASN;
  if (asn < 1 || asn >= EXTENDED_ASN || asn === RESERVED_ASN[region]) throw invalid(asn, "bgpAsn");
  return asn;
}

function readAddress({ IpAddress, PublicIp, CertificateArn }: Sdk.CreateCustomerGatewayRequest) {
  if (IpAddress !== undefined && PublicIp !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter IpAddress cannot be used with the parameter PublicIp",
    );
  }
  const text = IpAddress ?? PublicIp;
  if (text === undefined) {
    if (CertificateArn === undefined) throw new ApiError("MissingParameter", "ipAddress");
    return undefined;
  }
  const address = parseIp(text);
  if (address === undefined) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${text}) for parameter ipAddress is invalid. Invalid format.`,
    );
  }
  return formatIp(address);
}

const CERTIFICATE = /^arn:aws:acm:[a-z0-9-]+:\d{12}:certificate\/[0-9a-f-]{36}$/;

function readCertificate(arn: string | undefined): string | undefined {
  if (arn !== undefined && !CERTIFICATE.test(arn)) throw invalid(arn, "certificateArn");
  return arn;
}

function readDeviceName(name: string | undefined): string | undefined {
  if (name !== undefined && (name.length === 0 || name.length > 255)) throw invalid(name, "deviceName");
  return name;
}

export const operations = {
  /** "An identical request returns information about the existing customer gateway; it doesn't create a new one." */
  CreateCustomerGateway: ({ TagSpecifications, ...input }, ctx) => {
    const asked = {
      address: readAddress(input),
      asn: readAsn(ctx, input),
      deviceName: readDeviceName(input.DeviceName),
      certificateArn: readCertificate(input.CertificateArn),
    };
    const known = customerGateways
      .own(ctx)
      .find(
        ({ state, address, asn, deviceName, certificateArn }) =>
          state !== "deleted" &&
          address === asked.address &&
          asn === asked.asn &&
          deviceName === asked.deviceName &&
          certificateArn === asked.certificateArn,
      );
    if (known) return { CustomerGateway: customerGateways.show(ctx, known) };
    const gateway = customerGateways.create(ctx, { ...asked, state: "pending" }, TagSpecifications);
    customerGateways.soon(ctx, gateway.id, "available", 5);
    return { CustomerGateway: customerGateways.show(ctx, gateway) };
  },

  DeleteCustomerGateway: ({ CustomerGatewayId }, ctx) => {
    const { id } = usableCustomerGateway(ctx, CustomerGatewayId);
    if (customerGatewayUsers.some((uses) => uses(ctx, id))) {
      throw new ApiError("IncorrectState", "The customer gateway is in use.");
    }
    customerGateways.update(ctx, id, { state: "deleted" });
    customerGateways.later(ctx, id, "forget", SHOWN_DELETED_SECONDS);
    return {};
  },

  DescribeCustomerGateways: customerGateways.describe("CustomerGateways"),
} satisfies Handlers;
