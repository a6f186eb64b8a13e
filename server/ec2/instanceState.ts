import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import {
  beginStop,
  beginTermination,
  finishTermination,
  instances,
  isOnHost,
  type Instance,
} from "./instance.ts";
import { openedCredits } from "./cpuCredits.ts";
import { completeEvents } from "./instanceEvent.ts";
import { interfacesOf, viewState } from "./instanceView.ts";
import { lendPublicAddress } from "./lentAddress.ts";
import { countInQuota, place } from "./placement.ts";

/** About how long EC2 takes, in seconds. */
const BOOT_SECONDS = 15;

/** Lets a pending instance boot. */
export function boot(ctx: Context, { id }: Instance): void {
  instances.soon(ctx, id, "running", BOOT_SECONDS);
}

/**
 * Changes the states of several instances; if that fails for one of them, none is changed.
 *
 * @param change returns the instance as it is now: the same row if there is nothing to do
 */
function changeStates(
  ctx: Context,
  ids: readonly string[],
  change: (instance: Instance) => Instance,
): Sdk.InstanceStateChange[] {
  return instances.getAll(ctx, ids).map((before) => ({
    InstanceId: before.id,
    CurrentState: viewState(change(before).state),
    PreviousState: viewState(before.state),
  }));
}

function refuseReserved(additionalInfo: string | undefined): void {
  if (additionalInfo !== undefined) {
    throw new ApiError("UnsupportedOperation", "The parameter additionalInfo is reserved.");
  }
}

function start(ctx: Context, instance: Instance): Instance {
  const { id, state } = instance;
  if (state === "pending" || state === "running") return instance;
  if (state !== "stopped") {
    throw new ApiError(
      "IncorrectInstanceState",
      `The instance '${id}' is not in a state from which it can be started.`,
    );
  }
  countInQuota(ctx, instance, 1);
  const placed = place(ctx, instance);
  const [primary, ...others] = interfacesOf(ctx, id);
  // Beside a second interface, none is lent a public address: EC2 would not know to which.
  if (primary && others.length === 0) lendPublicAddress(ctx, primary);
  const started = instances.update(ctx, id, {
    state: "pending",
    ended: undefined,
    launched: ctx.now,
    ...placed,
    ...openedCredits(ctx, instance),
  });
  boot(ctx, started);
  return started;
}

interface StopOptions {
  readonly hibernate: boolean;
  readonly powerOff: boolean;
}

function stop(ctx: Context, instance: Instance, { hibernate, powerOff }: StopOptions): Instance {
  const { id, state, created, launched } = instance;
  if (state === "pending" && launched === created) {
    throw new ApiError(
      "IncorrectInstanceState",
      `Instance '${id}' cannot be stopped as it has never reached the 'running' state.`,
    );
  }
  if (state === "pending" || state === "shutting-down" || state === "terminated") {
    throw new ApiError(
      "IncorrectInstanceState",
      `This instance '${id}' is not in a state from which it can be stopped.`,
    );
  }
  if (instance.stopProtection) {
    throw new ApiError(
      "OperationNotPermitted",
      `The instance '${id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`,
    );
  }
  if (hibernate && !instance.hibernation) {
    throw new ApiError(
      "UnsupportedHibernationConfiguration",
      `The instance can't be hibernated because it was not configured at launch for hibernation: ${id}`,
    );
  }
  if (state !== "running") return instance;
  completeEvents(ctx, id);
  // "If the instance cannot hibernate successfully, a normal shutdown occurs": here, because its host has failed.
  const hibernates = hibernate && isOnHost(instance);
  const reason = hibernates ? "Client.UserInitiatedHibernate" : "Client.UserInitiatedShutdown";
  return beginStop(ctx, instance, reason, { powerOff });
}

function terminate(ctx: Context, instance: Instance, powerOff: boolean): Instance {
  const { id, state } = instance;
  if (state === "shutting-down" || state === "terminated") return instance;
  if (instance.terminationProtection) {
    throw new ApiError(
      "OperationNotPermitted",
      `The instance '${id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
    );
  }
  completeEvents(ctx, id);
  if (state === "stopped") {
    // Nothing runs that would have to be shut down first.
    instances.update(ctx, id, { ended: { reason: "Client.UserInitiatedShutdown", at: ctx.now } });
    return finishTermination(ctx, id);
  }
  return beginTermination(ctx, instance, powerOff);
}

function reboot(ctx: Context, { id, state, reboots }: Instance): void {
  // "Requests to reboot terminated instances are ignored."
  if (state === "shutting-down" || state === "terminated") return;
  if (state !== "running") {
    throw new ApiError(
      "IncorrectInstanceState",
      `The instance '${id}' is not in a state from which it can be rebooted.`,
    );
  }
  completeEvents(ctx, id, ["instance-reboot"]);
  instances.update(ctx, id, { reboots: reboots + 1, impairedSince: undefined });
}

const MAX_TERMINATED = 1000;

export const operations = {
  RebootInstances: ({ InstanceIds }, ctx) => {
    for (const instance of instances.getAll(ctx, InstanceIds)) reboot(ctx, instance);
    return {};
  },

  StartInstances: ({ InstanceIds, AdditionalInfo }, ctx) => {
    refuseReserved(AdditionalInfo);
    return { StartingInstances: changeStates(ctx, InstanceIds, (instance) => start(ctx, instance)) };
  },

  // No guest of ours is ever stuck, so that Force has nothing to force.
  StopInstances: ({ InstanceIds, Hibernate: hibernate = false, SkipOsShutdown: powerOff = false }, ctx) => {
    if (hibernate && powerOff) {
      throw new ApiError(
        "InvalidParameterCombination",
        "The parameter hibernate cannot be used with the parameter skipOsShutdown",
      );
    }
    return {
      StoppingInstances: changeStates(ctx, InstanceIds, (instance) =>
        stop(ctx, instance, { hibernate, powerOff }),
      ),
    };
  },

  // EC2 terminates those in zones without a protected one, and answers with the error all the same; here, as
  // everywhere, an error means that nothing has happened.
  TerminateInstances: ({ InstanceIds, SkipOsShutdown = false }, ctx) => {
    if (InstanceIds.length > MAX_TERMINATED) {
      throw new ApiError(
        "InvalidParameterValue",
        `The maximum number of instance IDs that can be terminated at once is ${MAX_TERMINATED}.`,
      );
    }
    return {
      TerminatingInstances: changeStates(ctx, InstanceIds, (instance) =>
        terminate(ctx, instance, SkipOsShutdown),
      ),
    };
  },
} satisfies Handlers;
