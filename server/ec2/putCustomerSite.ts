import { formatPrefix, parsePrefix } from "../../network/cidr.ts";
import { block, formatIp, ip, parseIp, within } from "../../network/ip.ts";
import { VIRTUAL_INTERFACE_MTU } from "../../network/virtualInterface.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { customerGateways } from "./customerGateway.ts";
import {
  linesAt,
  LOCAL_PREFERENCES,
  siteId,
  siteTable,
  type Advertisement,
  type CustomerSite,
  type VirtualInterface,
} from "./customerSite.ts";
import { transitGateways } from "./transitGateway.ts";
import { detach, transitGatewayAttachments } from "./transitGatewayAttachment.ts";
import { transitGatewayConnectPeers } from "./transitGatewayConnectPeer.ts";
import { logged, vpnConnections, type VpnConnection } from "./vpnConnection.ts";
import { vpnGateways, vpnGatewayUsers } from "./vpnGateway.ts";
import { alone, type VpnTunnel } from "./vpnTunnel.ts";

/** What the operator says of a dedicated line, not checked yet. */
export interface LineRequest {
  /** The virtual private or transit gateway that it leads to. */
  readonly gatewayId: string;
  readonly mtu?: number | undefined;
  readonly allowedPrefixes?: readonly string[] | undefined;
}

/** What the operator says of a site, not checked yet. */
export interface SiteRequest {
  readonly name: string;
  readonly addresses: readonly string[];
  /** Without any, the site is gone. */
  readonly blocks: readonly string[];
  readonly hosts: readonly string[] | undefined;
  readonly advertised: readonly Advertisement[];
  /** Those that are up: each by AWS's address of it, or all of a connection by its id. */
  readonly tunnels: readonly string[];
  /** The dedicated lines. */
  readonly virtualInterfaces: readonly LineRequest[];
  /** The Connect peers whose appliances speak BGP for it, by their ids. */
  readonly connectPeers: readonly string[];
}

