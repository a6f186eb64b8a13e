import type * as Sdk from "@aws-sdk/client-ec2";
import { addressAt, formatAddress, formatPrefix } from "../../network/cidr.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { readCidr, storedCidr } from "./cidrBlock.ts";
import {
  outsideTypeFor,
  usableCustomerGateway,
  type CustomerGateway,
  type OutsideType,
} from "./customerGateway.ts";
import { takePublicAddress } from "./publicAddress.ts";
import { usableGateway } from "./transitGateway.ts";
import { freeGatewayAddress } from "./transitGatewayAddress.ts";
import { attachmentAt, transitGatewayAttachments } from "./transitGatewayAttachment.ts";
import { answer, endOf, vpnConnections, type VpnConnection } from "./vpnConnection.ts";
import { usableConcentrator } from "./vpnConcentrator.ts";
import { usableVpnGateway } from "./vpnGateway.ts";
import { readLogs } from "./vpnLogOptions.ts";
import {
  newCertificate,
  readInsideCidr,
  readInsideIpv6Cidr,
  readPreSharedKey,
  readSettings,
  type Taken,
  type VpnTunnel,
} from "./vpnTunnel.ts";

type Options = Sdk.VpnConnectionOptionsSpecification;

const TUNNELS = 2;
const EVERYTHING = { ipv4: "0.0.0.0/0", ipv6: "::/0" } as const;

const conflict = (message: string): ApiError => new ApiError("InvalidParameterCombination", message);

type Ends = Pick<VpnConnection, "vpnGatewayId" | "transitGatewayId" | "concentratorId">;

/** Where the tunnels are to end at AWS: at one gateway or concentrator, or at none yet. */
function readEnd(
  ctx: Context,
  { VpnGatewayId, TransitGatewayId, VpnConcentratorId }: Sdk.CreateVpnConnectionRequest,
): Ends {
  const [first, second] = Object.entries({ VpnGatewayId, TransitGatewayId, VpnConcentratorId })
    .filter(([, id]) => id !== undefined)
    .map(([name]) => name);
  if (first !== undefined && second !== undefined) {
    throw conflict(`The parameter ${first} cannot be used with the parameter ${second}`);
  }
  return {
    vpnGatewayId: VpnGatewayId && usableVpnGateway(ctx, VpnGatewayId).id,
    transitGatewayId: TransitGatewayId && usableGateway(ctx, TransitGatewayId).id,
    concentratorId: VpnConcentratorId && usableConcentrator(ctx, VpnConcentratorId).id,
  };
}

/** The addresses at both sides that the tunnels carry packets between, of the version of their inside. */
export function readSelectors(
  inside: Sdk.TunnelInsideIpVersion,
  options: Options,
  before: Pick<VpnConnection, "local" | "remote">,
): Pick<VpnConnection, "local" | "remote"> {
  const { LocalIpv4NetworkCidr, RemoteIpv4NetworkCidr, LocalIpv6NetworkCidr, RemoteIpv6NetworkCidr } =
    options;
  const ipv4 = [LocalIpv4NetworkCidr, RemoteIpv4NetworkCidr] as const;
  const ipv6 = [LocalIpv6NetworkCidr, RemoteIpv6NetworkCidr] as const;
  const [asked, other] = inside === "ipv4" ? [ipv4, ipv6] : [ipv6, ipv4];
  if (other.some((cidr) => cidr !== undefined)) {
    throw conflict(`The network CIDRs do not match the tunnels' inside IP version ${inside}.`);
  }
  const [local, remote] = asked;
  const read = (text: string, name: string): string =>
    formatPrefix(readCidr(text, name, inside === "ipv4" ? 4 : 6));
  return {
    local:
      local === undefined
        ? before.local
        : read(local, `local${inside === "ipv4" ? "Ipv4" : "Ipv6"}NetworkCidr`),
    remote:
      remote === undefined
        ? before.remote
        : read(remote, `remote${inside === "ipv4" ? "Ipv4" : "Ipv6"}NetworkCidr`),
  };
}

