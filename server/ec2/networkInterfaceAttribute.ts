import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { readConnectionTracking } from "./connectionTracking.ts";
import { checkEnaQueues, readEnaSettings } from "./enaSettings.ts";
import { checkStopped, instances } from "./instance.ts";
import { interfacesOf, typeOf } from "./instanceView.ts";
import { readDescription, readGroups } from "./createNetworkInterface.ts";
import { lendPublicAddress, withdrawPublicAddress } from "./lentAddress.ts";
import {
  getChangeable,
  networkInterfaces,
  type Attachment,
  type NetworkInterface,
} from "./networkInterface.ts";
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

  AssociatedSubnetIds: (ctx, { id }, asked) => {
    subnets.getAll(ctx, asked);
    throw new ApiError(
      "UnsupportedOperation",
      `The network interface '${id}' cannot be associated with further subnets.`,
    );
  },

  Attachment: (ctx, eni, asked) => {
    const { id, attachment } = eni;
    if (asked.AttachmentId === undefined) throw new ApiError("MissingParameter", "attachmentId");
    if (attachment?.id !== asked.AttachmentId) {
      throw new ApiError("InvalidAttachmentID.NotFound", asked.AttachmentId);
    }
    const changed: Attachment = {
      ...attachment,
      deleteOnTermination: asked.DeleteOnTermination ?? attachment.deleteOnTermination,
      enaQueues: changedEnaQueues(ctx, eni, attachment, asked),
    };
    networkInterfaces.update(ctx, id, { attachment: changed });
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

  EnaSrdSpecification: (ctx, { id, attachment, interfaceType }, asked) => {
    if (!attachment) {
      throw new ApiError("IncorrectState", `The network interface '${id}' is not attached to an instance.`);
    }
    const instance = instances.get(ctx, attachment.instanceId);
    const said = { EnaSrdSpecification: asked };
    const { enaExpress } = readEnaSettings(typeOf(instance), instance.cpu, interfaceType, said, attachment);
    networkInterfaces.update(ctx, id, { attachment: { ...attachment, enaExpress } });
  },

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

/**
 * How many ENA queues an attachment is to have after a change.
 *
 * @throws {ApiError} InvalidParameterCombination, MissingParameter, IncorrectInstanceState unless the instance is stopped
 */
function changedEnaQueues(
  ctx: Context,
  { id, interfaceType }: NetworkInterface,
  { instanceId, networkCardIndex, enaQueues }: Attachment,
  { DefaultEnaQueueCount: usual, EnaQueueCount: asked }: Sdk.NetworkInterfaceAttachmentChanges,
): number | undefined {
  if (usual === undefined && asked === undefined) return enaQueues;
  if (usual && asked !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter enaQueueCount cannot be used with the parameter defaultEnaQueueCount",
    );
  }
  if (!usual && asked === undefined) throw new ApiError("MissingParameter", "enaQueueCount");
  const instance = instances.get(ctx, instanceId);
  checkStopped(instance);
  const type = typeOf(instance);
  const settings = readEnaSettings(type, instance.cpu, interfaceType, { EnaQueueCount: asked });
  const others = interfacesOf(ctx, instanceId).filter((each) => each.id !== id);
  checkEnaQueues(type, [
    ...others.flatMap(({ attachment }) => attachment ?? []),
    { networkCardIndex, ...settings },
  ]);
  return settings.enaQueues;
}

export const partly = {
  ModifyNetworkInterfaceAttribute: "associated subnets, of which nothing public says what they do",
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
