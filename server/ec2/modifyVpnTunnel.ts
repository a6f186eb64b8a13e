import { ip, parseIp } from "../../network/ip.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { checkStorage, takenBlocks } from "./createVpnConnection.ts";
import {
  answer,
  changeConnection,
  endOf,
  isUp,
  usableConnection,
  vpnConnections,
  type VpnConnection,
} from "./vpnConnection.ts";
import { readLogs } from "./vpnLogOptions.ts";
import {
  alone,
  newCertificate,
  readInsideCidr,
  readInsideIpv6Cidr,
  readPreSharedKey,
  readSettings,
  type VpnTunnel,
} from "./vpnTunnel.ts";

/** Seconds that AWS is at work on a tunnel. */
const TUNNEL_SECONDS = 120;

/** A tunnel of a connection, by AWS's address of it. */
function tunnelOf(connection: VpnConnection, outside: string): VpnTunnel {
  const address = parseIp(outside);
  const tunnel = connection.tunnels.find((each) => ip(each.outside) === address);
  if (tunnel) return tunnel;
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${outside}) for parameter vpnTunnelOutsideIpAddress is invalid. ${connection.id} has no such tunnel.`,
  );
}

/** The tunnel carries nothing until AWS is through with it. */
function rework(ctx: Context, connection: VpnConnection, changed: VpnTunnel): void {
  const { id, tunnels } = connection;
  changeConnection(ctx, connection, {
    state: "modifying",
    tunnels: tunnels.map((tunnel) =>
      tunnel.outside === changed.outside ? { ...changed, pending: true } : tunnel,
    ),
  });
  vpnConnections.soon(ctx, id, "settled", TUNNEL_SECONDS);
}

/** What two ends agree on that have the same wishes: the first of each list, or what AWS puts first. */
const first = <T>(values: readonly { readonly Value?: T }[] | undefined, standard: T): T =>
  values?.[0]?.Value ?? standard;

export const operations = {
  GetActiveVpnTunnelStatus: ({ VpnConnectionId, VpnTunnelOutsideIpAddress }, ctx) => {
    const connection = vpnConnections.get(ctx, VpnConnectionId);
    const tunnel = tunnelOf(connection, VpnTunnelOutsideIpAddress);
    const { settings, pending } = tunnel;
    const ProvisioningStatus = pending ? ("pending" as const) : ("available" as const);
    if (!isUp(connection, tunnel)) return { ActiveVpnTunnelStatus: { ProvisioningStatus } };
    return {
      ActiveVpnTunnelStatus: {
        Phase1EncryptionAlgorithm: first(settings.Phase1EncryptionAlgorithms, "AES256"),
        Phase2EncryptionAlgorithm: first(settings.Phase2EncryptionAlgorithms, "AES256"),
        Phase1IntegrityAlgorithm: first(settings.Phase1IntegrityAlgorithms, "SHA2-256"),
        Phase2IntegrityAlgorithm: first(settings.Phase2IntegrityAlgorithms, "SHA2-256"),
        Phase1DHGroup: first(settings.Phase1DHGroupNumbers, 14),
        Phase2DHGroup: first(settings.Phase2DHGroupNumbers, 14),
        IkeVersion: first(settings.IkeVersions, "ikev2"),
        ProvisioningStatus,
      },
    };
  },

  GetVpnTunnelReplacementStatus: ({ VpnConnectionId, VpnTunnelOutsideIpAddress }, ctx) => {
    const connection = vpnConnections.get(ctx, VpnConnectionId);
    const { replaced } = tunnelOf(connection, VpnTunnelOutsideIpAddress);
    return {
      VpnConnectionId: connection.id,
      TransitGatewayId: connection.transitGatewayId,
      CustomerGatewayId: connection.customerGatewayId,
      VpnGatewayId: connection.vpnGatewayId,
      VpnTunnelOutsideIpAddress,
      // AWS's end of a tunnel never needs any.
      MaintenanceDetails: {
        PendingMaintenance: "false",
        LastMaintenanceApplied: replaced === undefined ? undefined : new Date(replaced),
      },
    };
  },

  ModifyVpnTunnelCertificate: ({ VpnConnectionId, VpnTunnelOutsideIpAddress }, ctx) => {
    const connection = usableConnection(ctx, VpnConnectionId);
    const tunnel = tunnelOf(connection, VpnTunnelOutsideIpAddress);
    if (tunnel.certificateArn === undefined) {
      throw new ApiError(
        "UnsupportedOperation",
        `The tunnels of ${connection.id} authenticate with pre-shared keys.`,
      );
    }
    rework(ctx, connection, { ...tunnel, certificateArn: newCertificate(ctx) });
    return answer(ctx, connection.id);
  },

  ModifyVpnTunnelOptions: (
    { VpnConnectionId, VpnTunnelOutsideIpAddress, TunnelOptions, PreSharedKeyStorage, ...input },
    ctx,
  ) => {
    const connection = usableConnection(ctx, VpnConnectionId);
    const tunnel = tunnelOf(connection, VpnTunnelOutsideIpAddress);
    checkStorage(PreSharedKeyStorage);
    const { TunnelInsideCidr, TunnelInsideIpv6Cidr, PreSharedKey, EnableTunnelLifecycleControl } =
      TunnelOptions;
    if (input.SkipTunnelReplacement && EnableTunnelLifecycleControl === undefined) {
      throw new ApiError(
        "InvalidParameterCombination",
        "The parameter SkipTunnelReplacement can be used only with the parameter EnableTunnelLifecycleControl.",
      );
    }
    if (TunnelInsideIpv6Cidr !== undefined && connection.inside !== "ipv6") {
      throw new ApiError(
        "InvalidParameterCombination",
        "The parameter TunnelInsideIpv6Cidr needs TunnelInsideIpVersion ipv6.",
      );
    }
    if (PreSharedKey !== undefined && tunnel.preSharedKey === undefined) {
      throw new ApiError(
        "InvalidParameterCombination",
        "A pre-shared key cannot be used with a customer gateway that has a certificate.",
      );
    }
    const taken = new Set(takenBlocks(ctx, endOf(connection)));
    taken.delete(tunnel.insideCidr);
    taken.delete(tunnel.insideIpv6Cidr ?? "");
    const changed: VpnTunnel = {
      ...tunnel,
      settings: readSettings(TunnelOptions, tunnel.settings),
      logs: readLogs(ctx, TunnelOptions.LogOptions?.CloudWatchLogOptions, tunnel.logs),
      ...(TunnelInsideCidr !== undefined && { insideCidr: readInsideCidr(ctx, TunnelInsideCidr, taken) }),
      ...(TunnelInsideIpv6Cidr !== undefined && {
        insideIpv6Cidr: readInsideIpv6Cidr(ctx, TunnelInsideIpv6Cidr, taken),
      }),
      ...(PreSharedKey !== undefined && { preSharedKey: readPreSharedKey(ctx, PreSharedKey) }),
      lifecycleControl: EnableTunnelLifecycleControl ?? tunnel.lifecycleControl,
    };
    // The customer's device does not know of a new key or address by itself.
    const strange =
      changed.preSharedKey !== tunnel.preSharedKey ||
      changed.insideCidr !== tunnel.insideCidr ||
      changed.insideIpv6Cidr !== tunnel.insideIpv6Cidr;
    if (input.SkipTunnelReplacement && !strange) {
      vpnConnections.update(ctx, connection.id, {
        tunnels: connection.tunnels.map((each) => (each === tunnel ? changed : each)),
      });
    } else {
      rework(ctx, connection, strange ? alone(ctx, changed) : changed);
    }
    return answer(ctx, connection.id);
  },

  ReplaceVpnTunnel: ({ VpnConnectionId, VpnTunnelOutsideIpAddress, ApplyPendingMaintenance }, ctx) => {
    const connection = usableConnection(ctx, VpnConnectionId);
    const tunnel = tunnelOf(connection, VpnTunnelOutsideIpAddress);
    if (ApplyPendingMaintenance) {
      throw new ApiError("UnsupportedOperation", `The tunnel ${tunnel.outside} has no pending maintenance.`);
    }
    rework(ctx, connection, { ...tunnel, replaced: ctx.now });
    return { Return: true };
  },
} satisfies Handlers;

export const partly = {
  ModifyVpnTunnelOptions: "keys in Secrets Manager",
};
