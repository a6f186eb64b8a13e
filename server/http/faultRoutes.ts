import type { EventCode } from "@aws-sdk/client-ec2";
import type { Cloud } from "../cloud.ts";
import { dedicatedHosts } from "../ec2/dedicatedHost.ts";
import { failDedicatedHost, repairDedicatedHost } from "../ec2/hostRecovery.ts";
import { instances, isOnHost, type Instance } from "../ec2/instance.ts";
import { schedule, type InstanceEvent } from "../ec2/instanceEvent.ts";
import { giveHost, loseHost } from "../ec2/instanceRecovery.ts";
import { volumes } from "../ec2/volume.ts";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Hosts } from "../planes/hosts.ts";
import type { Unit } from "../state/unit.ts";
import { count, regionOf } from "./fields.ts";
import { instanceNamed, offHost } from "./instanceRoutes.ts";
import { allow, invalid, text, type Fields, type Route } from "./operator.ts";

/** What the instances of a host are then scheduled for. */
const hostEvents: ReadonlyMap<string, EventCode> = new Map([
  ["host-maintenance", "system-maintenance"],
  ["host-reboot", "system-reboot"],
  ["host-retirement", "instance-retirement"],
]);

/** What one instance is then scheduled for. */
const instanceEventKinds: ReadonlyMap<string, EventCode> = new Map([
  ["instance-reboot", "instance-reboot"],
  ["instance-stop", "instance-stop"],
]);

/** What it met with. */
interface Outcome {
  readonly Instances?: readonly string[];
  readonly Volumes?: readonly string[];
  readonly Events?: readonly string[];
}

