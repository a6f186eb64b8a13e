import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import type { Row, TableDefinition } from "../state/table.ts";

/** Which tags an account wants to read in notifications of scheduled events; its id is the account. */
interface NotifiedTags extends Row {
  readonly all: boolean;
  readonly keys: readonly string[];
}

const wishes: TableDefinition<NotifiedTags> = { name: "instance-event-notification" };

type Wish = Pick<NotifiedTags, "all" | "keys">;

const wishOf = (ctx: Context): Wish => ctx.unit.table(wishes).get(ctx.account) ?? { all: false, keys: [] };

const view = ({ all, keys }: Wish) => ({
  InstanceTagAttribute: { InstanceTagKeys: [...keys], IncludeAllTagsOfInstance: all },
});

function wish(ctx: Context, { all, keys }: Wish) {
  const table = ctx.unit.table(wishes);
  const known = table.get(ctx.account);
  if (known) table.replace({ ...known, all, keys });
  else table.insert({ id: ctx.account, seq: ctx.unit.nextSeq(), account: ctx.account, all, keys });
  return view({ all, keys });
}

/**
 * The keys that a call names; none if it is about all of them.
 *
 * @param whole what IncludeAllTagsOfInstance has to be for that
 */
function readKeys(
  whole: boolean,
  {
    InstanceTagKeys = [],
    IncludeAllTagsOfInstance,
  }: {
    readonly InstanceTagKeys?: readonly string[] | undefined;
    readonly IncludeAllTagsOfInstance?: boolean | undefined;
  },
): readonly string[] {
  if (IncludeAllTagsOfInstance === undefined) {
    if (InstanceTagKeys.length === 0) throw new ApiError("MissingParameter", "instanceTagAttribute");
    return InstanceTagKeys;
  }
  if (InstanceTagKeys.length > 0) {
    throw new ApiError(
      "InvalidParameterCombination",
      "Only one of instanceTagKeys and includeAllTagsOfInstance can be specified.",
    );
  }
  if (IncludeAllTagsOfInstance !== whole) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${IncludeAllTagsOfInstance}) for parameter includeAllTagsOfInstance is invalid. Valid value: ${whole}`,
    );
  }
  return [];
}

/** Nobody is sent a notification here; what it would say can be set all the same. */
export const operations = {
  DeregisterInstanceEventNotificationAttributes: ({ InstanceTagAttribute }, ctx) => {
    const removed = readKeys(false, InstanceTagAttribute);
    const { all, keys } = wishOf(ctx);
    if (removed.length === 0) return wish(ctx, { all: false, keys: [] });
    return wish(ctx, { all, keys: keys.filter((key) => !removed.includes(key)) });
  },

  DescribeInstanceEventNotificationAttributes: (_input, ctx) => view(wishOf(ctx)),

  RegisterInstanceEventNotificationAttributes: ({ InstanceTagAttribute }, ctx) => {
    const added = readKeys(true, InstanceTagAttribute);
    if (added.length === 0) return wish(ctx, { all: true, keys: [] });
    return wish(ctx, { all: false, keys: [...new Set([...wishOf(ctx).keys, ...added])] });
  },
} satisfies Handlers;
