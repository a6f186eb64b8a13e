import { ApiError } from "../errors.ts";
import { onDue, soon } from "../kit/agenda.ts";
import type { Context } from "../kit/context.ts";
import { tagsOf } from "../kit/tags.ts";
import { dedicatedHosts, giveBack, type DedicatedHost } from "./dedicatedHost.ts";
import { instances, type Instance } from "./instance.ts";
import { giveHost } from "./instanceRecovery.ts";

const ASSESSMENT = "host-assessment";
/** About how long EC2 takes to see what a host that does not answer is good for, in seconds. */
const ASSESSMENT_SECONDS = 300;

/** A Dedicated Host has lost its power. */
export function failDedicatedHost(ctx: Context, id: string): void {
  const host = dedicatedHosts.table(ctx).get(id);
  if (!host || host.released !== undefined) return;
  dedicatedHosts.update(ctx, id, { condition: "under-assessment" });
  soon(ctx, ASSESSMENT, id, "assess", ASSESSMENT_SECONDS);
}

/** A Dedicated Host has power again. */
export function repairDedicatedHost(ctx: Context, id: string): void {
  const host = dedicatedHosts.table(ctx).get(id);
  if (host && host.released === undefined) dedicatedHosts.update(ctx, id, { condition: "good" });
}

onDue(ASSESSMENT, (ctx, id) => {
  const host = dedicatedHosts.table(ctx).get(id);
  if (host?.condition !== "under-assessment" || host.released !== undefined) return;
  dedicatedHosts.update(ctx, id, { condition: "permanent-failure" });
  if (host.recovery === "on") replace(ctx, host);
});

/**
 * Its instances start again on another host, which is like the one that has failed and has its tags; that one is released.
 * Where there is no other, they wait.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/dedicated-hosts-recovery.html
 */
function replace(ctx: Context, host: DedicatedHost): void {
  const { id: _, seq: __, created: ___, account, ...attributes } = host;
  const id = dedicatedHosts.newId(ctx);
  try {
    ctx.world.hosts.allocateHost(ctx, { id, zone: host.zone, family: host.family });
  } catch (error) {
    if (error instanceof ApiError) return;
    throw error;
  }
  dedicatedHosts.create(
    ctx,
    { ...attributes, condition: "good", configuring: false },
    tagsOf(ctx, host.id, account),
    id,
  );
  for (const instance of instances.own(ctx)) {
    if (instance.dedicatedHost?.id === host.id) move(ctx, instance, id);
  }
  giveBack(ctx, host.id);
}

/** What ran there runs on the other host; what is to start there and nowhere else is to start on the other. */
function move(ctx: Context, { id, dedicatedHost, failedHost }: Instance, to: string): void {
  if (!dedicatedHost || !(failedHost || dedicatedHost.only)) return;
  const instance = instances.update(ctx, id, { dedicatedHost: { ...dedicatedHost, id: to, only: true } });
  if (failedHost) giveHost(ctx, instance);
}
