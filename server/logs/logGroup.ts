import type * as Logs from "@aws-sdk/client-cloudwatch-logs";
import { ApiError } from "../errors.ts";
import { cancel, later, onDue } from "../kit/agenda.ts";
import type { Context } from "../kit/context.ts";
import type { LogsHandlers } from "../kit/handlers.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { breach, byName, checkGroupName, invalid, missing, pageByName } from "./logRequest.ts";

export interface LogGroup extends Row {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** For how long events are kept: forever, unless said. */
  readonly retentionDays: number | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export const logGroupTable: TableDefinition<LogGroup> = {
  name: "log-group",
  indexes: { account: ({ account }) => account },
};

/** What a group has in it, that goes with it or ages: streams and events add themselves here. */
export const contents: {
  readonly bytes: (ctx: Context, group: LogGroup) => number;
  readonly clear: (ctx: Context, group: LogGroup) => void;
  readonly expire: (ctx: Context, group: LogGroup) => void;
}[] = [];

const DAY_SECONDS = 86_400;
export const DAY = DAY_SECONDS * 1000;

/** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const RETENTIONS: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

onDue("log-group", (ctx, target) => {
  const group = ctx.unit.table(logGroupTable).get(target);
  if (group?.retentionDays === undefined) return;
  for (const each of contents) each.expire(ctx, group);
  later(ctx, "log-group", group.id, "expire", DAY_SECONDS);
});

const idOf = ({ account }: Context, name: string): string => `${account}:${name}`;

/** Events before this have expired: milliseconds since the epoch. */
export const expiryOf = ({ now }: Context, { retentionDays }: LogGroup): number =>
  retentionDays === undefined ? Number.NEGATIVE_INFINITY : now - retentionDays * DAY;

export const logGroupArn = ({ region }: Context, { account, name }: LogGroup): string =>
  `arn:aws:logs:${region}:${account}:log-group:${name}`;

/** The caller's group of that name, if there is one. */
export const findLogGroup = (ctx: Context, name: string): LogGroup | undefined =>
  ctx.unit.table(logGroupTable).get(idOf(ctx, name));

/** @throws {ApiError} InvalidParameterException, ResourceNotFoundException */
export function getLogGroup(ctx: Context, name: string): LogGroup {
  const group = findLogGroup(ctx, checkGroupName(name));
  if (!group) throw missing("log group");
  return group;
}

/** A group that is there from now on. */
export function addLogGroup(
  ctx: Context,
  name: string,
  tags: Readonly<Record<string, string>> = {},
): LogGroup {
  const group = {
    id: idOf(ctx, name),
    seq: ctx.unit.nextSeq(),
    account: ctx.account,
    name,
    created: ctx.now,
    retentionDays: undefined,
    tags,
  };
  ctx.unit.table(logGroupTable).insert(group);
  return group;
}

/**
 * The group that a call names by its name, or by its name or ARN as its identifier.
 *
 * @throws {ApiError} InvalidParameterException for neither or both, ResourceNotFoundException
 */
export function readLogGroup(
  ctx: Context,
  { logGroupName, logGroupIdentifier }: Pick<Logs.GetLogEventsRequest, "logGroupName" | "logGroupIdentifier">,
): LogGroup {
  if ((logGroupName === undefined) === (logGroupIdentifier === undefined)) {
    throw invalid("Exactly one of logGroupName and logGroupIdentifier must be specified.");
  }
  if (logGroupName !== undefined) return getLogGroup(ctx, logGroupName);
  return getLogGroup(ctx, nameIn(ctx, logGroupIdentifier ?? ""));
}

/** The name in an identifier, which is one or the ARN of a group. */
function nameIn(ctx: Context, identifier: string): string {
  if (!identifier.startsWith("arn:")) return identifier;
  return nameInArn(ctx, identifier) ?? checkGroupName(identifier, "logGroupIdentifier");
}

/** The name in the ARN of a group of the caller's; no other can be seen. */
function nameInArn({ region, account }: Context, arn: string): string | undefined {
  const prefix = `arn:aws:logs:${region}:${account}:log-group:`;
  return arn.startsWith(prefix) ? arn.slice(prefix.length).replace(/:\*$/, "") : undefined;
}

/** The caller's group of that ARN, if there is one; no other account's is found. */
export function findLogGroupByArn(ctx: Context, arn: string): LogGroup | undefined {
  const name = nameInArn(ctx, arn);
  return name === undefined ? undefined : findLogGroup(ctx, name);
}

/** @throws {ApiError} InvalidParameterException, ResourceNotFoundException */
function groupOfArn(ctx: Context, arn: string): LogGroup {
  if (!/^arn:aws:logs:[\w-]*:\d*:[\w-]+:[\w+=/:,.@#-]+$/.test(arn)) {
    throw breach(
      "resourceArn",
      arn,
      String.raw`Member must satisfy regular expression pattern: [\w+=/:,.@-]*`,
    );
  }
  const group = findLogGroupByArn(ctx, arn);
  if (!group) throw new ApiError("ResourceNotFoundException", "", "The specified resource does not exist.");
  return group;
}

const MAX_TAGS = 50;
const MAX_KEY = 128;
const MAX_VALUE = 256;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagResource.html */
function checkTags(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(tags)) {
    if (key === "" || key.length > MAX_KEY || !TAG_TEXT.test(key))
      throw invalid(`The tag key '${key.slice(0, MAX_KEY)}' is not valid.`);
    if (value.length > MAX_VALUE || !TAG_TEXT.test(value))
      throw invalid(`The value of the tag '${key}' is not valid.`);
    if (/^aws:/i.test(key)) throw invalid("aws: prefixed tag key names are not allowed for external use.");
  }
  if (Object.keys(tags).length > MAX_TAGS) throw new ApiError("TooManyTagsException");
  return { ...tags };
}

const update = (ctx: Context, group: LogGroup, fields: Partial<LogGroup>): void =>
  ctx.unit.table(logGroupTable).replace({ ...group, ...fields });

const view = (ctx: Context, group: LogGroup): Logs.LogGroup => ({
  logGroupName: group.name,
  creationTime: group.created,
  retentionInDays: group.retentionDays,
  metricFilterCount: 0,
  arn: `${logGroupArn(ctx, group)}:*`,
  logGroupArn: logGroupArn(ctx, group),
  storedBytes: contents.reduce((sum, { bytes }) => sum + bytes(ctx, group), 0),
  logGroupClass: "STANDARD",
  deletionProtectionEnabled: false,
});

/** Which groups a call asks for. */
function selector(ctx: Context, input: Logs.DescribeLogGroupsRequest): (group: LogGroup) => boolean {
  const { logGroupNamePrefix, logGroupNamePattern, logGroupClass, logGroupIdentifiers } = input;
  const { accountIdentifiers } = input;
  if (logGroupNamePrefix !== undefined && logGroupNamePattern !== undefined) {
    throw invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
  }
  if (logGroupIdentifiers !== undefined) {
    if ((logGroupNamePrefix ?? logGroupNamePattern ?? logGroupClass ?? accountIdentifiers) !== undefined) {
      throw invalid("logGroupIdentifiers can be combined with includeLinkedAccounts only.");
    }
    const names = new Set(logGroupIdentifiers.map((identifier) => nameIn(ctx, identifier)));
    return ({ name }) => names.has(name);
  }
  if (logGroupNamePrefix !== undefined) checkGroupName(logGroupNamePrefix, "logGroupNamePrefix");
  if (logGroupNamePattern) checkGroupName(logGroupNamePattern, "logGroupNamePattern");
  // Of the accounts that may be named, no other is linked to the caller's.
  const others = accountIdentifiers !== undefined && !accountIdentifiers.includes(ctx.account);
  if (others || (logGroupClass !== undefined && logGroupClass !== "STANDARD")) return () => false;
  return ({ name }) => name.startsWith(logGroupNamePrefix ?? "") && name.includes(logGroupNamePattern ?? "");
}

export const partly = {
  CreateLogGroup: "kmsKeyId; classes other than STANDARD; deletion protection",
};

/** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html */
export const operations = {
  CreateLogGroup: ({ logGroupName, kmsKeyId, tags, logGroupClass, deletionProtectionEnabled }, ctx) => {
    checkGroupName(logGroupName);
    if (/^aws\//i.test(logGroupName)) throw invalid("Log groups starting with AWS/ are reserved for AWS.");
    if (kmsKeyId !== undefined) throw invalid("The specified KMS Key Id could not be found.");
    if (logGroupClass !== undefined && logGroupClass !== "STANDARD") {
      throw invalid(`Log groups of the class ${logGroupClass} are not supported.`);
    }
    if (deletionProtectionEnabled) throw invalid("Deletion protection is not supported.");
    const checked = checkTags(tags ?? {});
    if (findLogGroup(ctx, logGroupName)) {
      throw new ApiError("ResourceAlreadyExistsException", "The specified log group already exists");
    }
    addLogGroup(ctx, logGroupName, checked);
    return {};
  },

  DeleteLogGroup: ({ logGroupName }, ctx) => {
    const group = getLogGroup(ctx, logGroupName);
    for (const each of contents) each.clear(ctx, group);
    cancel(ctx, "log-group", group.id);
    ctx.unit.table(logGroupTable).remove(group.id);
    return {};
  },

  DeleteRetentionPolicy: ({ logGroupName }, ctx) => {
    const group = getLogGroup(ctx, logGroupName);
    cancel(ctx, "log-group", group.id);
    update(ctx, group, { retentionDays: undefined });
    return {};
  },

  DescribeLogGroups: (input, ctx) => {
    const asked = selector(ctx, input);
    const groups = ctx.unit.table(logGroupTable).by("account", ctx.account).filter(asked).toSorted(byName);
    const { page, nextToken } = pageByName(ctx, "", groups, input);
    const views = page.map((group) => view(ctx, group));
    // "If you specify logGroupNamePattern, then only arn, creationTime, and logGroupName are included"
    const few = views.map(({ arn, creationTime, logGroupName }) => ({ arn, creationTime, logGroupName }));
    return { logGroups: input.logGroupNamePattern === undefined ? views : few, nextToken };
  },

  ListTagsForResource: ({ resourceArn }, ctx) => ({ tags: { ...groupOfArn(ctx, resourceArn).tags } }),

  PutRetentionPolicy: ({ logGroupName, retentionInDays }, ctx) => {
    const group = getLogGroup(ctx, logGroupName);
    if (!RETENTIONS.includes(retentionInDays)) {
      throw breach(
        "retentionInDays",
        String(retentionInDays),
        `Member must satisfy enum value set: [${RETENTIONS.join(", ")}]`,
      );
    }
    update(ctx, group, { retentionDays: retentionInDays });
    later(ctx, "log-group", group.id, "expire", DAY_SECONDS);
    return {};
  },

  TagResource: ({ resourceArn, tags }, ctx) => {
    const group = groupOfArn(ctx, resourceArn);
    update(ctx, group, { tags: checkTags({ ...group.tags, ...tags }) });
    return {};
  },

  UntagResource: ({ resourceArn, tagKeys }, ctx) => {
    const group = groupOfArn(ctx, resourceArn);
    const kept = Object.entries(group.tags).filter(([key]) => !tagKeys.includes(key));
    update(ctx, group, { tags: Object.fromEntries(kept) });
    return {};
  },
} satisfies LogsHandlers;
