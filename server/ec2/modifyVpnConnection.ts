import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import {
  attach,
  checkBandwidth,
  checkOptions,
  checkReachable,
  readSelectors,
} from "./createVpnConnection.ts";
import { usableCustomerGateway } from "./customerGateway.ts";
import { usableGateway } from "./transitGateway.ts";
import { detach } from "./transitGatewayAttachment.ts";
import {
  answer,
  attachmentOf,
  changeConnection,
  configured,
  outsideType,
  usableConnection,
  vpnConnections,
} from "./vpnConnection.ts";
import { usableVpnGateway } from "./vpnGateway.ts";
import { alone } from "./vpnTunnel.ts";

/** Seconds that AWS is at work on a connection. */
const CONNECTION_SECONDS = 300;

export const operations = {
  ModifyVpnConnection: ({ VpnConnectionId, TransitGatewayId, CustomerGatewayId, VpnGatewayId }, ctx) => {
    const connection = usableConnection(ctx, VpnConnectionId);
    const { id } = connection;
    if (
      [TransitGatewayId, CustomerGatewayId, VpnGatewayId].filter((given) => given !== undefined).length !== 1
    ) {
      throw new ApiError(
        "InvalidParameterCombination",
        "Exactly one of transitGatewayId, customerGatewayId and vpnGatewayId must be specified.",
      );
    }
    if (CustomerGatewayId !== undefined) {
      const customer = usableCustomerGateway(ctx, CustomerGatewayId);
      checkReachable(customer, outsideType(connection));
      checkBandwidth(customer, connection.bandwidth);
      const before = configured(ctx, connection).customer;
      if ((customer.certificateArn === undefined) !== (connection.tunnels[0]?.certificateArn === undefined)) {
        throw new ApiError(
          "InvalidParameterValue",
          `The customer gateways ${before.id} and ${customer.id} do not authenticate in the same way.`,
        );
      }
      vpnConnections.update(ctx, id, { customerGatewayId: customer.id });
    } else {
      const gateway = {
        transitGatewayId: TransitGatewayId && usableGateway(ctx, TransitGatewayId).id,
        vpnGatewayId: VpnGatewayId && usableVpnGateway(ctx, VpnGatewayId).id,
        concentratorId: undefined,
      };
      checkOptions(
        {
          EnableAcceleration: connection.accelerated,
          TunnelInsideIpVersion: connection.inside,
          TunnelBandwidth: connection.bandwidth,
          OutsideIpAddressType: outsideType(connection) === "Ipv6" ? "Ipv6" : undefined,
        },
        gateway,
      );
      // At a transit gateway, routes are written into its own tables.
      if (gateway.transitGatewayId !== undefined && connection.routes.length > 0) {
        throw new ApiError("IncorrectState", `${id} has static routes.`);
      }
      if (connection.transportId !== undefined) {
        throw new ApiError(
          "UnsupportedOperation",
          `${id} is between private addresses of its transit gateway.`,
        );
      }
      const attachment = attachmentOf(ctx, id);
      if (attachment) detach(ctx, attachment.id);
      if (gateway.transitGatewayId !== undefined) attach(ctx, gateway.transitGatewayId, id);
      vpnConnections.update(ctx, id, gateway);
    }
    changeConnection(ctx, connection, {
      state: "modifying",
      tunnels: connection.tunnels.map((tunnel) => ({
        ...(CustomerGatewayId === undefined ? tunnel : alone(ctx, tunnel)),
        pending: true,
      })),
    });
    vpnConnections.soon(ctx, id, "settled", CONNECTION_SECONDS);
    return answer(ctx, id);
  },

  ModifyVpnConnectionOptions: ({ VpnConnectionId, ...options }, ctx) => {
    const connection = usableConnection(ctx, VpnConnectionId);
    const { id, inside, bandwidth } = connection;
    checkOptions({ ...options, EnableAcceleration: connection.accelerated }, connection);
    checkBandwidth(configured(ctx, connection).customer, options.TunnelBandwidth);
    vpnConnections.update(ctx, id, {
      ...readSelectors(inside, options, connection),
      bandwidth: options.TunnelBandwidth ?? bandwidth,
      state: "modifying",
    });
    vpnConnections.soon(ctx, id, "settled", CONNECTION_SECONDS);
    return answer(ctx, id);
  },
} satisfies Handlers;
