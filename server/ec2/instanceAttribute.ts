import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { findInstanceType, type InstanceTypeFacts } from "./catalogue/instanceTypes.ts";
import { checkSevSnp, hasFeature, wholeCpu } from "./cpuOptions.ts";
import { readCreditMode } from "./creditSpecification.ts";
import { readEnaSettings } from "./enaSettings.ts";
import { isHibernated } from "./hibernation.ts";
import { checkAlive, checkStopped, instances, type Instance } from "./instance.ts";
import { readBandwidthWeighting } from "./instanceOptions.ts";
import { interfacesOf, typeOf, viewBlockDevices } from "./instanceView.ts";
import {
  checkBootable,
  checkEbsOptimized,
  checkInterface,
  checkInterfaceCount,
  checkOffered,
  checkVolumeCount,
} from "./launchParameters/instanceType.ts";
import { checkEnclave } from "./launchParameters/nitro.ts";
import { encodeUserData, readUserData } from "./launchParameters/userData.ts";
import { readGroups } from "./createNetworkInterface.ts";
import { networkInterfaces, type NetworkInterface } from "./networkInterface.ts";
import { viewGroups } from "./networkInterfaceView.ts";
import { subnets } from "./subnet.ts";
import { setDeleteOnTermination, volumes } from "./volume.ts";
import { checkInstanceEncryption } from "./vpcEncryptionControl.ts";

type Attributes = Omit<Sdk.InstanceAttribute, "InstanceId">;

const optional = (value: string | undefined): Sdk.AttributeValue =>
  value === undefined ? {} : { Value: value };

const primaryOf = (ctx: Context, { id }: Instance): NetworkInterface | undefined => interfacesOf(ctx, id)[0];

/** What DescribeInstanceAttribute answers, by the attribute's name. */
const views: Readonly<Record<Sdk.InstanceAttributeName, (ctx: Context, instance: Instance) => Attributes>> = {
  blockDeviceMapping: (ctx, { id }) => ({ BlockDeviceMappings: viewBlockDevices(ctx, id) }),
  disableApiStop: (_, { stopProtection }) => ({ DisableApiStop: { Value: stopProtection } }),
  disableApiTermination: (_, { terminationProtection }) => ({
    DisableApiTermination: { Value: terminationProtection },
  }),
  ebsOptimized: (_, { ebsOptimized }) => ({ EbsOptimized: { Value: ebsOptimized } }),
  enaSupport: (_, { enaSupport }) => ({ EnaSupport: { Value: enaSupport } }),
  enclaveOptions: (_, { enclave }) => ({ EnclaveOptions: { Enabled: enclave } }),
  groupSet: (ctx, instance) => ({ Groups: viewGroups(ctx, primaryOf(ctx, instance)?.groups ?? []) }),
  instanceInitiatedShutdownBehavior: (_, { shutdownBehavior }) => ({
    InstanceInitiatedShutdownBehavior: { Value: shutdownBehavior },
  }),
  instanceType: (_, { instanceType }) => ({ InstanceType: { Value: instanceType } }),
  kernel: () => ({ KernelId: {} }),
  productCodes: (_, { image }) => ({ ProductCodes: [...image.productCodes] }),
  ramdisk: () => ({ RamdiskId: {} }),
  rootDeviceName: (_, { image }) => ({ RootDeviceName: { Value: image.rootDeviceName } }),
  sourceDestCheck: (ctx, instance) => ({
    SourceDestCheck: { Value: primaryOf(ctx, instance)?.sourceDestCheck },
  }),
  sriovNetSupport: (_, { sriovNetSupport }) => ({
    SriovNetSupport: optional(sriovNetSupport ? "simple" : undefined),
  }),
  userData: (_, { userData }) => ({ UserData: optional(userData) }),
};

/** What ModifyInstanceAttribute can change. */
type Changeable = Required<
  Omit<Sdk.ModifyInstanceAttributeRequest, "InstanceId" | "Attribute" | "Value" | "DryRun">
>;

type Change<K extends keyof Changeable> = (
  ctx: Context,
  instance: Instance,
  value: NonNullable<Changeable[K]>,
) => void;

function required<T>(value: T | undefined, parameter: string): T {
  if (value === undefined) throw new ApiError("MissingParameter", `${parameter}.value`);
  return value;
}

/** The one interface of an instance: of several, EC2 does not guess which is meant. */
function onlyInterface(ctx: Context, { id }: Instance): NetworkInterface {
  const [first, ...others] = interfacesOf(ctx, id);
  if (!first) {
    throw new ApiError(
      "IncorrectInstanceState",
      `The instance '${id}' is not in a state from which it can be modified.`,
    );
  }
  if (others.length > 0) {
    throw new ApiError(
      "InvalidInstanceID",
      `There are multiple interfaces attached to instance '${id}'. Please specify an interface ID for the operation instead.`,
    );
  }
  return first;
}

