import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { present } from "../kit/present.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { publish, topicOf } from "./topic.ts";
import { tryEach } from "./unsuccessful.ts";
import { connectionWatchers, vpcEndpoints, type ConnectionEvent } from "./vpcEndpoint.ts";
import { vpcEndpointServices } from "./vpcEndpointService.ts";

interface ConnectionNotification extends ResourceRow {
  /** Of what it tells: exactly one of the two is there. */
  readonly serviceId: string | undefined;
  readonly endpointId: string | undefined;
  /** ARN of an SNS topic. */
  readonly topic: string;
  readonly events: readonly string[];
}

/** Who is to be told when connections of an endpoint, or to a service, are made, accepted, rejected and deleted. */
const connectionNotifications = defineResource({
  type: "vpc-endpoint-connection-notification",
  idPrefix: "vpce-nfn",
  notFound: "InvalidConnectionNotification",
  ids: "ConnectionNotificationIds",
  view: (row: ConnectionNotification, { ctx }): Sdk.ConnectionNotification => ({
    ConnectionNotificationId: row.id,
    ServiceId: row.serviceId,
    VpcEndpointId: row.endpointId,
    ConnectionNotificationType: "Topic",
    ConnectionNotificationArn: row.topic,
    ConnectionEvents: [...row.events],
    ConnectionNotificationState: "Enabled",
    ServiceRegion: vpcEndpoints.table(ctx).get(row.endpointId ?? "")?.serviceRegion ?? ctx.region,
  }),
  filters: {
    "connection-notification-arn": (notification) => notification.ConnectionNotificationArn,
    "connection-notification-id": (notification) => notification.ConnectionNotificationId,
    "connection-notification-state": (notification) => notification.ConnectionNotificationState,
    "connection-notification-type": (notification) => notification.ConnectionNotificationType,
    "service-id": (notification) => notification.ServiceId,
    "vpc-endpoint-id": (notification) => notification.VpcEndpointId,
  },
  indexes: { service: ({ serviceId }) => serviceId, endpoint: ({ endpointId }) => endpointId },
  parents: { "vpc-endpoint-service": "service", "vpc-endpoint": "endpoint" },
  partOf: () => true,
});

connectionWatchers.push((ctx, endpoint, event) => {
  const { serviceId, serviceRegion = ctx.region } = endpoint;
  const home = { unit: ctx.unitOf(serviceRegion) };
  const told = [
    ...connectionNotifications.table(ctx).by("endpoint", endpoint.id),
    ...(serviceId === undefined ? [] : connectionNotifications.table(home).by("service", serviceId)),
  ];
  for (const { id, topic, events } of told) {
    if (!events.includes(event)) continue;
    publish(ctx, topic, `${event}: VPC endpoint ${endpoint.id}`, {
      ConnectionEvent: event,
      ConnectionNotificationId: id,
      ServiceId: serviceId,
      ServiceName: endpoint.serviceName,
      VpcEndpointId: endpoint.id,
      VpcEndpointOwner: endpoint.account,
      VpcEndpointRegion: ctx.region,
      VpcEndpointState: endpoint.state,
    });
  }
});

const EVENTS: readonly string[] = ["Accept", "Connect", "Delete", "Reject"] satisfies ConnectionEvent[];

function readTopic(ctx: Context, arn: string): string {
  if (topicOf(arn)?.region !== ctx.region) {
    throw new ApiError("InvalidParameter", `The SNS topic ARN '${arn}' is not valid.`);
  }
  return arn;
}

function readEvents(events: readonly string[]): string[] {
  const wrong = events.find((each) => !EVENTS.includes(each));
  if (wrong !== undefined) {
    throw new ApiError(
      "InvalidParameter",
      `The connection event '${wrong}' is not one of ${EVENTS.join(", ")}.`,
    );
  }
  if (events.length === 0) throw new ApiError("MissingParameter", "connectionEvents");
  return [...new Set(events)];
}

const describeAll = connectionNotifications.describe("ConnectionNotificationSet");

export const operations = {
  CreateVpcEndpointConnectionNotification: (input, ctx) => {
    const { ServiceId, VpcEndpointId, ClientToken } = input;
    if ((ServiceId === undefined) === (VpcEndpointId === undefined)) {
      throw ServiceId === undefined
        ? new ApiError("MissingParameter", "serviceId or vpcEndpointId")
        : new ApiError(
            "InvalidParameterCombination",
            "serviceId and vpcEndpointId cannot be specified together.",
          );
    }
    const serviceId = ServiceId === undefined ? undefined : vpcEndpointServices.get(ctx, ServiceId).id;
    const endpoint = VpcEndpointId === undefined ? undefined : vpcEndpoints.get(ctx, VpcEndpointId);
    if (endpoint && endpoint.type !== "Interface") {
      throw new ApiError("InvalidParameter", "Only interface endpoints can have connection notifications.");
    }
    const row = connectionNotifications.create(ctx, {
      serviceId,
      endpointId: endpoint?.id,
      topic: readTopic(ctx, input.ConnectionNotificationArn),
      events: readEvents(input.ConnectionEvents),
    });
    return { ConnectionNotification: connectionNotifications.show(ctx, row), ClientToken };
  },

  DeleteVpcEndpointConnectionNotifications: ({ ConnectionNotificationIds }, ctx) => ({
    Unsuccessful: tryEach(ConnectionNotificationIds, (id) =>
      connectionNotifications.delete(ctx, connectionNotifications.get(ctx, id).id),
    ),
  }),

  DescribeVpcEndpointConnectionNotifications: Object.assign(
    (
      { ConnectionNotificationId, ...input }: Sdk.DescribeVpcEndpointConnectionNotificationsRequest,
      ctx: Context,
    ) =>
      describeAll(
        ConnectionNotificationId === undefined
          ? input
          : { ...input, ...{ ConnectionNotificationIds: [ConnectionNotificationId] } },
        ctx,
      ),
    { filters: describeAll.filters },
  ),

  ModifyVpcEndpointConnectionNotification: (input, ctx) => {
    const { id } = connectionNotifications.get(ctx, input.ConnectionNotificationId);
    const { ConnectionNotificationArn: topic, ConnectionEvents: events } = input;
    connectionNotifications.update(
      ctx,
      id,
      present({
        topic: topic === undefined ? undefined : readTopic(ctx, topic),
        events: events?.length ? readEvents(events) : undefined,
      }),
    );
    return { ReturnValue: true };
  },
} satisfies Handlers;

export const partly = {
  CreateVpcEndpointConnectionNotification:
    "there is no SNS: messages, whose members AWS does not publish, go to a bucket, sns-ACCOUNT-REGION",
};
