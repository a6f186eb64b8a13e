import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { Islet } from "../../server/index.ts";
import { configOf, freshKeys, sharedIslet, type Keys } from "../islet.ts";

/** A client of CloudWatch Logs: of a fresh account, unless it is told whose. */
export async function freshLogs(on?: Islet, keys?: Keys): Promise<CloudWatchLogsClient> {
  const islet = on ?? (await sharedIslet());
  return new CloudWatchLogsClient(configOf(islet, keys ?? freshKeys(islet)));
}
