import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import type { Row, TableDefinition } from "../state/table.ts";

/** That an account wants none of its snapshots in a region to be everybody's. */
interface PublicAccessBlock extends Row {
  readonly account: string;
  readonly state: Exclude<Sdk.SnapshotBlockPublicAccessState, "unblocked">;
}

const definition: TableDefinition<PublicAccessBlock> = { name: "snapshot-public-access-block" };

/** What an account wants of public snapshots: `unblocked`, unless it said otherwise. */
export const publicAccessOf = (
  { unit }: Pick<Context, "unit">,
  account: string,
): Sdk.SnapshotBlockPublicAccessState => unit.table(definition).get(account)?.state ?? "unblocked";

export const operations = {
  DisableSnapshotBlockPublicAccess: (_, { unit, account }) => {
    if (publicAccessOf({ unit }, account) !== "unblocked") unit.table(definition).remove(account);
    return { State: "unblocked" };
  },

  EnableSnapshotBlockPublicAccess: ({ State: state }, { unit, account }) => {
    if (state === "unblocked") {
      throw new ApiError(
        "InvalidParameterValue",
        "Value (unblocked) for parameter state is invalid. Specify block-all-sharing or block-new-sharing.",
      );
    }
    const table = unit.table(definition);
    const known = table.get(account);
    if (known) table.replace({ ...known, state });
    else table.insert({ id: account, seq: unit.nextSeq(), account, state });
    return { State: state };
  },

  GetSnapshotBlockPublicAccessState: (_, ctx) => ({
    State: publicAccessOf(ctx, ctx.account),
    ManagedBy: "account",
  }),
} satisfies Handlers;
