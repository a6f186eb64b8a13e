import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Handlers } from "../kit/handlers.ts";
import { describeList } from "../kit/list.ts";
import { snapshots } from "./snapshot.ts";

export const operations = {
  ListSnapshotsInRecycleBin: describeList({
    output: "Snapshots",
    filters: {},
    // Nothing is retained without a retention rule, and there is no service here that has rules.
    of: ({ SnapshotIds: ids = [] }: Sdk.ListSnapshotsInRecycleBinRequest): Sdk.SnapshotRecycleBinInfo[] => {
      for (const id of ids) snapshots.checkForm(id);
      if (ids.length > 0) throw new ApiError("InvalidSnapshot.NotFound", ids.join(", "));
      return [];
    },
  }),
} satisfies Handlers;
