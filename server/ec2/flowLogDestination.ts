import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";

/** Where records go. */
export type FlowLogDestination =
  | { readonly type: "cloud-watch-logs"; readonly group: string; readonly roleArn: string }
  | {
      readonly type: "s3";
      readonly bucket: string;
      /** Of the keys: empty, or with a slash at its end. */
      readonly prefix: string;
      readonly hive: boolean;
      readonly hourly: boolean;
      /** Whether files are in Parquet; else they are lines of text. */
      readonly parquet?: true;
    }
  | {
      readonly type: "kinesis-data-firehose";
      /** As the call has it. */
      readonly stream: string;
      readonly roleArn?: string;
      /** In the account that the stream is in. */
      readonly crossAccountRoleArn?: string;
    };

type Asked = Pick<
  Sdk.CreateFlowLogsRequest,
  | "DeliverCrossAccountRole"
  | "DeliverLogsPermissionArn"
  | "DestinationOptions"
  | "LogDestination"
  | "LogDestinationType"
  | "LogGroupName"
>;

const OTHER_REGION = "LogDestination must be in the same region as the API caller.";

const refuse = (message: string): ApiError => new ApiError("InvalidParameter", message);
const invalid = (name: string, value: string): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${value.slice(0, 512)}) for parameter ${name} is invalid.`);

const GROUP_NAME = /^[.\-_/#A-Za-z0-9]{1,512}$/;
const ROLE_ARN = /^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/;
const GROUP_ARN = /^arn:aws:logs:([a-z0-9-]+):(\d{12}):log-group:([^:]*)(?::\*)?$/;
/** The documentation has a colon before the stream's name, Firehose itself a slash. */
const STREAM_ARN = /^arn:aws:firehose:([a-z0-9-]+):(\d{12}):deliverystream[:/](?!\.{1,2}$)([\w.-]{1,64})$/;
export const BUCKET = /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
/** What S3 calls safe characters; a part of one or two dots alone would lead elsewhere on a disk. */
const PREFIX = /^(?:(?!\.{1,2}\/)[\w!.*'()-]+\/)*$/;

/**
 * Reads where the records of a flow log are to go.
 *
 * @throws {ApiError} InvalidParameter, InvalidParameterValue, UnsupportedOperation
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
 */
export function readDestination(ctx: Context, asked: Asked): FlowLogDestination {
  const { LogDestination, LogDestinationType = "cloud-watch-logs", LogGroupName } = asked;
  if (LogDestination !== undefined && LogGroupName !== undefined) {
    throw refuse("Please only provide LogGroupName or only provide LogDestination.");
  }
  if (LogGroupName !== undefined && LogDestinationType !== "cloud-watch-logs") {
    throw refuse("LogDestination type must be cloud-watch-logs if LogGroupName is provided.");
  }
  if (LogDestination === undefined && LogGroupName === undefined) {
    throw refuse("LogDestination can't be empty if LogGroupName is not provided.");
  }
  if (LogDestinationType !== "s3" && asked.DestinationOptions !== undefined) {
    throw refuse("DestinationOptions can only be provided if LogDestinationType is s3.");
  }
  if (LogDestinationType === "kinesis-data-firehose") return readStream(ctx, asked, LogDestination ?? "");
  if (asked.DeliverCrossAccountRole !== undefined) {
    throw refuse(`DeliverCrossAccountRole is not applicable for ${LogDestinationType} delivery`);
  }
  return LogDestinationType === "s3"
    ? readBucket(asked, LogDestination ?? "")
    : readGroup(ctx, asked, LogGroupName ?? LogDestination ?? "");
}

/** A delivery stream by its ARN; undefined for what is none. */
export function streamOf(
  arn: string,
): { readonly region: string; readonly account: string; readonly name: string } | undefined {
  const [, region = "", account = "", name] = STREAM_ARN.exec(arn) ?? [];
  return name === undefined ? undefined : { region, account, name };
}

function readStream(ctx: Context, asked: Asked, arn: string): FlowLogDestination {
  const { DeliverLogsPermissionArn: roleArn, DeliverCrossAccountRole: crossAccountRoleArn } = asked;
  const stream = streamOf(arn);
  if (!stream) throw invalid("LogDestination", arn);
  if (stream.region !== ctx.region) throw refuse(OTHER_REGION);
  // Into a stream of one's own, the service delivers by a role of its own.
  const isAlone = (roleArn === undefined) !== (crossAccountRoleArn === undefined);
  if (isAlone || (roleArn === undefined && stream.account !== ctx.account)) {
    throw refuse(
      "When providing a role for cross-account delivery, both the DeliverLogsPermissionArn and " +
        "DeliverCrossAccountRole fields must be set.",
    );
  }
  if (roleArn === undefined || crossAccountRoleArn === undefined) {
    return { type: "kinesis-data-firehose", stream: arn };
  }
  if (!ROLE_ARN.test(roleArn)) throw invalid("DeliverLogsPermissionArn", roleArn);
  if (!ROLE_ARN.test(crossAccountRoleArn)) throw invalid("DeliverCrossAccountRole", crossAccountRoleArn);
  return { type: "kinesis-data-firehose", stream: arn, roleArn, crossAccountRoleArn };
}

function readGroup(ctx: Context, asked: Asked, nameOrArn: string): FlowLogDestination {
  const { DeliverLogsPermissionArn: roleArn } = asked;
  if (roleArn === undefined) {
    throw refuse("DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.");
  }
  if (!ROLE_ARN.test(roleArn)) throw invalid("DeliverLogsPermissionArn", roleArn);
  if (asked.LogGroupName !== undefined) {
    if (!GROUP_NAME.test(nameOrArn)) throw invalid("LogGroupName", nameOrArn);
    return { type: "cloud-watch-logs", group: nameOrArn, roleArn };
  }
  const [, region, account, group = ""] = GROUP_ARN.exec(nameOrArn) ?? [];
  if (region === undefined || !GROUP_NAME.test(group)) throw invalid("LogDestination", nameOrArn);
  if (region !== ctx.region) throw refuse(OTHER_REGION);
  if (account !== ctx.account) {
    throw new ApiError("UnsupportedOperation", "Flow logs to another account are not supported.");
  }
  return { type: "cloud-watch-logs", group, roleArn };
}

function readBucket(asked: Asked, arn: string): FlowLogDestination {
  if (asked.DeliverLogsPermissionArn !== undefined) {
    throw refuse("DeliverLogsPermissionArn is not applicable for s3 delivery");
  }
  const { FileFormat, HiveCompatiblePartitions, PerHourPartition } = asked.DestinationOptions ?? {};
  const [, bucket = "", , folder = ""] = /^arn:aws:s3:::([^/]*)(\/(.*))?$/s.exec(arn) ?? [];
  const prefix = folder === "" || folder.endsWith("/") ? folder : `${folder}/`;
  // "You can't use AWSLogs as a subfolder name."
  const isTaken = prefix.split("/").includes("AWSLogs");
  if (!BUCKET.test(bucket) || prefix.length > 512 || !PREFIX.test(prefix) || isTaken) {
    throw invalid("LogDestination", arn);
  }
  return {
    type: "s3",
    bucket,
    prefix,
    hive: HiveCompatiblePartitions ?? false,
    hourly: PerHourPartition ?? false,
    ...(FileFormat === "parquet" && { parquet: true }),
  };
}

/** What a flow log shows of where its records go. */
export function viewDestination(ctx: Context, destination: FlowLogDestination): Partial<Sdk.FlowLog> {
  const { region, account } = ctx;
  if (destination.type === "s3") {
    const { bucket, prefix, parquet, hive, hourly } = destination;
    return {
      LogDestination: `arn:aws:s3:::${bucket}${prefix === "" ? "" : `/${prefix}`}`,
      DestinationOptions: {
        FileFormat: parquet ? "parquet" : "plain-text",
        HiveCompatiblePartitions: hive,
        PerHourPartition: hourly,
      },
    };
  }
  if (destination.type === "kinesis-data-firehose") {
    return {
      LogDestination: destination.stream,
      DeliverLogsPermissionArn: destination.roleArn,
      DeliverCrossAccountRole: destination.crossAccountRoleArn,
    };
  }
  const { group, roleArn } = destination;
  return {
    LogDestination: `arn:aws:logs:${region}:${account}:log-group:${group}`,
    LogGroupName: group,
    DeliverLogsPermissionArn: roleArn,
  };
}
