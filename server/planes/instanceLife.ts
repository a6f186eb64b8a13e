import { inMode, openAccount } from "../../hypervisor/credits.ts";
import { HypervisorFault } from "../../hypervisor/fault.ts";
import type { Fleet } from "../../hypervisor/fleet.ts";
import { canResume, isHibernated } from "../ec2/hibernation.ts";
import { isOnHost, type Instance } from "../ec2/instance.ts";
import { volumes, type Volume } from "../ec2/volume.ts";
import type { CpuUse, CreditBalance, LaunchRequest } from "../kit/world.ts";
import type { Unit } from "../state/unit.ts";

/** Where the memory of a hibernated instance is kept: on its root volume, beside what its guest sees of that. */
const imageOn = (volumeId: string): string => `${volumeId}/memory`;

function rootImage(unit: Unit, { id, image }: Instance): string | undefined {
  const root = volumes
    .table({ unit })
    .by("instance", id)
    .find(({ attachments }) =>
      attachments.some(({ instanceId, device }) => instanceId === id && device === image.rootDeviceName),
    );
  return root && imageOn(root.id);
}

/** Does on the hosts what a change of an instance's row says. */
export function followInstance(
  fleet: Fleet,
  unit: Unit,
  before: Instance | undefined,
  after: Instance | undefined,
): void {
  const was = before !== undefined && isOnHost(before);
  const is = after !== undefined && isOnHost(after);
  if (before && was && !is) leave(fleet, unit, before, after);
  if (after && is) stay(fleet, unit, before, after);
}

function leave(fleet: Fleet, unit: Unit, before: Instance, after: Instance | undefined): void {
  const { id } = before;
  if (after?.failedHost) {
    const { id: host } = after.failedHost;
    if (host !== undefined) failHost(fleet, host);
    return;
  }
  const image = after?.state === "stopping" && isHibernated(after) ? rootImage(unit, after) : undefined;
  if (image !== undefined) fleet.hibernation.begin(id, image);
  else fleet.release(id, after?.state === "stopping" || after?.state === "stopped" ? "stop" : "terminate");
}

/** A host whose power is gone takes all its instances with it, whichever of them is heard of first. */
export function failHost(fleet: Fleet, id: string): void {
  if (fleet.host(id)?.state !== "failed") fleet.failHost(id);
}

function stay(fleet: Fleet, unit: Unit, before: Instance | undefined, after: Instance): void {
  const { id, workload } = after;
  if (before && isOnHost(before) && after.reboots > before.reboots) fleet.reboot(id);
  if (before && isHibernated(before)) wake(fleet, before, after, rootImage(unit, after));
  if (workload && workload !== before?.workload) fleet.workloads.restore(id, workload.load, workload.credits);
}

/** What cannot be resumed from boots anew: the root volume is another one, or was tampered with, or it is too long ago. */
function wake(fleet: Fleet, before: Instance, { id, launched }: Instance, image: string | undefined): void {
  if (image === undefined) return;
  try {
    if (canResume(before, launched)) fleet.hibernation.resume(id, image);
  } catch (error) {
    if (!(error instanceof HypervisorFault) || error.code !== "bad-image") throw error;
  }
  fleet.hibernation.discard(image);
}

/** A volume that is taken from its instance takes no memory of it along. */
export function followVolume(fleet: Fleet, before: Volume | undefined, after: Volume | undefined): void {
  const kept = after?.attachments.length ?? 0;
  if (before && kept < before.attachments.length) fleet.hibernation.discard(imageOn(before.id));
}

/** After a restart: an instance that was placed again is as busy, and as rich in credits, as it had become. */
export function restoreWorkload(
  fleet: Fleet,
  { id, workload, launched }: Instance,
  { credits: terms }: Pick<LaunchRequest, "credits">,
): void {
  const opened = terms && openAccount(terms.rates, terms.mode, launched, terms.kept);
  fleet.workloads.restore(id, workload?.load ?? 0, workload?.credits ?? opened);
}

/** See {@link HostWorld.cpu}. */
export function cpuOf(fleet: Fleet, id: string, mode?: CreditBalance["mode"]): CpuUse | undefined {
  const view = fleet.workloads.view(id);
  if (view?.credits === undefined || mode === undefined) return view;
  return { ...view, credits: inMode(view.credits, mode) };
}
