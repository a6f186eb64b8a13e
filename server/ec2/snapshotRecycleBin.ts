import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { takePage } from "../kit/pages.ts";
import { snapshots } from "./snapshot.ts";

export const operations = {
  // Nothing is retained without a retention rule, and there is no service here that has rules.
  ListSnapshotsInRecycleBin: (input: Sdk.ListSnapshotsInRecycleBinRequest, ctx) => {
    const { SnapshotIds: ids = [] } = input;
    for (const id of ids) snapshots.checkForm(id);
    if (ids.length > 0) throw new ApiError("InvalidSnapshot.NotFound", ids.join(", "));
    const { items, ...page } = takePage(ctx, [], input, () => undefined);
    return { Snapshots: items, ...page };
  },
} satisfies Handlers;
