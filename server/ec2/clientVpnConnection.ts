import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import type { ClientTraffic } from "../kit/world.ts";
import type { CedarRecord } from "./cedar.ts";
import { logConnection, logTime, type ConnectingClient } from "./clientVpnConnectionLog.ts";
import { clientVpnEndpoints, hasUsers, usableEndpoint, type ClientVpnEndpoint } from "./clientVpnEndpoint.ts";

export interface ClientVpnConnection extends ResourceRow, ConnectingClient {
  readonly endpointId: string;
  /** The association by which it came in. */
  readonly networkId: string;
  /** Of the client CIDR range. */
  readonly address: string;
  /** The groups that the user belongs to. */
  readonly groups: readonly string[];
  /** What goes into the tunnel, as the client was told; undefined for everything. */
  readonly routes: readonly string[] | undefined;
  /** What authorization policies are told of it. */
  readonly context: CedarRecord;
  /** When the authorization policy was asked, if there is one. */
  readonly evaluated: number | undefined;
  readonly state: "active" | "terminating" | "terminated";
  /** Milliseconds since the epoch. */
  readonly ended: number | undefined;
  /** All that passed, once it has ended. */
  readonly traffic: ClientTraffic | undefined;
}

/** "connections that have been terminated within the last 60 minutes" */
const SHOWN_TERMINATED_SECONDS = 3600;

export const NO_TRAFFIC: ClientTraffic = {
  ingressBytes: 0,
  ingressPackets: 0,
  egressBytes: 0,
  egressPackets: 0,
};

const trafficOf = (ctx: Context, { id, traffic }: ClientVpnConnection): ClientTraffic =>
  traffic ?? ctx.world.network.clientTraffic(id) ?? NO_TRAFFIC;

/** Has a connection's client come back after the longest session, if the endpoint does not disconnect it for good. */
export const reconnections: ((ctx: Context, row: ClientVpnConnection) => void)[] = [];

const filters = {
  "connection-id": (connection: Sdk.ClientVpnConnection) => connection.ConnectionId,
  username: (connection: Sdk.ClientVpnConnection) => connection.Username,
};

/** A user's device that has connected. */
export const clientVpnConnections = defineResource({
  type: "client-vpn-connection",
  idPrefix: "cvpn-connection",
  notFound: "InvalidClientVpnConnection.IdNotFound",
  ids: "ConnectionIds",
  view: (row: ClientVpnConnection, { ctx }): Sdk.ClientVpnConnection => {
    const traffic = trafficOf(ctx, row);
    return {
      ClientVpnEndpointId: row.endpointId,
      Timestamp: logTime(ctx.now),
      ConnectionId: row.id,
      Username: row.username,
      ConnectionEstablishedTime: logTime(row.created),
      IngressBytes: String(traffic.ingressBytes),
      EgressBytes: String(traffic.egressBytes),
      IngressPackets: String(traffic.ingressPackets),
      EgressPackets: String(traffic.egressPackets),
      ClientIp: row.address,
      CommonName: row.commonName,
      Status: { Code: row.state },
      ConnectionEndTime: row.ended === undefined ? undefined : logTime(row.ended),
      PostureComplianceStatuses: [],
      AuthorizationPolicyLastEvaluatedTime: row.evaluated === undefined ? undefined : logTime(row.evaluated),
    };
  },
  filters,
  indexes: {
    endpoint: ({ endpointId }) => endpointId,
    open: ({ endpointId, state }) => (state === "terminated" ? undefined : endpointId),
  },
  transitions: {
    terminated: (ctx, { id }) => {
      clientVpnConnections.update(ctx, id, { state: "terminated" });
      clientVpnConnections.later(ctx, id, "forget", SHOWN_TERMINATED_SECONDS);
    },
    /** The session has lasted as long as it may. */
    expired: (ctx, row) => {
      const endpoint = clientVpnEndpoints.table(ctx).get(row.endpointId);
      if (row.state !== "active" || !endpoint) return;
      endConnection(ctx, endpoint, row);
      if (!endpoint.disconnects) for (const reconnect of reconnections) reconnect(ctx, row);
    },
    forget: (ctx, { id }) => clientVpnConnections.delete(ctx, id),
  },
});

type Fields = Omit<ClientVpnConnection, keyof ResourceRow | "ended" | "state" | "traffic">;

