import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { InstanceTypeFacts } from "./catalogue/instanceTypes.ts";
import type { CpuOptions } from "./instance.ts";

/** Whether packets travel as scalable reliable datagrams where both ends let them; for UDP only with the other. */
interface EnaExpress {
  readonly enabled: boolean;
  readonly udp: boolean;
}

/** How an interface uses the Elastic Network Adapter of the instance that it is attached to. */
export interface EnaSettings {
  /** Absent where nobody ever said. */
  readonly enaExpress?: EnaExpress | undefined;
  /** How many queues it has; absent on a type where their number cannot be chosen. */
  readonly enaQueues?: number | undefined;
}

/** An attachment, as far as others on its network card must know of it. */
export interface EnaPlace extends EnaSettings {
  readonly networkCardIndex: number;
}

/** What calls say of it. */
export interface EnaRequest {
  readonly EnaSrdSpecification?: Sdk.EnaSrdSpecification | Sdk.EnaSrdSpecificationRequest | undefined;
  readonly EnaQueueCount?: number | undefined;
}

const unsupported = (what: string, { name }: Pick<InstanceTypeFacts, "name">): ApiError =>
  new ApiError("InvalidParameterCombination", `${what} not supported on ${name}.`);

/** @throws {ApiError} InvalidParameterCombination for a type without ENA Express */
export function checkEnaExpress(type: InstanceTypeFacts, { enaExpress }: EnaSettings): void {
  if (enaExpress?.enabled && !type.enaExpress) throw unsupported("ENA Express is", type);
}

/**
 * What ENA Express is to be, where it may have been something before: what a call does not say stays. A packet is never
 * lost for it: one that is too long for it travels as ever.
 *
 * @throws {ApiError} InvalidParameterCombination for a type without it, and for UDP alone
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ena-express.html
 */
function readEnaExpress(
  type: InstanceTypeFacts,
  asked: EnaRequest["EnaSrdSpecification"],
  before?: EnaExpress,
): EnaExpress | undefined {
  if (!asked) return before;
  const udp = asked.EnaSrdUdpSpecification?.EnaSrdUdpEnabled;
  const enaExpress = {
    enabled: asked.EnaSrdEnabled ?? before?.enabled ?? false,
    udp: udp ?? before?.udp ?? false,
  };
  checkEnaExpress(type, { enaExpress });
  // What was on for UDP stays so while ENA Express is off.
  if (udp && !enaExpress.enabled) {
    throw new ApiError(
      "InvalidParameterCombination",
      "To enable ENA Express for UDP traffic, you must first enable ENA Express.",
    );
  }
  return enaExpress;
}

/**
 * How many queues an interface is to have: as many as a call says, or as is usual.
 *
 * @throws {ApiError} InvalidParameterCombination for a type where they cannot be chosen, InvalidParameterValue
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ena-queues.html
 */
function readEnaQueues(
  type: InstanceTypeFacts,
  { cores, threadsPerCore }: CpuOptions,
  asked?: number,
): number | undefined {
  if (asked === undefined) return type.enaQueues?.usual;
  if (!type.enaQueues) throw unsupported("Flexible ENA queues are", type);
  const most = Math.min(type.enaQueues.perInterface, cores * threadsPerCore);
  if (asked < 1 || asked > most || !Number.isInteger(Math.log2(asked))) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${asked}) for parameter enaQueueCount is invalid. It must be a power of 2 of at most ${most}.`,
    );
  }
  return asked;
}

/**
 * As `readEnaExpress` and `readEnaQueues`; an EFA-only interface has no ENA device.
 *
 * @param before of an attachment that is there
 */
export function readEnaSettings(
  type: InstanceTypeFacts,
  cpu: CpuOptions,
  interfaceType: string | undefined,
  { EnaSrdSpecification, EnaQueueCount }: EnaRequest,
  before: EnaSettings = {},
): EnaSettings {
  if (interfaceType !== "efa-only") {
    return {
      enaExpress: readEnaExpress(type, EnaSrdSpecification, before.enaExpress),
      enaQueues: readEnaQueues(type, cpu, EnaQueueCount),
    };
  }
  if (EnaSrdSpecification?.EnaSrdEnabled || EnaQueueCount !== undefined) {
    throw new ApiError("InvalidParameterCombination", "EFA-only network interfaces have no ENA device.");
  }
  return {};
}

/**
 * Makes sure that each network card has the queues of all the interfaces that are to be on it.
 *
 * @throws {ApiError} InvalidParameterCombination
 */
export function checkEnaQueues(
  { name, enaQueues, networkCards }: InstanceTypeFacts,
  places: readonly EnaPlace[],
): void {
  if (!enaQueues) return;
  const most = enaQueues.perInstance / networkCards;
  const sums = new Map<number, number>();
  for (const { networkCardIndex, enaQueues: count = 0 } of places) {
    const sum = (sums.get(networkCardIndex) ?? 0) + count;
    if (sum > most) {
      throw new ApiError(
        "InvalidParameterCombination",
        `ENA queue count ${sum} of network card ${networkCardIndex} exceeds the limit of ${most} for ${name}.`,
      );
    }
    sums.set(networkCardIndex, sum);
  }
}
