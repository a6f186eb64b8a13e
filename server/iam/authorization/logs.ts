import type { Context } from "../../kit/context.ts";
import type { ActionTable } from "../actionTable.ts";
import { requestTag, type Demand } from "./demand.ts";

interface Input {
  readonly logGroupName?: string;
  readonly logGroupIdentifier?: string;
  readonly logGroupIdentifiers?: readonly string[];
  readonly logStreamName?: string;
  readonly resourceArn?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly tagKeys?: readonly string[];
}

/**
 * What a call of CloudWatch Logs must be allowed. A group is asked for as a stream without a name, so that policies
 * about `log-group:NAME:*` are about it; to tag it, it is asked for as it is.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
 */
export function demandsOfLogs(ctx: Context, table: ActionTable, given: object): Demand[] {
  const input = given as Input;
  const prefix = `arn:aws:logs:${ctx.region}:${ctx.account}:log-group:`;
  const arnOf = (group: string): string => {
    const arn = group.startsWith("arn:") ? group.replace(/:\*$/, "") : prefix + group;
    return `${arn}:log-stream:${input.logStreamName ?? ""}`;
  };
  const { logGroupName, logGroupIdentifier, logGroupIdentifiers, resourceArn, tags = {} } = input;
  const named = [logGroupName ?? logGroupIdentifier ?? [], logGroupIdentifiers ?? []].flat();
  const resources =
    resourceArn !== undefined ? [resourceArn] : named.length > 0 ? named.map(arnOf) : [arnOf("")];
  const asked =
    input.tagKeys?.map((Key) => ({ Key })) ?? Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const demands = resources.map((resource) => ({
    action: `logs:${ctx.operation}`,
    resource,
    keys: { get: (name: string) => requestTag(name, asked) },
    known: (table.get(ctx.operation)?.keys ?? []).filter((key) => !key.includes("$")),
  }));
  // Who makes a group with tags must be allowed to tag it, too.
  if (ctx.operation !== "CreateLogGroup" || asked.length === 0) return demands;
  return [...demands, ...demands.map((each) => ({ ...each, action: "logs:TagResource" }))];
}
