import { addressAt, formatAddress, sizeOf } from "../../network/cidr.ts";
import { formatIp, parseIp } from "../../network/ip.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { checkQuota, declareQuota } from "../kit/quotas.ts";
import type { CedarRecord } from "./cedar.ts";
import { plainSerial } from "./certificateRevocationList.ts";
import { storedCidr } from "./cidrBlock.ts";
import { isPermitted, policyOf } from "./clientVpnAuthorizationPolicy.ts";
import {
  clientVpnConnections,
  endConnection,
  NO_TRAFFIC,
  openConnection,
  reconnections,
  type ClientVpnConnection,
} from "./clientVpnConnection.ts";
import { logConnection, type ConnectingClient } from "./clientVpnConnectionLog.ts";
import { clientVpnEndpoints, hasUsers, statusOf, type ClientVpnEndpoint } from "./clientVpnEndpoint.ts";
import { routesOf } from "./clientVpnRoute.ts";
import { networksOf, type ClientVpnTargetNetwork } from "./clientVpnTargetNetwork.ts";

/** What the operator says of a user's device that connects, not checked yet. */
export interface ConnectRequest {
  readonly endpointId: string;
  readonly username: string | undefined;
  /** Of the client's certificate; without certificates, the user's name. */
  readonly commonName: string | undefined;
  /** The serial number of that, in hexadecimal. */
  readonly serialNumber: string | undefined;
  /** What the directory or the identity provider says that the user belongs to. */
  readonly groups: readonly string[];
  readonly device: ConnectingClient["device"];
  /** What authorization policies are told. */
  readonly context: CedarRecord;
}

export type Connected =
  | { readonly connection: ClientVpnConnection }
  /** Nobody is let in, which the connection log tells. */
  | { readonly failure: string };