/** What works only at a transit gateway, or not at all. */
export function checkOptions(
  { EnableAcceleration, TunnelInsideIpVersion, TunnelBandwidth, ...options }: Options,
  { transitGatewayId, concentratorId }: Ends,
): void {
  const { OutsideIpAddressType: outside = "PublicIpv4", TransportTransitGatewayAttachmentId: transport } =
    options;
  if (!["PublicIpv4", "PrivateIpv4", "Ipv6"].includes(outside)) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${outside}) for parameter outsideIpAddressType is invalid.`,
    );
  }
  if (outside === "PrivateIpv4") {
    if (transitGatewayId === undefined) {
      throw conflict("Private IP VPN connections are supported only for connections to a transit gateway.");
    }
    if (transport === undefined)
      throw new ApiError("MissingParameter", "transportTransitGatewayAttachmentId");
    if (EnableAcceleration) throw conflict("Acceleration is not supported for private IP VPN connections.");
  } else if (transport !== undefined) {
    throw conflict(
      "The parameter TransportTransitGatewayAttachmentId needs OutsideIpAddressType PrivateIpv4.",
    );
  }
  if (outside === "Ipv6" && transitGatewayId === undefined) {
    throw conflict("IPv6 outside addresses are supported only for connections to a transit gateway.");
  }
  if (EnableAcceleration && TunnelBandwidth === "large") {
    throw conflict("Large tunnel bandwidth is not supported for accelerated connections.");
  }
  if (concentratorId !== undefined) return checkAtConcentrator(EnableAcceleration, TunnelBandwidth);
  if (transitGatewayId !== undefined) return;
  if (EnableAcceleration)
    throw conflict("Acceleration is supported only for connections to a transit gateway.");
  if (TunnelInsideIpVersion === "ipv6") {
    throw conflict("IPv6 inside the tunnels is supported only for connections to a transit gateway.");
  }
  if (TunnelBandwidth === "large") {
    throw conflict("Large tunnel bandwidth is supported only for connections to a transit gateway.");
  }
}

/** "50 to 100 Mbps each", in endpoints that all connections have in common. */
function checkAtConcentrator(accelerated: boolean | undefined, bandwidth: string | undefined): void {
  if (accelerated) throw conflict("Acceleration is not supported for connections to a VPN concentrator.");
  if (bandwidth === "large") {
    throw conflict("Large tunnel bandwidth is not supported for connections to a VPN concentrator.");
  }
}

/** @throws {ApiError} UnsupportedOperation: islet has no Secrets Manager */
export function checkStorage(storage: string | undefined): void {
  if (storage === "SecretsManager") {
    throw new ApiError("UnsupportedOperation", "Pre-shared keys in AWS Secrets Manager are not supported.");
  }
  if (storage !== undefined && storage !== "Standard") {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${storage}) for parameter preSharedKeyStorage is invalid.`,
    );
  }
}

/** The inside blocks of all tunnels at a gateway. */
export const takenBlocks = (ctx: Context, gatewayId: string | undefined): Taken =>
  new Set(
    (gatewayId === undefined ? [] : vpnConnections.by(ctx, "gateway", gatewayId)).flatMap(({ tunnels }) =>
      tunnels.flatMap(({ insideCidr, insideIpv6Cidr }) => [insideCidr, insideIpv6Cidr ?? ""]),
    ),
  );

/** Where AWS's IPv6 addresses of tunnels are, apart from those of VPCs. */
const AMAZON_IPV6 = storedCidr("2600:f0f0::/32");

/** An address that no tunnel in the region has. */
function takeIpv6(ctx: Context, taken: ReadonlySet<string>): string {
  for (;;) {
    const id = formatAddress(addressAt(AMAZON_IPV6, BigInt(`0x${ctx.chance.hex(24)}`)));
    if (!taken.has(id) && vpnConnections.count(ctx, "outside", id) === 0) return id;
  }
}

/** Of one connection, some have been chosen that are nobody's yet. */
function outsideAddress(
  ctx: Context,
  { transitGatewayId, transportId, isIpv6 }: At,
  tunnels: readonly VpnTunnel[],
): string {
  const taken = new Set(tunnels.map(({ outside }) => outside));
  if (isIpv6) return takeIpv6(ctx, taken);
  if (transitGatewayId === undefined || transportId === undefined) return takePublicAddress(ctx).id;
  const gateway = usableGateway(ctx, transitGatewayId);
  return freeGatewayAddress(ctx, gateway, 4, "VPN connection", taken);
}

interface At extends Ends, Pick<VpnConnection, "transportId"> {
  /** Whether the tunnels are between IPv6 addresses. */
  readonly isIpv6: boolean;
}

function readTunnels(
  ctx: Context,
  options: Options,
  end: At,
  { certificateArn }: CustomerGateway,
): VpnTunnel[] {
  const { TunnelOptions = [], TunnelInsideIpVersion } = options;
  if (TunnelOptions.length > TUNNELS) {
    throw new ApiError("InvalidParameterValue", `A VPN connection has at most ${TUNNELS} tunnels.`);
  }
  const taken = new Set(takenBlocks(ctx, endOf(end)));
  const tunnels: VpnTunnel[] = [];
  for (let place = 0; place < TUNNELS; place++) {
    const asked = TunnelOptions[place] ?? {};
    if (asked.TunnelInsideIpv6Cidr !== undefined && TunnelInsideIpVersion !== "ipv6") {
      throw conflict("The parameter TunnelInsideIpv6Cidr needs TunnelInsideIpVersion ipv6.");
    }
    const insideCidr = readInsideCidr(ctx, asked.TunnelInsideCidr, taken);
    const insideIpv6Cidr =
      TunnelInsideIpVersion === "ipv6"
        ? readInsideIpv6Cidr(ctx, asked.TunnelInsideIpv6Cidr, taken)
        : undefined;
    taken.add(insideCidr).add(insideIpv6Cidr ?? "");
    if (certificateArn !== undefined && asked.PreSharedKey !== undefined) {
      throw conflict("A pre-shared key cannot be used with a customer gateway that has a certificate.");
    }
    tunnels.push({
      outside: outsideAddress(ctx, end, tunnels),
      insideCidr,
      insideIpv6Cidr,
      preSharedKey: certificateArn === undefined ? readPreSharedKey(ctx, asked.PreSharedKey) : undefined,
      certificateArn: certificateArn === undefined ? undefined : newCertificate(ctx),
      settings: readSettings(asked),
      logs: readLogs(ctx, asked.LogOptions?.CloudWatchLogOptions),
      lifecycleControl: asked.EnableTunnelLifecycleControl ?? false,
      site: undefined,
      changed: ctx.now,
      replaced: undefined,
      pending: false,
    });
  }
  return tunnels;
}

