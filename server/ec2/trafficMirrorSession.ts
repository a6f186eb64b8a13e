import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { present } from "../kit/present.ts";
import { defineResource, type ResourceRow } from "../kit/resource.ts";
import { networkInterfaces } from "./networkInterface.ts";
import { filterUsers, trafficMirrorFilters } from "./trafficMirrorFilter.ts";
import { targetUsers, trafficMirrorTargets } from "./trafficMirrorTarget.ts";

export interface TrafficMirrorSession extends ResourceRow {
  readonly networkInterfaceId: string;
  readonly targetId: string;
  readonly filterId: string;
  /** In bytes; absent for whole packets. */
  readonly packetLength: number | undefined;
  readonly number: number;
  /** VXLAN's. */
  readonly virtualNetworkId: number;
  readonly description: string;
}

const LAST_NUMBER = 32_766;
const LONGEST = 8500;
const NETWORKS = 2 ** 24;

/** Copies what a filter lets through from one interface to a target, for as long as both are there. */
export const trafficMirrorSessions = defineResource({
  type: "traffic-mirror-session",
  idPrefix: "tms",
  notFound: "InvalidTrafficMirrorSessionId.NotFound",
  ids: "TrafficMirrorSessionIds",
  view: (session: TrafficMirrorSession, { account, tags }): Sdk.TrafficMirrorSession => ({
    TrafficMirrorSessionId: session.id,
    NetworkInterfaceId: session.networkInterfaceId,
    TrafficMirrorTargetId: session.targetId,
    TrafficMirrorFilterId: session.filterId,
    PacketLength: session.packetLength,
    SessionNumber: session.number,
    VirtualNetworkId: session.virtualNetworkId,
    Description: session.description,
    OwnerId: account,
    Tags: tags,
  }),
  filters: {
    description: (session) => session.Description,
    "network-interface-id": (session) => session.NetworkInterfaceId,
    "owner-id": (session) => session.OwnerId,
    "packet-length": (session) => session.PacketLength,
    "session-number": (session) => session.SessionNumber,
    "traffic-mirror-filter-id": (session) => session.TrafficMirrorFilterId,
    "traffic-mirror-session-id": (session) => session.TrafficMirrorSessionId,
    "traffic-mirror-target-id": (session) => session.TrafficMirrorTargetId,
    "virtual-network-id": (session) => session.VirtualNetworkId,
  },
  filterIndexes: { "network-interface-id": "networkInterface" },
  indexes: {
    networkInterface: ({ networkInterfaceId }) => networkInterfaceId,
    filter: ({ filterId }) => filterId,
    target: ({ targetId }) => targetId,
    virtualNetwork: ({ account, virtualNetworkId }) => `${account}/${virtualNetworkId}`,
  },
  // "If you delete a network interface that is a Traffic Mirror source, the sessions are deleted."
  parents: { "network-interface": "networkInterface" },
  partOf: () => true,
});

filterUsers.push((ctx, id) => trafficMirrorSessions.count(ctx, "filter", id) > 0);
targetUsers.push((ctx, id) => trafficMirrorSessions.count(ctx, "target", id) > 0);

/** A number that no session of the account has. */
function anyNetwork(ctx: Context): number {
  for (;;) {
    const id = ctx.chance.below(NETWORKS);
    if (trafficMirrorSessions.count(ctx, "virtualNetwork", `${ctx.account}/${id}`) === 0) return id;
  }
}

/** @throws {ApiError} InvalidParameterValue */
function check(name: string, value: number | undefined, least: number, most: number): number | undefined {
  if (value === undefined || (value >= least && value <= most)) return value;
  throw new ApiError("InvalidParameterValue", `Value (${value}) for parameter ${name} is invalid.`);
}

type Changes = Pick<
  Sdk.ModifyTrafficMirrorSessionRequest,
  | "Description"
  | "PacketLength"
  | "SessionNumber"
  | "TrafficMirrorFilterId"
  | "TrafficMirrorTargetId"
  | "VirtualNetworkId"
