import { allInstanceTypes } from "./instanceTypes.ts";

/** The hardware of one host of a family. */
export interface HostSize {
  readonly sockets: number;
  readonly coresPerSocket: number;
  readonly threadsPerCore: number;
  /** Memory for guests, in bytes. */
  readonly memoryBytes: number;
  /** How many instances may reside on one core. */
  readonly sharing: number;
}

const MIB = 1024 ** 2;
/** How many burstable instances may share a core. */
const BURSTABLE_SHARING = 10;

const sizes = new Map<string, HostSize | undefined>();

/**
 * A host of a family is as large as the family's largest instance, in two sockets where that can be; undefined where
 * there is no such family.
 */
export function hostSizeOf(family: string): HostSize | undefined {
  if (sizes.has(family)) return sizes.get(family);
  const size = measure(family);
  // What callers ask for and is not there is not remembered: it could be anything.
  if (size) sizes.set(family, size);
  return size;
}

function measure(family: string): HostSize | undefined {
  const types = allInstanceTypes().filter((type) => type.family === family);
  const [first] = types;
  if (!first) return undefined;
  const cores = Math.max(...types.map((type) => type.cores));
  const sockets = cores % 2 === 0 ? 2 : 1;
  return {
    sockets,
    coresPerSocket: cores / sockets,
    threadsPerCore: Math.max(...types.map((type) => type.threadsPerCore)),
    memoryBytes: Math.max(...types.map((type) => type.memoryMiB)) * MIB,
    sharing: first.burstable ? BURSTABLE_SHARING : 1,
  };
}
