import { ApiError } from "../errors.ts";
import { later, onDue, soon } from "../kit/agenda.ts";
import type { Context } from "../kit/context.ts";
import { openedCredits } from "./cpuCredits.ts";
import { instances, offHost, type Instance } from "./instance.ts";
import { completeEvents } from "./instanceEvent.ts";
import { typeOf } from "./instanceView.ts";
import { place } from "./placement.ts";

const RECOVERY = "instance-recovery";
/** About how long EC2 takes to see that a host has failed, and how long until it tries again; in seconds. */
const FIRST_SECONDS = 180;
const NEXT_SECONDS = 3600;

/**
 * Whether EC2 moves an instance away from a host that has failed.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-configuration-recovery.html
 */
const recovers = (instance: Instance): boolean =>
  instance.autoRecovery === "default" && instance.tenancy !== "host" && typeOf(instance).autoRecovery;

/**
 * Its host failed under an instance, or no host is left for it: memory and local disks are lost. It may be recovered
 * after a while.
 */
export function loseHost(ctx: Context, instance: Instance, host?: string): void {
  instances.update(ctx, instance.id, {
    ...offHost(ctx, instance),
    failedHost: { id: host, since: ctx.now },
  });
  soon(ctx, RECOVERY, instance.id, "recover", FIRST_SECONDS);
}

/**
 * Gives an instance whose host failed another one: it boots there, with its id, addresses and volumes.
 *
 * @returns false if there is none for it
 */
export function giveHost(ctx: Context, instance: Instance): boolean {
  let placed: ReturnType<typeof place>;
  try {
    placed = place(ctx, instance);
  } catch (error) {
    // No host will have it: there is no room, or none in its reservation or group.
    if (error instanceof ApiError) return false;
    throw error;
  }
  instances.update(ctx, instance.id, { failedHost: undefined, ...placed, ...openedCredits(ctx, instance) });
  // They were about the host that it is no more on.
  completeEvents(ctx, instance.id);
  return true;
}

onDue(RECOVERY, (ctx, id) => {
  const instance = instances.table(ctx).get(id);
  if (instance?.failedHost === undefined || !recovers(instance)) return;
  if (!giveHost(ctx, instance)) later(ctx, RECOVERY, id, "recover", NEXT_SECONDS);
});