/** Lets a transit gateway have a connection as one of its attachments. */
export function attach(ctx: Context, transitGatewayId: string, id: string): void {
  const row = transitGatewayAttachments.create(ctx, {
    gatewayId: transitGatewayId,
    state: "pending",
    to: { type: "vpn", id, account: ctx.account },
    association: undefined,
    propagations: [],
  });
  transitGatewayAttachments.soon(ctx, row.id, "available", 60);
}

/** The attachment of a Direct Connect gateway, at the same transit gateway, that tunnels between private addresses need. */
function readTransport(
  ctx: Context,
  { OutsideIpAddressType, TransportTransitGatewayAttachmentId = "" }: Options,
  { transitGatewayId = "" }: Ends,
): string | undefined {
  if (OutsideIpAddressType !== "PrivateIpv4") return undefined;
  const { id, to } = attachmentAt(ctx, transitGatewayId, TransportTransitGatewayAttachmentId);
  if (to.type === "direct-connect-gateway") return id;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${id}) for parameter transportTransitGatewayAttachmentId is invalid. It is not a Direct Connect gateway attachment.`,
  );
}

const REACHED_AT: Readonly<Record<OutsideType, string>> = {
  PublicIpv4: "a public IPv4 address",
  PrivateIpv4: "a private IPv4 address",
  Ipv6: "a public IPv6 address",
};

/**
 * @throws {ApiError} InvalidParameterValue: tunnels over the internet need an address there, or none where a certificate
 *   says who the device is, and others need a private one
 */
export function checkReachable(gateway: CustomerGateway, outside: OutsideType): void {
  const { id, address } = gateway;
  if (address === undefined ? outside === "PublicIpv4" : outsideTypeFor(gateway) === outside) return;
  throw new ApiError(
    "InvalidParameterValue",
    `The IP address ${address} of the customer gateway ${id} is not ${REACHED_AT[outside]}.`,
  );
}

/** "The CGW must have a fixed IP": where only a certificate tells who a device is, tunnels are no wider. */
export function checkBandwidth(
  { address, id }: Pick<CustomerGateway, "address" | "id">,
  bandwidth: string | undefined,
): void {
  if (bandwidth !== "large" || address !== undefined) return;
  throw conflict(`Large tunnel bandwidth needs an IP address of the customer gateway ${id}.`);
}

export const operations = {
  CreateVpnConnection: ({ Options = {}, TagSpecifications, PreSharedKeyStorage, ...input }, ctx) => {
    if (input.Type !== "ipsec.1") {
      throw new ApiError("InvalidParameterValue", `Value (${input.Type}) for parameter type is invalid.`);
    }
    checkStorage(PreSharedKeyStorage);
    const customer = usableCustomerGateway(ctx, input.CustomerGatewayId);
    const end = readEnd(ctx, input);
    checkOptions(Options, end);
    if (end.concentratorId !== undefined && Options.StaticRoutesOnly) {
      throw conflict("Static routes are not supported for connections to a VPN concentrator.");
    }
    const transportId = readTransport(ctx, Options, end);
    const outside = (Options.OutsideIpAddressType ?? "PublicIpv4") as OutsideType;
    checkReachable(customer, outside);
    checkBandwidth(customer, Options.TunnelBandwidth);
    const inside = Options.TunnelInsideIpVersion ?? "ipv4";
    const everything = { local: EVERYTHING[inside], remote: EVERYTHING[inside] };
    const { id } = vpnConnections.create(
      ctx,
      {
        ...end,
        ...readSelectors(inside, Options, everything),
        state: "pending",
        customerGatewayId: customer.id,
        staticRoutes: Options.StaticRoutesOnly ?? false,
        routes: [],
        tunnels: readTunnels(ctx, Options, { ...end, transportId, isIpv6: outside === "Ipv6" }, customer),
        inside,
        accelerated: Options.EnableAcceleration ?? false,
        bandwidth: Options.TunnelBandwidth ?? "standard",
        transportId,
      },
      TagSpecifications,
    );
    if (end.transitGatewayId !== undefined) attach(ctx, end.transitGatewayId, id);
    vpnConnections.soon(ctx, id, "settled", 180);
    return answer(ctx, id);
  },
} satisfies Handlers;

export const partly = {
  CreateVpnConnection: "keys in Secrets Manager",
};
