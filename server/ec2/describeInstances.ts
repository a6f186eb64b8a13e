import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { compileFilters } from "../kit/filters.ts";
import type { Handlers } from "../kit/handlers.ts";
import { takePage } from "../kit/pages.ts";
import { instances, type Instance } from "./instance.ts";
import { describeInstancesFilterNames, describeInstancesFilters } from "./instanceFilters.ts";

interface Shown {
  readonly row: Instance;
  readonly view: Sdk.Instance;
}

/** Instances by the launch that they came from. EC2 names no groups here but for EC2-Classic, which is gone. */
function groupByReservation(shown: readonly Shown[]): Sdk.Reservation[] {
  const reservations = new Map<string, Sdk.Reservation & { Instances: Sdk.Instance[] }>();
  for (const { row, view } of shown) {
    const known = reservations.get(row.reservationId);
    if (known) known.Instances.push(view);
    else reservations.set(row.reservationId, viewReservation(row, [view]));
  }
  return [...reservations.values()];
}

/** A launch with its instances, or with those of them that are on a page. */
export const viewReservation = (
  { reservationId, account }: Pick<Instance, "reservationId" | "account">,
  launched: Sdk.Instance[],
): Sdk.Reservation & { Instances: Sdk.Instance[] } => ({
  ReservationId: reservationId,
  OwnerId: account,
  Groups: [],
  Instances: launched,
});

// No service of Amazon's has instances here, so that IncludeManagedResources has nothing to include.
function describe(
  { InstanceIds, Filters, ...page }: Sdk.DescribeInstancesRequest,
  ctx: Context,
): Sdk.DescribeInstancesResult {
  if (InstanceIds?.length && page.MaxResults !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "The parameter instancesSet cannot be used with the parameter maxResults",
    );
  }
  const rows = InstanceIds?.length ? instances.getAll(ctx, InstanceIds) : instances.own(ctx);
  const keep = Filters?.length ? compileFilters(describeInstancesFilters(ctx), Filters) : undefined;
  const { items, ...next } = takePage(ctx, rows, page, (row) => {
    const view = instances.show(ctx, row);
    return !keep || keep(view, row) ? { row, view } : undefined;
  });
  return { Reservations: groupByReservation(items), ...next };
}

export const operations = {
  DescribeInstances: Object.assign(describe, { filters: describeInstancesFilterNames }),
} satisfies Handlers;
