import { instances, isOnHost, type Instance } from "../ec2/instance.ts";
import { creditTermsOf } from "../ec2/cpuCredits.ts";
import type { Cloud } from "../cloud.ts";
import { ApiError } from "../errors.ts";
import type { CpuUse, CreditBalance } from "../kit/world.ts";
import type { Hosts } from "../planes/hosts.ts";
import type { Unit } from "../state/unit.ts";
import { base64, bytes, count, guarded, regionOf, required } from "./fields.ts";
import { allow, invalid, text, type Fields, type Route } from "./operator.ts";

/**
 * What a test does in the place of a guest with its local disks and its vCPUs, and what it sees of CPU credits. Bytes are
 * base64, offsets and lengths in bytes, loads in percent of each vCPU.
 */
export function instanceRoutes(
  hosts: Hosts,
  cloud: () => Cloud,
  regions: ReadonlySet<string>,
): Readonly<Record<string, Route>> {
  /** The rows of the call's region. */
  const unitOf = (fields: Fields): Unit => cloud().unit(regionOf(fields, regions));
  const viewOf = (unit: Unit, instance: Instance) =>
    viewCpu(instance, hosts.cpu(unit.name, instance.id), cloud().clock.now());
  return {
    "POST stores/read": guarded((fields) => {
      allow(fields, "Region", "InstanceId", "Device", "Offset", "Length");
      const fleet = hosts.fleet(unitOf(fields).name);
      const place = [count(fields, "Device"), count(fields, "Offset"), count(fields, "Length")] as const;
      return { Bytes: base64(fleet.guests.readStore(required(fields, "InstanceId"), ...place)) };
    }),

    "POST stores/write": guarded((fields) => {
      allow(fields, "Region", "InstanceId", "Device", "Offset", "Bytes");
      const fleet = hosts.fleet(unitOf(fields).name);
      const place = [count(fields, "Device"), count(fields, "Offset")] as const;
      fleet.guests.writeStore(required(fields, "InstanceId"), ...place, bytes(fields));
    }),

    "POST workloads": (fields) => {
      allow(fields, "Region", "InstanceId", "Percent");
      const unit = unitOf(fields);
      const { id, account } = instanceNamed(unit, required(fields, "InstanceId"));
      const load = percent(fields);
      cloud().pipeline.act(unit, "workload", (contextOf) => {
        const instance = instanceNamed(unit, id);
        if (!isOnHost(instance)) throw offHost(id);
        const credits = hosts.cpu(unit.name, id)?.credits;
        instances.update(contextOf(account), id, { workload: { load, credits } });
      });
      hosts.fleet(unit.name).tick();
      return viewOf(unit, instanceNamed(unit, id));
    },

    "GET credits": (fields) => {
      allow(fields, "Region", "InstanceId");
      const unit = unitOf(fields);
      const id = text(fields, "InstanceId");
      const named = id === undefined ? undefined : [instanceNamed(unit, id)];
      const rows = named ?? [...instances.table({ unit }).all()];
      const burstable = rows.filter(
        ({ creditMode, state }) => creditMode !== undefined && state !== "terminated",
      );
      return { Credits: burstable.map((instance) => viewOf(unit, instance)) };
    },
  };
}

/** @throws {ApiError} InvalidInstanceID.NotFound */
export function instanceNamed(unit: Unit, id: string): Instance {
  const instance = instances.table({ unit }).get(id);
  if (!instance) throw new ApiError("InvalidInstanceID.NotFound", id);
  return instance;
}

export const offHost = (id: string): ApiError =>
  new ApiError("IncorrectInstanceState", `The instance '${id}' is on no host.`);

function percent(fields: Fields): number {
  const value = fields["Percent"];
  if (typeof value === "number" && value >= 0 && value <= 100) return value;
  throw invalid("Percent", value);
}

/** Digits beyond a millionth are noise of binary fractions. */
const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;

/** By the names of CloudWatch's metrics; a stopped instance has what it kept, as long as it is kept. */
function viewCpu(instance: Instance, cpu: CpuUse | undefined, now: number) {
  const { id, instanceType, creditMode } = instance;
  const kept = cpu ? undefined : creditTermsOf(instance, now)?.kept;
  const balance = cpu?.credits ?? kept;
  return {
    InstanceId: id,
    InstanceType: instanceType,
    Percent: cpu?.load ?? 0,
    CPUUtilization: rounded(cpu?.used ?? 0),
    ...(creditMode !== undefined && { CpuCredits: creditMode, ...viewBalance(balance) }),
  };
}

const viewBalance = (balance: CreditBalance | undefined) => ({
  CPUCreditUsage: rounded(balance?.used ?? 0),
  CPUCreditBalance: rounded((balance?.launch ?? 0) + (balance?.earned ?? 0)),
  CPUSurplusCreditBalance: rounded(balance?.surplus ?? 0),
  CPUSurplusCreditsCharged: rounded(balance?.charged ?? 0),
});