>;

/** What a call says of a session; what it does not mention is not there. */
const readSession = (ctx: Context, input: Changes): Partial<TrafficMirrorSession> =>
  present({
    targetId: input.TrafficMirrorTargetId && trafficMirrorTargets.get(ctx, input.TrafficMirrorTargetId).id,
    filterId: input.TrafficMirrorFilterId && trafficMirrorFilters.get(ctx, input.TrafficMirrorFilterId).id,
    packetLength: check("PacketLength", input.PacketLength, 1, LONGEST),
    number: check("SessionNumber", input.SessionNumber, 1, LAST_NUMBER),
    virtualNetworkId: check("VirtualNetworkId", input.VirtualNetworkId, 0, NETWORKS - 1),
    description: input.Description,
  });

/** An interface's own packets would come back to it without end. */
function checkTarget(ctx: Context, sourceId: string, targetId: string): void {
  if (trafficMirrorTargets.table(ctx).get(targetId)?.networkInterfaceId !== sourceId) return;
  throw new ApiError(
    "InvalidParameterCombination",
    "A network interface cannot be the source and the target of a Traffic Mirror session.",
  );
}

/** @see https://docs.aws.amazon.com/vpc/latest/mirroring/traffic-mirroring-session.html */
export const operations = {
  CreateTrafficMirrorSession: (input, ctx) => {
    const source = networkInterfaces.get(ctx, input.NetworkInterfaceId);
    if (source.requesterManaged) {
      throw new ApiError(
        "UnsupportedOperation",
        `The network interface '${source.id}' is requester-managed and cannot be a Traffic Mirror source.`,
      );
    }
    const asked = readSession(ctx, input);
    checkTarget(ctx, source.id, input.TrafficMirrorTargetId);
    const session = trafficMirrorSessions.create(
      ctx,
      {
        packetLength: undefined,
        description: "",
        virtualNetworkId: asked.virtualNetworkId ?? anyNetwork(ctx),
        ...asked,
        networkInterfaceId: source.id,
      } as TrafficMirrorSession,
      input.TagSpecifications,
    );
    return {
      TrafficMirrorSession: trafficMirrorSessions.show(ctx, session),
      ClientToken: input.ClientToken,
    };
  },

  DeleteTrafficMirrorSession: ({ TrafficMirrorSessionId }, ctx) => {
    const { id } = trafficMirrorSessions.get(ctx, TrafficMirrorSessionId);
    trafficMirrorSessions.delete(ctx, id);
    return { TrafficMirrorSessionId: id };
  },

  DescribeTrafficMirrorSessions: trafficMirrorSessions.describe("TrafficMirrorSessions"),

  ModifyTrafficMirrorSession: ({ TrafficMirrorSessionId, RemoveFields = [], ...input }, ctx) => {
    const { id, networkInterfaceId } = trafficMirrorSessions.get(ctx, TrafficMirrorSessionId);
    const asked = readSession(ctx, input);
    const removed: Partial<TrafficMirrorSession> = {
      ...(RemoveFields.includes("packet-length") && { packetLength: undefined }),
      ...(RemoveFields.includes("description") && { description: "" }),
      ...(RemoveFields.includes("virtual-network-id") && { virtualNetworkId: anyNetwork(ctx) }),
    };
    if (Object.keys(removed).some((name) => name in asked)) {
      throw new ApiError(
        "InvalidParameterCombination",
        "A property of a Traffic Mirror session cannot be modified and removed at once.",
      );
    }
    if (asked.targetId !== undefined) checkTarget(ctx, networkInterfaceId, asked.targetId);
    const session = trafficMirrorSessions.update(ctx, id, { ...removed, ...asked });
    return { TrafficMirrorSession: trafficMirrorSessions.show(ctx, session) };
  },
} satisfies Handlers;
