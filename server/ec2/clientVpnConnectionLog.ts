import type { Context } from "../kit/context.ts";
import { findLogGroup } from "../logs/logGroup.ts";
import { addEvents, addLogStream, findLogStream } from "../logs/logStream.ts";
import type { ClientTraffic } from "../kit/world.ts";
import type { ClientVpnEndpoint } from "./clientVpnEndpoint.ts";

/** Who connects, from where. */
export interface ConnectingClient {
  /** Of the connection. */
  readonly id: string;
  readonly username: string | undefined;
  readonly commonName: string;
  readonly device: { readonly address: string; readonly port: number; readonly platform: string };
}

/** What happened to a connection. Times are milliseconds since the epoch. */
interface Happened {
  readonly event:
    | { readonly type: "attempt"; readonly failure: string | undefined }
    | { readonly type: "reset"; readonly ended: number };
  readonly started: number;
  readonly address: string | undefined;
  readonly traffic: ClientTraffic;
}

/** `2020-03-26 20:37:15` */
export const logTime = (at: number): string => new Date(at).toISOString().slice(0, 19).replace("T", " ");

const NA = "NA";

/**
 * Writes down what happened to a connection, if the endpoint's owner wants to know.
 *
 * @see https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-logging.html
 */
export function logConnection(
  caller: Context,
  { id: endpointId, account, log, transport }: ClientVpnEndpoint,
  { id, username, commonName, device }: ConnectingClient,
  { event, started, address, traffic }: Happened,
): void {
  const ctx = { ...caller, account };
  const group = log && findLogGroup(ctx, log.group);
  if (!log || !group) return;
  const isAttempt = event.type === "attempt";
  const failure = isAttempt ? event.failure : undefined;
  const entry = {
    "connection-log-type": isAttempt ? "connection-attempt" : "connection-reset",
    "connection-attempt-status": isAttempt ? (failure === undefined ? "successful" : "failed") : NA,
    "connection-reset-status": isAttempt ? NA : "successful",
    "connection-attempt-failure-reason": failure ?? NA,
    "connection-id": id,
    "client-vpn-endpoint-id": endpointId,
    "transport-protocol": transport,
    "connection-start-time": logTime(started),
    "connection-last-update-time": logTime(ctx.now),
    "client-ip": address ?? NA,
    "common-name": commonName,
    "device-type": device.platform,
    "device-ip": device.address,
    port: String(device.port),
    "ingress-bytes": String(traffic.ingressBytes),
    "egress-bytes": String(traffic.egressBytes),
    "ingress-packets": String(traffic.ingressPackets),
    "egress-packets": String(traffic.egressPackets),
    "connection-end-time": isAttempt ? NA : logTime(event.ended),
    username: username ?? NA,
  };
  const stream = findLogStream(ctx, group, log.stream) ?? addLogStream(ctx, group, log.stream);
  addEvents(ctx, stream, [[ctx.now, JSON.stringify(entry)]]);
}
