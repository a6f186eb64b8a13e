import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { declareQuota, limitOf, type Quota } from "../kit/quotas.ts";
import { availableIn, capacityReservations } from "./capacityReservation.ts";
import { findInstanceType, type InstanceTypeFacts } from "./catalogue/instanceTypes.ts";
import { instances, type Instance } from "./instance.ts";

const quotaOf = (code: string, what: string, usual: number): Quota =>
  declareQuota({
    code,
    name: `Running On-Demand ${what} instances`,
    usual,
    error: (limit) => new ApiError("VcpuLimitExceeded", limit),
  });

const graphics = quotaOf("L-DB2E81BA", "G and VT", 0);

/**
 * By the letters that the names of families begin with; all others are standard. A new account may run standard
 * instances alone.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#on-demand-instance-limits
 */
const special: ReadonlyMap<string, Quota> = new Map([
  ["dl", quotaOf("L-6E869C2A", "DL", 0)],
  ["f", quotaOf("L-74FC7D96", "F", 0)],
  ["g", graphics],
  ["gr", graphics],
  ["vt", graphics],
  ["u", quotaOf("L-43DA4232", "High Memory", 0)],
  ["hpc", quotaOf("L-F7808C92", "HPC", 0)],
  ["inf", quotaOf("L-1945791B", "Inf", 0)],
  ["p", quotaOf("L-417A185B", "P", 0)],
  ["trn", quotaOf("L-2C3B7624", "Trn", 0)],
  ["x", quotaOf("L-7295265B", "X", 0)],
]);
const standard = quotaOf("L-1216C47A", "Standard (A, C, D, H, I, M, R, T, Z)", 5);

const quotaFor = (family: string): Quota => special.get(/^[a-z]+/.exec(family)?.[0] ?? "") ?? standard;

function vcpusOf(instanceType: string, quota: Quota): number {
  const type = findInstanceType(instanceType);
  return type && quotaFor(type.family) === quota ? type.vcpus : 0;
}

/** vCPUs that an instance has from when it is launched until it is stopped or terminated; Dedicated Hosts do not count. */
const vcpusIn = ({ state, tenancy, instanceType }: Instance, quota: Quota): number =>
  (state === "pending" || state === "running") && tenancy !== "host" ? vcpusOf(instanceType, quota) : 0;

/** "Capacity Reservations count towards your On-Demand Instance limits", used or not. */
const unusedVcpus = (ctx: Context, quota: Quota): number =>
  capacityReservations
    .own(ctx)
    .reduce((sum, row) => sum + availableIn(ctx, row) * vcpusOf(row.instanceType, quota), 0);

/**
 * How many more instances of a type may run.
 *
 * @param reserved how many of them have been counted, as room that is reserved
 * @throws {ApiError} VcpuLimitExceeded if that is less than `least`
 */
export function roomInQuota(
  ctx: Context,
  { family, vcpus }: InstanceTypeFacts,
  least: number,
  reserved = 0,
): number {
  const quota = quotaFor(family);
  const limit = limitOf(ctx, quota);
  if (limit === Number.POSITIVE_INFINITY) return limit;
  const running = instances.own(ctx).reduce((sum, instance) => sum + vcpusIn(instance, quota), 0);
  const used = running + unusedVcpus(ctx, quota) - reserved * vcpus;
  const room = Math.max(Math.floor((limit - used) / vcpus), 0);
  if (room < least) throw quota.error(limit, "");
  return room;
}