const invalid = (name: string, value: string): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${value}) for ${name} is invalid.`);

/** Users belong to 200 groups at most: "Any groups after the 200th group are ignored." */
const MOST_GROUPS = 200;

function readClient(ctx: Context, endpoint: ClientVpnEndpoint, request: ConnectRequest): ConnectingClient {
  const { username, serialNumber, groups, device } = request;
  const commonName = request.commonName ?? username;
  if (hasUsers(endpoint) && username === undefined) throw new ApiError("MissingParameter", "Username");
  if (!hasUsers(endpoint) && username !== undefined) throw invalid("Username", username);
  // Certificates tell no groups.
  if (!hasUsers(endpoint) && groups.length > 0) throw invalid("Groups", groups.join(", "));
  if (commonName === undefined) throw new ApiError("MissingParameter", "CommonName");
  if (serialNumber !== undefined && !/^[0-9A-Fa-f]{1,64}$/.test(serialNumber)) {
    throw invalid("SerialNumber", serialNumber);
  }
  const address = parseIp(device.address);
  if (typeof address !== "number") throw invalid("DeviceAddress", device.address);
  return {
    id: clientVpnConnections.newId(ctx),
    username,
    commonName,
    device: { ...device, address: formatIp(address) },
  };
}

/** By how many subnets or zones are associated, from one to five. */
const MOST_CONNECTIONS = [7000, 36_500, 66_500, 96_500, 126_000];

/** @see https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/limits.html */
const quota = declareQuota({
  code: "L-C4B238BF",
  name: "Concurrent client connections per Client VPN endpoint",
  usual: 126_000,
  error: (limit, id) =>
    new ApiError(
      "IncorrectState",
      `The Client VPN endpoint '${id}' takes no more than ${limit} connections.`,
    ),
});

/** @throws {ApiError} IncorrectState for one connection more than there may be */
function checkConnections(ctx: Context, { id }: ClientVpnEndpoint): void {
  const associated = networksOf(ctx, id).filter(({ state }) => state === "associated").length;
  const usual = MOST_CONNECTIONS[associated - 1] ?? quota.usual;
  checkQuota(ctx, { ...quota, usual }, () => clientVpnConnections.count(ctx, "open", id) + 1, id);
}

/** The subnet or zone with the fewest connections, to which the endpoint's name leads. */
function networkFor(ctx: Context, { id }: ClientVpnEndpoint): ClientVpnTargetNetwork | undefined {
  const counts = new Map<string, number>();
  for (const { networkId } of clientVpnConnections.by(ctx, "open", id)) {
    counts.set(networkId, (counts.get(networkId) ?? 0) + 1);
  }
  return networksOf(ctx, id)
    .filter(({ state }) => state === "associated")
    .toSorted((a, b) => (counts.get(a.id) ?? 0) - (counts.get(b.id) ?? 0))[0];
}

/**
 * The lowest address that no client has. One half of the range is for clients: the other one "is used to support the
 * availability model of the Client VPN endpoint".
 */
function freeAddress(ctx: Context, { id, clientCidr }: ClientVpnEndpoint): string | undefined {
  const range = storedCidr(clientCidr);
  const taken = new Set(clientVpnConnections.by(ctx, "open", id).map(({ address }) => address));
  for (let offset = 2n; offset < sizeOf(range) / 2n; offset++) {
    const address = formatAddress(addressAt(range, offset));
    if (!taken.has(address)) return address;
  }
  return undefined;
}

/** What goes into the tunnel: with split tunnel, what there are routes to now. */
function pushedRoutes(ctx: Context, endpoint: ClientVpnEndpoint): string[] | undefined {
  if (!endpoint.splitTunnel) return undefined;
  const active = routesOf(ctx, endpoint).filter(({ state }) => state === "active");
  return [...new Set(active.map(({ destination }) => destination))];
}

/** What every policy is told of a connection, besides what the operator says. */
const contextOf = (
  { id: endpointId }: ClientVpnEndpoint,
  { id, device }: ConnectingClient,
  given: CedarRecord,
): CedarRecord => ({
  ...given,
  connection: { endpointId, connectionId: id, platform: device.platform, publicIp: device.address },
});

/**
 * Lets a user's device connect.
 *
 * @throws {ApiError} InvalidClientVpnEndpointId.NotFound, IncorrectState for an endpoint that takes no connections, or no more,
 *   AuthFailure for a revoked certificate, of which "failed mutual authentication attempts are not logged"
 */
export function connectVpnClient(ctx: Context, request: ConnectRequest): Connected {
  const endpoint = clientVpnEndpoints.table(ctx).get(request.endpointId);
  if (!endpoint) throw new ApiError("InvalidClientVpnEndpointId.NotFound", request.endpointId);
  const client = readClient(ctx, endpoint, request);
  const network = networkFor(ctx, endpoint);
  if (!network || statusOf(ctx, endpoint) !== "available") {
    throw new ApiError("IncorrectState", `The Client VPN endpoint '${endpoint.id}' takes no connections.`);
  }
  const serial = request.serialNumber && plainSerial(request.serialNumber);
  if (serial && endpoint.revocationList?.serials.includes(serial)) {
    throw new ApiError("AuthFailure", `The client certificate ${request.serialNumber} has been revoked.`);
  }
  checkConnections(ctx, endpoint);
  const groups = request.groups.slice(0, MOST_GROUPS);
  return admit(ctx, endpoint, network, { ...client, groups, context: request.context });
}

/** Gives a client an address and tells it its routes, unless the policy is against it or no address is left. */
function admit(
  ctx: Context,
  endpoint: ClientVpnEndpoint,
  { id: networkId }: ClientVpnTargetNetwork,
  { id, ...client }: ConnectingClient & Pick<ClientVpnConnection, "context" | "groups">,
): Connected {
  const { id: endpointId } = endpoint;
  if (!isPermitted(endpoint, contextOf(endpoint, { id, ...client }, client.context))) {
    return refuse(ctx, endpoint, { id, ...client }, "authorization policy denied the connection");
  }
  const address = freeAddress(ctx, endpoint);
  if (address === undefined) {
    return refuse(ctx, endpoint, { id, ...client }, "no client IP address is available");
  }
  const routes = pushedRoutes(ctx, endpoint);
  const evaluated = policyOf(endpoint) && ctx.now;
  const fields = { ...client, endpointId, networkId, address, routes, evaluated };
  return { connection: openConnection(ctx, endpoint, fields, id) };
}

function refuse(
  ctx: Context,
  endpoint: ClientVpnEndpoint,
  client: ConnectingClient,
  failure: string,
): Connected {
  const event = { type: "attempt", failure } as const;
  logConnection(ctx, endpoint, client, { event, started: ctx.now, address: undefined, traffic: NO_TRAFFIC });
  return { failure };
}

/** Lets a device disconnect. @throws {ApiError} InvalidClientVpnConnection.IdNotFound */
export function disconnectVpnClient(ctx: Context, id: string): void {
  const row = clientVpnConnections.table(ctx).get(id);
  const endpoint = clientVpnEndpoints.table(ctx).get(row?.endpointId ?? "");
  if (row?.state !== "active" || !endpoint) {
    throw new ApiError("InvalidClientVpnConnection.IdNotFound", id);
  }
  endConnection(ctx, endpoint, row);
}

reconnections.push((ctx, { username, commonName, device, groups, context, endpointId }) => {
  const endpoint = clientVpnEndpoints.table(ctx).get(endpointId);
  const network = endpoint && networkFor(ctx, endpoint);
  if (!network || statusOf(ctx, endpoint) !== "available") return;
  const id = clientVpnConnections.newId(ctx);
  admit(ctx, endpoint, network, { id, username, commonName, device, groups, context });
});
