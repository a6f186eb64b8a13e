import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { readConnectionTracking } from "./connectionTracking.ts";
import { instances } from "./instance.ts";
import { readDescription, readGroups } from "./createNetworkInterface.ts";
import { lendPublicAddress, withdrawPublicAddress } from "./lentAddress.ts";
import { getChangeable, networkInterfaces, type NetworkInterface } from "./networkInterface.ts";
import { subnets } from "./subnet.ts";

type Asked = Omit<Sdk.ModifyNetworkInterfaceAttributeRequest, "DryRun" | "NetworkInterfaceId">;

/** How each attribute is changed. */
const modify: {
  readonly [Name in keyof Asked]-?: (
    ctx: Context,
    eni: NetworkInterface,
    value: Exclude<Asked[Name], undefined>,
  ) => void;
} = {
  AssociatePublicIpAddress: (ctx, { id }, associatePublicIp) => {
    const eni = networkInterfaces.update(ctx, id, { associatePublicIp });
    if (!associatePublicIp) withdrawPublicAddress(ctx, id);
    else if (isPrimaryOfRunning(ctx, eni)) lendPublicAddress(ctx, eni);
  },

  AssociatedSubnetIds: () => {
    throw new ApiError(
      "UnsupportedOperation",
      "Network interfaces cannot be associated with further subnets.",
    );
  },

  Attachment: (ctx, { id, attachment }, asked) => {
    if (asked.AttachmentId === undefined) throw new ApiError("MissingParameter", "attachmentId");
    if (attachment?.id !== asked.AttachmentId) {
      throw new ApiError("InvalidAttachmentID.NotFound", asked.AttachmentId);
    }
    if (asked.EnaQueueCount !== undefined || asked.DefaultEnaQueueCount === false) {
      throw new ApiError("UnsupportedOperation", "Flexible ENA queues are not supported.");
    }
    const deleteOnTermination = asked.DeleteOnTermination ?? attachment.deleteOnTermination;
    networkInterfaces.update(ctx, id, { attachment: { ...attachment, deleteOnTermination } });
  },

  ConnectionTrackingSpecification: (ctx, { id, connectionTracking }, asked) => {
    const tracking = readConnectionTracking(asked);
    networkInterfaces.update(ctx, id, {
      connectionTracking: tracking && {
        tcpEstablished: tracking.tcpEstablished ?? connectionTracking?.tcpEstablished,
        udpStream: tracking.udpStream ?? connectionTracking?.udpStream,
        udp: tracking.udp ?? connectionTracking?.udp,
      },
    });
  },

  Description: (ctx, { id }, { Value = "" }) => {
    networkInterfaces.update(ctx, id, { description: readDescription(Value) });
  },

  EnablePrimaryIpv6: (ctx, { id, primaryIpv6, ipv6Addresses }, enable) => {
    if (!enable && primaryIpv6) {
      throw new ApiError(
        "InvalidParameterValue",
        "A primary IPv6 address cannot be disabled once it is enabled.",
      );
    }
    if (enable && ipv6Addresses.length === 0) {
      throw new ApiError("InvalidParameterValue", `The network interface '${id}' has no IPv6 address.`);
    }
    networkInterfaces.update(ctx, id, { primaryIpv6: enable });
  },

  EnaSrdSpecification: (_ctx, _eni, asked) => refuseEnaExpress(asked),

  Groups: (ctx, eni, asked) => {
    const groups = readGroups(ctx, subnets.get(ctx, eni.subnetId), asked);
    networkInterfaces.update(ctx, eni.id, { groups });
  },

  SourceDestCheck: (ctx, { id }, { Value }) => {
    if (Value === undefined) throw new ApiError("MissingParameter", "sourceDestCheck.value");
    networkInterfaces.update(ctx, id, { sourceDestCheck: Value });
  },
};

/** Whether an instance is up with this as its primary interface, the only one that is lent an address. */
function isPrimaryOfRunning(ctx: Context, { attachment }: NetworkInterface): boolean {
  if (attachment?.deviceIndex !== 0 || attachment.networkCardIndex !== 0) return false;
  const state = instances.table(ctx).get(attachment.instanceId)?.state;
  return state === "pending" || state === "running";
}

/** ENA Express is not built; leaving it off is. */
export function refuseEnaExpress({ EnaSrdEnabled, EnaSrdUdpSpecification }: Sdk.EnaSrdSpecification): void {
  if (EnaSrdEnabled || EnaSrdUdpSpecification?.EnaSrdUdpEnabled) {
    throw new ApiError("UnsupportedOperation", "ENA Express is not supported.");
  }
}

export const partly = {
  ModifyNetworkInterfaceAttribute: "ENA Express, flexible ENA queues and associated subnets",
};

export const operations = {
  DescribeNetworkInterfaceAttribute: ({ Attribute, NetworkInterfaceId }, ctx) => {
    if (Attribute === undefined) throw new ApiError("MissingParameter", "attribute");
    const row = networkInterfaces.get(ctx, NetworkInterfaceId);
    const eni = networkInterfaces.show(ctx, row);
    const attributes = {
      associatePublicIpAddress: { AssociatePublicIpAddress: row.associatePublicIp },
      attachment: { Attachment: eni.Attachment },
      description: { Description: { Value: eni.Description } },
      groupSet: { Groups: eni.Groups },
      sourceDestCheck: { SourceDestCheck: { Value: eni.SourceDestCheck } },
    };
    return { NetworkInterfaceId: row.id, ...attributes[Attribute] };
  },

  ModifyNetworkInterfaceAttribute: ({ NetworkInterfaceId, ...asked }, ctx) => {
    const eni = getChangeable(ctx, NetworkInterfaceId);
    const given = (Object.keys(modify) as (keyof Asked)[]).filter((name) => asked[name] !== undefined);
    const [only, ...others] = given;
    if (only === undefined) throw new ApiError("MissingParameter", "attribute");
    if (others.length > 0) {
      throw new ApiError("InvalidParameterCombination", "Fields for multiple attribute types specified");
    }
    const change = modify[only] as (ctx: Context, eni: NetworkInterface, value: unknown) => void;
    change(ctx, eni, asked[only]);
    return {};
  },

  ResetNetworkInterfaceAttribute: ({ NetworkInterfaceId, SourceDestCheck }, ctx) => {
    const { id } = getChangeable(ctx, NetworkInterfaceId);
    if (SourceDestCheck === undefined) throw new ApiError("MissingParameter", "attribute");
    networkInterfaces.update(ctx, id, { sourceDestCheck: true });
    return {};
  },
} satisfies Handlers;