function refuseKernel(): never {
  throw new ApiError(
    "InvalidParameterCombination",
    "A kernel or a RAM disk cannot be specified for an instance with the virtualization type 'hvm'.",
  );
}

/** @throws {ApiError} if the instance, as it is, could not run on this type */
function checkTypeFits(ctx: Context, instance: Instance, type: InstanceTypeFacts): void {
  checkBootable(type, { ...instance.image, enaSupport: instance.enaSupport });
  checkEbsOptimized(type, instance.ebsOptimized);
  checkOffered(ctx, type, instance.zone);
  const interfaces = interfacesOf(ctx, instance.id);
  checkInterfaceCount(type, interfaces.length);
  for (const eni of interfaces) {
    checkInterface(type, eni);
    checkInstanceEncryption(ctx, eni.vpcId, type.name);
  }
  checkVolumeCount(type, volumes.count(ctx, "instance", instance.id));
  const { cpu, enclave, hibernation } = instance;
  const lacks =
    (hibernation && !type.hibernation) ||
    (enclave && !type.nitroEnclaves) ||
    (cpu.amdSevSnp === "enabled" && !hasFeature(type, "amd-sev-snp"));
  if (lacks) {
    throw new ApiError(
      "InvalidParameterCombination",
      `The instance type '${type.name}' does not support what instance '${instance.id}' was launched with.`,
    );
  }
}

/** Cores and threads, credits, bandwidth and ENA queues go back to what the new type has by default. */
function changeType(ctx: Context, instance: Instance, name: string): void {
  if (isHibernated(instance)) {
    throw new ApiError(
      "UnsupportedOperation",
      `The instance type of instance '${instance.id}' cannot be changed while it is hibernated.`,
    );
  }
  const type = findInstanceType(name);
  if (!type) {
    throw new ApiError(
      "InvalidInstanceAttributeValue",
      `The following supplied instance types do not exist: [${name}]`,
    );
  }
  checkStopped(instance);
  checkTypeFits(ctx, instance, type);
  if (name === instance.instanceType) return;
  instances.update(ctx, instance.id, {
    instanceType: name,
    cpu: { ...wholeCpu(type), amdSevSnp: instance.cpu.amdSevSnp },
    creditMode: readCreditMode(ctx, type),
    bandwidthWeighting: readBandwidthWeighting(type),
  });
  for (const { id, attachment, interfaceType } of interfacesOf(ctx, instance.id)) {
    if (!attachment) continue;
    const { enaQueues } = readEnaSettings(type, wholeCpu(type), interfaceType, {});
    networkInterfaces.update(ctx, id, { attachment: { ...attachment, enaQueues } });
  }
}

const changes: { readonly [K in keyof Changeable]: Change<K> } = {
  BlockDeviceMappings: (ctx, { id }, mappings) => {
    for (const { DeviceName = "", Ebs, NoDevice, VirtualName } of mappings) {
      const volume = volumes
        .by(ctx, "instance", id)
        .find(({ attachments }) =>
          attachments.some((each) => each.instanceId === id && each.device === DeviceName),
        );
      const isAnother = Ebs?.VolumeId !== undefined && Ebs.VolumeId !== volume?.id;
      if (!volume || isAnother) {
        throw new ApiError("InvalidInstanceAttributeValue", `No device is currently mapped at ${DeviceName}`);
      }
      if (NoDevice !== undefined || VirtualName !== undefined) {
        throw new ApiError(
          "InvalidParameterCombination",
          "Only the deleteOnTermination attribute of a device can be modified.",
        );
      }
      // "If no value is specified for DeleteOnTermination, the default is true."
      setDeleteOnTermination(ctx, volume.id, id, Ebs?.DeleteOnTermination ?? true);
    }
  },

  DisableApiStop: (ctx, { id }, { Value }) => {
    instances.update(ctx, id, { stopProtection: required(Value, "disableApiStop") });
  },

  DisableApiTermination: (ctx, { id }, { Value }) => {
    instances.update(ctx, id, { terminationProtection: required(Value, "disableApiTermination") });
  },

  EbsOptimized: (ctx, instance, { Value }) => {
    const ebsOptimized = required(Value, "ebsOptimized");
    checkStopped(instance);
    checkEbsOptimized(typeOf(instance), ebsOptimized);
    instances.update(ctx, instance.id, { ebsOptimized });
  },

  EnaSupport: (ctx, instance, { Value }) => {
    const enaSupport = required(Value, "enaSupport");
    checkStopped(instance);
    checkBootable(typeOf(instance), { ...instance.image, enaSupport });
    instances.update(ctx, instance.id, { enaSupport });
  },

  EnclaveOptions: (ctx, instance, { Enabled }) => {
    if (Enabled === undefined) throw new ApiError("MissingParameter", "enclaveOptions.enabled");
    checkStopped(instance);
    if (Enabled) checkEnclave(typeOf(instance), instance.hibernation);
    checkSevSnp(ctx, { ...instance, enclave: Enabled });
    instances.update(ctx, instance.id, { enclave: Enabled });
  },

  Groups: (ctx, instance, asked) => {
    const eni = onlyInterface(ctx, instance);
    if (asked.length === 0) throw new ApiError("MissingParameter", "groupId");
    const groups = readGroups(ctx, subnets.get(ctx, eni.subnetId), asked);
    networkInterfaces.update(ctx, eni.id, { groups });
  },

  InstanceInitiatedShutdownBehavior: (ctx, { id }, { Value }) => {
    const shutdownBehavior = required(Value, "instanceInitiatedShutdownBehavior");
    if (shutdownBehavior !== "stop" && shutdownBehavior !== "terminate") {
      throw new ApiError(
        "InvalidParameterValue",
        `Value (${shutdownBehavior}) for parameter instanceInitiatedShutdownBehavior is invalid. Unknown shutdown behavior`,
      );
    }
    instances.update(ctx, id, { shutdownBehavior });
  },

  InstanceType: (ctx, instance, { Value }) => changeType(ctx, instance, required(Value, "instanceType")),

  Kernel: refuseKernel,

  Ramdisk: refuseKernel,

  SourceDestCheck: (ctx, instance, { Value }) => {
    const sourceDestCheck = required(Value, "sourceDestCheck");
    networkInterfaces.update(ctx, onlyInterface(ctx, instance).id, { sourceDestCheck });
  },

  SriovNetSupport: (ctx, instance, { Value }) => {
    const support = required(Value, "sriovNetSupport");
    if (support !== "simple") {
      throw new ApiError(
        "InvalidParameterValue",
        `Value (${support}) for parameter sriovNetSupport is invalid. Valid values: simple`,
      );
    }
    checkStopped(instance);
    instances.update(ctx, instance.id, { sriovNetSupport: true });
  },

  UserData: (ctx, instance, { Value }) => {
    checkStopped(instance);
    const userData = encodeUserData(required(Value, "userData"));
    instances.update(ctx, instance.id, { userData: userData || undefined });
  },
};