/** What befalls hosts, instances and volumes, as an operator wants it. */
export function faultRoutes(
  hosts: Hosts,
  cloud: () => Cloud,
  regions: ReadonlySet<string>,
): Readonly<Record<string, Route>> {
  const unitOf = (fields: Fields): Unit => cloud().unit(regionOf(fields, regions));

  const act = <T>(unit: Unit, kind: string, work: (contextOf: (account: string) => Context) => T): T =>
    cloud().pipeline.act(unit, kind, work);

  /** The host that a call names: its own id, or one of its instances. */
  function hostNamed(fields: Fields, unit: Unit): string {
    const id = text(fields, "HostId");
    if (id !== undefined) return id;
    const instance = text(fields, "InstanceId");
    if (instance === undefined) throw new ApiError("MissingParameter", "HostId or InstanceId");
    const host = hosts.fleet(unit.name).placement(instanceNamed(unit, instance).id)?.host;
    if (host === undefined) throw offHost(instance);
    return host;
  }

  function residents(unit: Unit, host: string): Instance[] {
    const owners = hosts.fleet(unit.name).owners(host);
    if (!owners) throw new ApiError("InvalidHostID.NotFound", host);
    return owners.flatMap(({ instance }) => instances.table({ unit }).get(instance) ?? []);
  }

  /** Whose Dedicated Host it is. */
  const ownerOf = (unit: Unit, host: string): string | undefined =>
    dedicatedHosts.table({ unit }).get(host)?.account;

  function failHost(unit: Unit, host: string): Outcome {
    const lost = residents(unit, host);
    act(unit, "host-failure", (contextOf) => {
      for (const instance of lost) loseHost(contextOf(instance.account), instance, host);
      const owner = ownerOf(unit, host);
      if (owner !== undefined) failDedicatedHost(contextOf(owner), host);
    });
    hosts.fail(unit.name, host);
    return { Instances: idsOf(lost) };
  }

  /** After a restart of the server a failed host is no more; its instances are waiting for it all the same. */
  function repairHost(unit: Unit, host: string): Outcome {
    const waiting = [...instances.table({ unit }).all()].filter(({ failedHost }) => failedHost?.id === host);
    const known = hosts.fleet(unit.name).host(host);
    if (!known && waiting.length === 0) throw new ApiError("InvalidHostID.NotFound", host);
    if (known) hosts.fleet(unit.name).repairHost(host);
    const owner = ownerOf(unit, host);
    const back = act(unit, "host-repair", (contextOf) => {
      if (owner !== undefined) repairDedicatedHost(contextOf(owner), host);
      return waiting.filter((instance) => giveHost(contextOf(instance.account), instance));
    });
    return { Instances: idsOf(back) };
  }

  /** Who has the frame keeps it as long as it stays on the host. */
  function breakFrame(unit: Unit, fields: Fields): Outcome {
    const host = hostNamed(fields, unit);
    residents(unit, host);
    const frame = count(fields, "Frame");
    const fleet = hosts.fleet(unit.name);
    if (fleet.host(host)?.memory.statusOf(frame) === undefined) throw invalid("Frame", String(frame));
    const owner = fleet.condemnFrame(host, frame);
    return { Instances: owner === undefined ? [] : [owner] };
  }

  function scheduleAll(
    unit: Unit,
    affected: readonly Instance[],
    code: EventCode,
    at: number | undefined,
  ): Outcome {
    const fleet = hosts.fleet(unit.name);
    const events = act(unit, code, (contextOf): InstanceEvent[] =>
      affected.map((instance) =>
        schedule(contextOf(instance.account), instance, code, fleet.placement(instance.id)?.host, at),
      ),
    );
    return { Instances: idsOf(affected), Events: idsOf(events) };
  }

  function scheduleOnHost(unit: Unit, fields: Fields, kind: string, code: EventCode): Outcome {
    const host = hostNamed(fields, unit);
    const outcome = scheduleAll(unit, residents(unit, host), code, timeOf(fields));
    if (kind === "host-retirement") hosts.fleet(unit.name).retireHost(host);
    return outcome;
  }

  function instanceOnHost(unit: Unit, fields: Fields): Instance {
    const id = text(fields, "InstanceId");
    if (id === undefined) throw new ApiError("MissingParameter", "InstanceId");
    const instance = instanceNamed(unit, id);
    if (!isOnHost(instance)) throw offHost(id);
    return instance;
  }

  function impair(unit: Unit, fields: Fields, impaired: boolean): Outcome {
    const instance = instanceOnHost(unit, fields);
    act(unit, "impairment", (contextOf) => {
      const ctx = contextOf(instance.account);
      const impairedSince = impaired ? (instance.impairedSince ?? ctx.now) : undefined;
      instances.update(ctx, instance.id, { impairedSince });
    });
    return { Instances: [instance.id] };
  }

  function stall(unit: Unit, fields: Fields, stalled: boolean): Outcome {
    const id = text(fields, "VolumeId");
    if (id === undefined) throw new ApiError("MissingParameter", "VolumeId");
    const volume = volumes.table({ unit }).get(id);
    if (!volume) throw new ApiError("InvalidVolume.NotFound", id);
    act(unit, "stall", (contextOf) => {
      const ctx = contextOf(volume.account);
      volumes.update(ctx, id, { stalledSince: stalled ? (volume.stalledSince ?? ctx.now) : undefined });
    });
    return { Volumes: [id] };
  }

  const kinds: ReadonlyMap<string, (unit: Unit, fields: Fields) => Outcome> = new Map([
    ["host-failure", (unit: Unit, fields: Fields) => failHost(unit, hostNamed(fields, unit))],
    ["host-repair", (unit, fields) => repairHost(unit, hostNamed(fields, unit))],
    ["memory-failure", breakFrame],
    ["instance-failure", (unit, fields) => impair(unit, fields, true)],
    ["instance-repair", (unit, fields) => impair(unit, fields, false)],
    ["volume-failure", (unit, fields) => stall(unit, fields, true)],
    ["volume-repair", (unit, fields) => stall(unit, fields, false)],
  ]);

  return {
    "POST faults": (fields) => {
      allow(fields, "Region", "Kind", "HostId", "InstanceId", "VolumeId", "Frame", "NotBefore");
      const unit = unitOf(fields);
      const kind = text(fields, "Kind") ?? "";
      const onHost = hostEvents.get(kind);
      if (onHost) return scheduleOnHost(unit, fields, kind, onHost);
      const onInstance = instanceEventKinds.get(kind);
      if (onInstance) {
        return scheduleAll(unit, [instanceOnHost(unit, fields)], onInstance, timeOf(fields));
      }
      const befall = kinds.get(kind);
      if (!befall) throw invalid("Kind", fields["Kind"]);
      return befall(unit, fields);
    },

    /** What is wrong now. */
    "GET faults": (fields) => {
      allow(fields, "Region");
      const unit = unitOf(fields);
      const fleet = hosts.fleet(unit.name);
      return {
        Hosts: fleet.hosts().flatMap(({ host, state }) => {
          const broken = fleet.host(host)?.memory.broken ?? 0;
          if (state === "available" && broken === 0) return [];
          return [{ HostId: host, State: state, ...(broken > 0 && { BrokenFrames: broken }) }];
        }),
        Instances: [...instances.table({ unit }).all()].flatMap(({ id, failedHost, impairedSince }) =>
          failedHost || impairedSince !== undefined
            ? [{ InstanceId: id, FailedHost: failedHost?.id, ImpairedSince: isoOf(impairedSince) }]
            : [],
        ),
        Volumes: [...volumes.table({ unit }).all()].flatMap(({ id, stalledSince }) =>
          stalledSince === undefined ? [] : [{ VolumeId: id, StalledSince: isoOf(stalledSince) }],
        ),
      };
    },
  };
}

const idsOf = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id);

const isoOf = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();

/** When an event is to be, if the call says so; milliseconds since the epoch. */
function timeOf(fields: Fields): number | undefined {
  const value = text(fields, "NotBefore");
  if (value === undefined) return undefined;
  const at = Date.parse(value);
  if (!Number.isFinite(at)) throw invalid("NotBefore", value);
  return at;
}