/** Lets a client in. */
export function openConnection(
  ctx: Context,
  endpoint: ClientVpnEndpoint,
  fields: Fields,
  id: string,
): ClientVpnConnection {
  const { account, sessionHours } = endpoint;
  const own = { ...ctx, account };
  const state = { state: "active", ended: undefined, traffic: undefined } as const;
  const row = clientVpnConnections.create(own, { ...fields, ...state }, undefined, id);
  clientVpnConnections.later(own, id, "expired", sessionHours * 3600);
  const event = { type: "attempt", failure: undefined } as const;
  logConnection(own, endpoint, row, {
    event,
    started: row.created,
    address: row.address,
    traffic: NO_TRAFFIC,
  });
  return row;
}

/** Ends a connection, of which all that passed is known from then on. */
export function endConnection(ctx: Context, endpoint: ClientVpnEndpoint, row: ClientVpnConnection): void {
  const { id, address, created: started } = row;
  const traffic = trafficOf(ctx, row);
  clientVpnConnections.update(ctx, id, { state: "terminating", ended: ctx.now, traffic });
  clientVpnConnections.soon({ ...ctx, account: endpoint.account }, id, "terminated", 5);
  logConnection(ctx, endpoint, row, { event: { type: "reset", ended: ctx.now }, started, address, traffic });
}

const activeOf = (ctx: Context, endpointId: string): ClientVpnConnection[] =>
  clientVpnConnections.by(ctx, "open", endpointId).filter(({ state }) => state === "active");

/** Ends those of an endpoint's connections that are such. */
export function endConnections(
  ctx: Context,
  endpointId: string,
  isSuch: (row: ClientVpnConnection) => boolean = () => true,
): void {
  const endpoint = clientVpnEndpoints.table(ctx).get(endpointId);
  if (!endpoint) return;
  for (const row of activeOf(ctx, endpointId)) if (isSuch(row)) endConnection(ctx, endpoint, row);
}

/** "This option can only be used if the user has established up to five connections." */
const MOST_OF_USER = 5;

/** What a call wants to have ended: one connection, or all of a user. */
function readConnections(
  ctx: Context,
  { id }: ClientVpnEndpoint,
  connectionId: string | undefined,
  username: string | undefined,
): ClientVpnConnection[] {
  if (connectionId !== undefined && username !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter ConnectionId cannot be used with the parameter Username",
    );
  }
  if (connectionId !== undefined) {
    const row = clientVpnConnections.get(ctx, connectionId);
    if (row.endpointId === id) return [row];
    throw new ApiError("InvalidClientVpnConnection.IdNotFound", connectionId);
  }
  if (username === undefined) throw new ApiError("MissingParameter", "connectionId");
  const rows = activeOf(ctx, id).filter((row) => row.username === username);
  if (rows.length === 0) throw new ApiError("InvalidClientVpnConnection.UserNotFound", username);
  if (rows.length > MOST_OF_USER) throw new ApiError("ClientVpnTerminateConnectionsLimitExceeded");
  return rows;
}

export const operations = {
  DescribeClientVpnConnections: describeList({
    output: "Connections",
    filters,
    of: (input: Sdk.DescribeClientVpnConnectionsRequest, ctx) => {
      const endpoint = clientVpnEndpoints.get(ctx, input.ClientVpnEndpointId ?? "");
      return clientVpnConnections
        .by(ctx, "endpoint", endpoint.id)
        .map((row) => clientVpnConnections.show(ctx, row));
    },
  }),

  TerminateClientVpnConnections: ({ ClientVpnEndpointId, ConnectionId, Username }, ctx) => {
    const endpoint = usableEndpoint(ctx, ClientVpnEndpointId);
    const rows = readConnections(ctx, endpoint, ConnectionId, Username);
    for (const row of rows) if (row.state === "active") endConnection(ctx, endpoint, row);
    return {
      ClientVpnEndpointId: endpoint.id,
      Username: hasUsers(endpoint) ? rows[0]?.username : undefined,
      ConnectionStatuses: rows.map(({ id, state }) => ({
        ConnectionId: id,
        PreviousStatus: { Code: state },
        CurrentStatus: { Code: clientVpnConnections.get(ctx, id).state },
      })),
    };
  },
} satisfies Handlers;