const invalid = (name: string, value: string): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${value}) for ${name} is invalid.`);

function readBlock(text: string, name: string): string {
  const prefix = parsePrefix(text);
  if (!prefix) throw invalid(name, text);
  return formatPrefix(prefix);
}

function readAddress(text: string, name: string): string {
  const address = parseIp(text);
  if (address === undefined) throw invalid(name, text);
  return formatIp(address);
}

function readAdvertisement({ prefix, ...rest }: Advertisement): Advertisement {
  const { community } = rest;
  if (community !== undefined && !LOCAL_PREFERENCES.has(community)) {
    throw invalid("Community", community);
  }
  return { prefix: readBlock(prefix, "Advertises"), ...rest };
}

/** The tunnels that are to be up: they end at one of the site's devices, those between private addresses by a dedicated line. */
function readTunnels(
  ctx: Context,
  { addresses, tunnels }: SiteRequest,
  lines: readonly VirtualInterface[],
): Set<string> {
  const up = new Set<string>();
  for (const named of tunnels) {
    const address = parseIp(named);
    const outside = address === undefined ? named : formatIp(address);
    const connection = vpnConnections.hasForm(named)
      ? vpnConnections.table(ctx).get(named)
      : vpnConnections.by(ctx, "outside", outside)[0];
    const customer = connection && customerGateways.table(ctx).get(connection.customerGatewayId);
    const isThere = connection?.state === "available" || connection?.state === "modifying";
    const transport = connection?.transportId;
    const isLined =
      transport === undefined ||
      linesAt(ctx, transport).length > 0 ||
      lines.some(({ attachmentId }) => attachmentId === transport);
    // A device without an address is known by its certificate.
    if (
      !connection ||
      !isThere ||
      !isLined ||
      (customer?.address !== undefined && !addresses.includes(customer.address))
    ) {
      throw invalid("Tunnels", named);
    }
    for (const tunnel of connection.tunnels) {
      if (outside === tunnel.outside || named === connection.id) up.add(tunnel.outside);
    }
  }
  return up;
}

/** A tunnel with the site at its other end, or without: what else it leads to stays. */
function connect(ctx: Context, tunnel: VpnTunnel, site: string, up: ReadonlySet<string>): VpnTunnel {
  const next = up.has(tunnel.outside) ? site : tunnel.site === site ? undefined : tunnel.site;
  return next === tunnel.site ? tunnel : { ...tunnel, site: next, changed: ctx.now };
}

vpnGatewayUsers.push((ctx, id) => linesAt(ctx, id).length > 0);

/** A virtual interface at a gateway, which is a Direct Connect gateway's if it is at a transit gateway. */
function newLine(ctx: Context, gatewayId: string): VirtualInterface {
  const gateway = vpnGateways.table(ctx).get(gatewayId) ?? transitGateways.table(ctx).get(gatewayId);
  if (gateway?.state !== "available") throw invalid("VirtualInterfaces", gatewayId);
  const id = `dxvif-${ctx.chance.hex(8)}`;
  if (vpnGateways.hasForm(gatewayId)) return { id, gatewayId, attachmentId: undefined };
  const { account } = gateway;
  const attachment = transitGatewayAttachments.create(
    { ...ctx, account },
    {
      gatewayId,
      state: "pending",
      to: { type: "direct-connect-gateway", id: ctx.chance.uuid(), account },
      association: undefined,
      propagations: [],
    },
  );
  transitGatewayAttachments.soon(ctx, attachment.id, "available", 60);
  return { id, gatewayId, attachmentId: attachment.id };
}

/** Lets appliances speak BGP for a site, and others not any more. */
function connectPeers(ctx: Context, site: string, asked: readonly string[]): void {
  for (const { id } of transitGatewayConnectPeers.by(ctx, "site", site)) {
    if (!asked.includes(id)) transitGatewayConnectPeers.update(ctx, id, { site: undefined });
  }
  for (const id of asked) {
    if (transitGatewayConnectPeers.table(ctx).get(id)?.state !== "available")
      throw invalid("ConnectPeers", id);
    transitGatewayConnectPeers.update(ctx, id, { site });
  }
}

/**
 * Bytes that a line may carry: jumbo frames of 8,500, and at a virtual private gateway 9,001 as well.
 *
 * @see https://docs.aws.amazon.com/directconnect/latest/UserGuide/set-jumbo-frames-vif.html
 */
function readMtu({ gatewayId, mtu = VIRTUAL_INTERFACE_MTU }: LineRequest): number {
  const jumbo = vpnGateways.hasForm(gatewayId) ? [8500, 9001] : [8500];
  if (mtu !== VIRTUAL_INTERFACE_MTU && !jumbo.includes(mtu)) throw invalid("Mtu", String(mtu));
  return mtu;
}

/** The dedicated lines that a site is to have: those that it has stay the same ones, and the others go. */
function readLines(
  ctx: Context,
  requests: readonly LineRequest[],
  had: readonly VirtualInterface[],
): VirtualInterface[] {
  const asked = new Map(requests.map((each) => [each.gatewayId, each]));
  for (const { gatewayId, attachmentId } of had) {
    if (asked.has(gatewayId) || attachmentId === undefined) continue;
    if (transitGatewayAttachments.table(ctx).get(attachmentId)) detach(ctx, attachmentId);
    for (const { id, transportId, tunnels } of vpnConnections.by(ctx, "gateway", gatewayId)) {
      if (transportId !== attachmentId) continue;
      vpnConnections.update(ctx, id, { tunnels: tunnels.map((tunnel) => alone(ctx, tunnel)) });
    }
  }
  return [...asked.values()].map((request) => ({
    ...(had.find((each) => each.gatewayId === request.gatewayId) ?? newLine(ctx, request.gatewayId)),
    mtu: readMtu(request),
    allowedPrefixes: request.allowedPrefixes?.map((text) => readBlock(text, "AllowedPrefixes")),
  }));
}

/**
 * Makes a site, or changes it, and lets tunnels come up and go down.
 *
 * @throws {ApiError} InvalidParameterValue for what is no address or block, for hosts that are in none of the blocks,
 *   for tunnels that are not there, or end somewhere else, and for gateways and Connect peers that are not there
 */
export function putCustomerSite(ctx: Context, request: SiteRequest): void {
  const all = [...vpnConnections.table(ctx).all()];
  logged(
    ctx,
    all.filter(({ tunnels }) => tunnels.some(({ logs }) => logs?.activity ?? logs?.bgp)).map(({ id }) => id),
    "customer",
    () => put(ctx, request),
  );
}

function put(ctx: Context, request: SiteRequest): void {
  const id = siteId(ctx.region, request.name);
  const table = siteTable(ctx);
  const known = table.get(id);
  const blocks = request.blocks.map((text) => readBlock(text, "Blocks"));
  const hosts = request.hosts?.map((text) => readAddress(text, "Hosts"));
  const stray = hosts?.find((host) => !blocks.some((each) => within(block(each), ip(host))));
  if (stray !== undefined) throw invalid("Hosts", stray);
  const addresses = request.addresses.map((text) => readAddress(text, "Addresses"));
  const lines = readLines(
    ctx,
    blocks.length > 0 ? request.virtualInterfaces : [],
    known?.virtualInterfaces ?? [],
  );
  const up = blocks.length > 0 ? readTunnels(ctx, { ...request, addresses }, lines) : new Set<string>();
  const touched = new Set<VpnConnection>(vpnConnections.by(ctx, "site", id));
  for (const outside of up) for (const row of vpnConnections.by(ctx, "outside", outside)) touched.add(row);
  for (const { id: connection, tunnels } of touched) {
    vpnConnections.update(ctx, connection, {
      tunnels: tunnels.map((tunnel) => connect(ctx, tunnel, id, up)),
    });
  }
  connectPeers(ctx, id, blocks.length > 0 ? request.connectPeers : []);
  if (blocks.length === 0) {
    if (known) table.remove(id);
    return;
  }
  const row: CustomerSite = {
    id,
    seq: known?.seq ?? ctx.unit.nextSeq(),
    account: "",
    name: request.name,
    addresses,
    blocks,
    hosts,
    advertised: request.advertised.map(readAdvertisement),
    virtualInterfaces: lines,
  };
  if (known) table.replace(row);
  else table.insert(row);
}