function readBoolean(text: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${text}) for parameter value is invalid. Expected: true or false`,
  );
}

/** The attributes that can be changed by their name and a text, by what the text stands for. */
const namedBooleans: ReadonlySet<Sdk.InstanceAttributeName> = new Set([
  "disableApiStop",
  "disableApiTermination",
  "ebsOptimized",
  "enaSupport",
  "sourceDestCheck",
]);
const namedTexts: ReadonlySet<Sdk.InstanceAttributeName> = new Set([
  "instanceInitiatedShutdownBehavior",
  "instanceType",
  "kernel",
  "ramdisk",
  "sriovNetSupport",
]);

/** The other way to ask for a change: the attribute's name beside its value as text. */
function readNamed(attribute: Sdk.InstanceAttributeName, text: string | undefined): Partial<Changeable> {
  if (text === undefined) throw new ApiError("MissingParameter", "value");
  const member = attribute.charAt(0).toUpperCase() + attribute.slice(1);
  if (namedBooleans.has(attribute)) return { [member]: { Value: readBoolean(text) } };
  if (namedTexts.has(attribute)) return { [member]: { Value: text } };
  if (attribute === "userData") {
    return { UserData: { Value: Buffer.from(readUserData(text) ?? "", "base64") } };
  }
  throw new ApiError(
    "InvalidParameterCombination",
    `The attribute '${attribute}' cannot be modified by a value.`,
  );
}

export const operations = {
  DescribeInstanceAttribute: ({ Attribute, InstanceId }, ctx) => {
    const instance = instances.get(ctx, InstanceId);
    return { InstanceId: instance.id, ...views[Attribute](ctx, instance) };
  },

  ModifyInstanceAttribute: ({ InstanceId, Attribute, Value, ...typed }, ctx) => {
    const instance = instances.get(ctx, InstanceId);
    const asked = {
      ...typed,
      ...(Attribute !== undefined && typed.BlockDeviceMappings === undefined && readNamed(Attribute, Value)),
    };
    const given = Object.entries(asked).filter(([name, value]) => name in changes && value !== undefined);
    const [first] = given;
    if (!first) throw new ApiError("MissingParameter", "attribute");
    if (given.length > 1) {
      throw new ApiError("InvalidParameterCombination", "Fields for multiple attribute types specified");
    }
    checkAlive(instance);
    const [name, value] = first;
    // Which change takes which value, the type of `changes` has made sure of.
    changes[name as keyof Changeable](ctx, instance, value as never);
    return {};
  },

  ResetInstanceAttribute: ({ Attribute, InstanceId }, ctx) => {
    const instance = instances.get(ctx, InstanceId);
    if (Attribute === "kernel" || Attribute === "ramdisk") refuseKernel();
    if (Attribute !== "sourceDestCheck") {
      throw new ApiError("InvalidParameterValue", `The attribute '${Attribute}' cannot be reset.`);
    }
    networkInterfaces.update(ctx, onlyInterface(ctx, instance).id, { sourceDestCheck: true });
    return {};
  },
} satisfies Handlers;
