import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import type { InstanceTypeFacts } from "./catalogue/instanceTypes.ts";
import { checkEnaQueues, readEnaSettings } from "./enaSettings.ts";
import { checkStopped, instances, type Instance } from "./instance.ts";
import { interfacesOf, typeOf } from "./instanceView.ts";
import {
  attachInterface,
  checkUnused,
  detachInterface,
  networkInterfaces,
  type Attachment,
  type NetworkInterface,
} from "./networkInterface.ts";
import { getPermitted } from "./networkInterfacePermission.ts";
import { checkInstanceEncryption } from "./vpcEncryptionControl.ts";

type Place = Pick<Attachment, "deviceIndex" | "networkCardIndex">;

/**
 * Makes sure that an instance type bears all addresses of an interface; a prefix counts like an address.
 *
 * @throws {ApiError} PrivateIpAddressLimitExceeded
 */
function checkAddresses(eni: NetworkInterface, facts: InstanceTypeFacts): void {
  if (
    eni.privateAddresses.length + eni.ipv4Prefixes.length > facts.ipv4PerInterface ||
    eni.ipv6Addresses.length + eni.ipv6Prefixes.length > facts.ipv6PerInterface
  ) {
    throw new ApiError("PrivateIpAddressLimitExceeded");
  }
}

/** As `checkAddresses`, for an interface that may be attached. */
export function checkAddressLimit(ctx: Context, eni: NetworkInterface): void {
  const instance = eni.attachment && instances.table(ctx).get(eni.attachment.instanceId);
  if (instance) checkAddresses(eni, typeOf(instance));
}

/** @throws {ApiError} InvalidParameterValue for a place that the type does not have, or that is taken */
function checkPlace(
  instance: Instance,
  attached: readonly NetworkInterface[],
  { deviceIndex, networkCardIndex }: Place,
): void {
  if (deviceIndex < 0) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${deviceIndex}) for parameter deviceIndex is invalid.`,
    );
  }
  if (networkCardIndex < 0 || networkCardIndex >= typeOf(instance).networkCards) {
    throw new ApiError(
      "InvalidParameterValue",
      `Network card index ${networkCardIndex} exceeds the limit for ${instance.instanceType}.`,
    );
  }
  const isTaken = attached.some(
    ({ attachment }) =>
      attachment?.deviceIndex === deviceIndex && attachment.networkCardIndex === networkCardIndex,
  );
  if (isTaken) {
    throw new ApiError(
      "InvalidParameterValue",
      `Instance '${instance.id}' already has an interface attached at device index '${deviceIndex}'.`,
    );
  }
}

/**
 * "Most Nitro-based instance families", none of the t family.
 *
 * @throws {ApiError} InvalidParameterCombination
 * @see https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html
 */
function checkTrunk(instance: Instance): void {
  const { hypervisor, family } = typeOf(instance);
  if (hypervisor !== "xen" && !/^t\d/.test(family)) return;
  throw new ApiError(
    "InvalidParameterCombination",
    `Trunk network interfaces are not supported on ${instance.instanceType}.`,
  );
}

/** @throws {ApiError} if the instance cannot have the interface, whatever the place */
function checkFit(instance: Instance, attached: readonly NetworkInterface[], eni: NetworkInterface): void {
  const facts = typeOf(instance);
  if (eni.zone !== instance.zone) {
    throw new ApiError(
      "InvalidParameterCombination",
      "You may not attach a network interface to an instance if they are not in the same availability zone",
    );
  }
  if (attached.length >= facts.maxInterfaces) {
    throw new ApiError(
      "AttachmentLimitExceeded",
      `Interface count ${attached.length + 1} exceeds the limit for ${instance.instanceType}`,
    );
  }
  if (eni.interfaceType === "branch") {
    throw new ApiError(
      "InvalidParameterCombination",
      `Branch network interfaces such as ${eni.id} are associated with a trunk, and not attached.`,
    );
  }
  if (eni.interfaceType === "trunk") checkTrunk(instance);
  else if (eni.interfaceType !== "interface" && !facts.efa) {
    throw new ApiError(
      "InvalidParameterCombination",
      `EFA interfaces are not supported on ${instance.instanceType}.`,
    );
  }
  checkAddresses(eni, facts);
}

export const operations = {
  AttachNetworkInterface: (input, ctx) => {
    const eni = getPermitted(ctx, input.NetworkInterfaceId, "INSTANCE-ATTACH");
    const instance = instances.get(ctx, input.InstanceId);
    checkUnused(ctx, eni);
    if (instance.state !== "running" && instance.state !== "stopped") {
      throw new ApiError("IncorrectState", `Instance '${instance.id}' is not 'running' or 'stopped'.`);
    }
    const place = { deviceIndex: input.DeviceIndex, networkCardIndex: input.NetworkCardIndex ?? 0 };
    const attached = interfacesOf(ctx, instance.id);
    checkPlace(instance, attached, place);
    checkFit(instance, attached, eni);
    // "Your instance must be stopped before you configure the number of ENA queues."
    if (input.EnaQueueCount !== undefined) checkStopped(instance);
    const type = typeOf(instance);
    const settings = readEnaSettings(type, instance.cpu, eni.interfaceType, input);
    checkEnaQueues(type, [...attached.flatMap((each) => each.attachment ?? []), { ...place, ...settings }]);
    checkInstanceEncryption(ctx, eni.vpcId, instance.instanceType);
    const { attachment } = attachInterface(ctx, eni, {
      ...place,
      ...settings,
      instanceId: instance.id,
      instanceOwnerId: instance.account,
      deleteOnTermination: false,
    });
    return { AttachmentId: attachment?.id, NetworkCardIndex: attachment?.networkCardIndex };
  },

  DetachNetworkInterface: ({ AttachmentId, Force = false }, ctx) => {
    const eni = networkInterfaces
      .by(ctx, "attachment", AttachmentId)
      .find(({ account, attachment }) => [account, attachment?.instanceOwnerId].includes(ctx.account));
    if (eni?.managedUse) {
      throw new ApiError("OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments.");
    }
    if (!eni?.attachment) throw new ApiError("InvalidAttachmentID.NotFound", AttachmentId);
    const { deviceIndex, networkCardIndex } = eni.attachment;
    if (deviceIndex === 0 && networkCardIndex === 0) {
      throw new ApiError(
        "OperationNotPermitted",
        "The network interface at device index 0 and networkCard index 0 cannot be detached.",
      );
    }
    detachInterface(ctx, eni, Force);
    return {};
  },
} satisfies Handlers;
