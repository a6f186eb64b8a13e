import { nameOf } from "./userName.ts";
import type { TrailEvent } from "./event.ts";

/** Which events somebody wants to see; what is not said does not matter. */
export interface Wanted {
  readonly account?: string | undefined;
  /** The name of the operation. */
  readonly event?: string | undefined;
  /** As CloudTrail names whoever called. */
  readonly user?: string | undefined;
  /** Only calls that were refused. */
  readonly errors?: boolean | undefined;
}

/** The newest `last` of the wanted events of some regions, oldest first. */
export function newest(
  regions: readonly (readonly TrailEvent[])[],
  wanted: Wanted,
  last: number,
): readonly TrailEvent[] {
  return regions
    .flatMap((events) => events.filter((event) => isWanted(event, wanted)).slice(-last))
    .toSorted((one, other) =>
      one.eventTime < other.eventTime ? -1 : one.eventTime > other.eventTime ? 1 : 0,
    )
    .slice(-last);
}

const isWanted = (
  { recipientAccountId, eventName, userIdentity, errorCode }: TrailEvent,
  { account, event, user, errors }: Wanted,
): boolean =>
  (account === undefined || account === recipientAccountId) &&
  (event === undefined || event === eventName) &&
  (user === undefined || user === nameOf(userIdentity)) &&
  (errors !== true || errorCode !== undefined);
