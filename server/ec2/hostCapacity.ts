import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../kit/context.ts";
import { hostSizeOf, type HostSize } from "./catalogue/hostSize.ts";
import { allInstanceTypes, type InstanceTypeFacts } from "./catalogue/instanceTypes.ts";
import type { DedicatedHost } from "./dedicatedHost.ts";
import { instances } from "./instance.ts";
import { typeOf } from "./instanceView.ts";

const MIB = 1024 ** 2;

type Hardware = Pick<DedicatedHost, "family" | "instanceType">;

/** What is left of a host: places on cores, of which a core of burstable types has several, and memory in MiB. */
interface Left {
  readonly places: number;
  readonly memoryMiB: number;
}

const wholeOf = ({ sockets, coresPerSocket, sharing, memoryBytes }: HostSize): Left => ({
  places: sockets * coresPerSocket * sharing,
  memoryMiB: memoryBytes / MIB,
});

const fit = ({ cores, memoryMiB }: InstanceTypeFacts, left: Left): number =>
  Math.floor(Math.min(left.places / cores, left.memoryMiB / memoryMiB));

/** The types that hardware takes. */
export const typesOn = ({ family, instanceType }: Hardware): readonly InstanceTypeFacts[] =>
  allInstanceTypes().filter((type) =>
    instanceType === undefined ? type.family === family && type.dedicatedHosts : type.name === instanceType,
  );

/** How many instances of each type that a host takes would find room on it; nothing on one that was released. */
export function viewHostCapacity(
  ctx: Context,
  host: Hardware & Pick<DedicatedHost, "id" | "released">,
): Sdk.AvailableCapacity | undefined {
  const size = hostSizeOf(host.family);
  if (!size || host.released !== undefined) return undefined;
  const whole = wholeOf(size);
  const left = instances.by(ctx, "dedicatedHost", host.id).reduce<Left>(
    ({ places, memoryMiB }, instance) => ({
      places: places - instance.cpu.cores,
      memoryMiB: memoryMiB - typeOf(instance).memoryMiB,
    }),
    whole,
  );
  return {
    AvailableInstanceCapacity: typesOn(host).map((type) => ({
      InstanceType: type.name,
      AvailableCapacity: fit(type, left),
      TotalCapacity: fit(type, whole),
    })),
    AvailableVCpus: Math.floor(left.places / size.sharing) * size.threadsPerCore,
  };
}

export function viewHostProperties({ family, instanceType }: Hardware): Sdk.HostProperties | undefined {
  const size = hostSizeOf(family);
  if (!size) return undefined;
  const cores = size.sockets * size.coresPerSocket;
  return {
    Cores: cores,
    // A host for one type names no family: aws-solutions/cloud-migration-factory-on-aws#29.
    ...(instanceType === undefined ? { InstanceFamily: family } : { InstanceType: instanceType }),
    Sockets: size.sockets,
    TotalVCpus: cores * size.threadsPerCore,
  };
}
