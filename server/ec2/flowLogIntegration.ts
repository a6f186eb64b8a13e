import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { flowLogs } from "./flowLog.ts";
import { bucketOf, templateOf, type AthenaUse } from "./flowLogTemplate.ts";

const MOST_USES = 10;

const invalid = (name: string, value: string): ApiError =>
  new ApiError("InvalidParameterValue", `Value (${value.slice(0, 512)}) for parameter ${name} is invalid.`);

const LOCATION =
  /^arn:aws:s3:::((?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/((?:(?!\.{1,2}(?:\/|$))[\w!.*'()-]+(?:\/|$))*))?$/;

/**
 * Reads a folder of a bucket.
 *
 * @returns the folder empty, or with a slash at its end
 * @throws {ApiError} InvalidParameterValue
 */
function readLocation(name: string, arn: string): { readonly bucket: string; readonly folder: string } {
  const [, bucket, folder = ""] = LOCATION.exec(arn) ?? [];
  if (bucket === undefined || folder.length > 512) throw invalid(name, arn);
  return { bucket, folder: folder === "" || folder.endsWith("/") ? folder : `${folder}/` };
}

/** Objects are files: nothing can be below one. */
function checkFolder(ctx: Context, bucket: string, folder: string): void {
  for (let at = folder.indexOf("/"); at !== -1; at = folder.indexOf("/", at + 1)) {
    const above = folder.slice(0, at);
    if (ctx.world.objects.open(bucket, above)) throw invalid("ConfigDeliveryS3DestinationArn", folder);
  }
}

const dayOf = (date: Date): string => date.toISOString().slice(0, 10);

/** @throws {ApiError} InvalidParameter, InvalidParameterValue */
function readUse(ctx: Context, asked: Sdk.AthenaIntegration): AthenaUse {
  const {
    IntegrationResultS3DestinationArn: results,
    PartitionLoadFrequency: frequency,
    PartitionStartDate: first,
    PartitionEndDate: last,
  } = asked;
  if (results === undefined) throw new ApiError("MissingParameter", "IntegrationResultS3DestinationArn");
  if (frequency === undefined) throw new ApiError("MissingParameter", "PartitionLoadFrequency");
  readLocation("IntegrationResultS3DestinationArn", results);
  if ((first === undefined) !== (last === undefined)) {
    throw new ApiError("InvalidParameter", "PartitionStartDate and PartitionEndDate must be given together.");
  }
  if (!first || !last) return { results, frequency, days: undefined };
  // "Between two timestamps in the past."
  if (last < first || last.getTime() > ctx.now) throw invalid("PartitionEndDate", last.toISOString());
  return { results, frequency, days: [dayOf(first), dayOf(last)] };
}

/** `Wed Jul 21 00:57:56 UTC 2021` */
function timeOf(now: number): string {
  const [weekday = "", day = "", month = "", year = "", time = ""] = new Date(now).toUTCString().split(/,? /);
  return `${weekday} ${month} ${day} ${time} UTC ${year}`;
}

export const operations = {
  GetFlowLogsIntegrationTemplate: (input, ctx) => {
    const log = flowLogs.get(ctx, input.FlowLogId);
    const { bucket, folder } = readLocation(
      "ConfigDeliveryS3DestinationArn",
      input.ConfigDeliveryS3DestinationArn,
    );
    checkFolder(ctx, bucket, folder);
    const asked = input.IntegrateServices.AthenaIntegrations ?? [];
    if (asked.length === 0) throw new ApiError("MissingParameter", "AthenaIntegrations");
    if (asked.length > MOST_USES) throw invalid("AthenaIntegrations", String(asked.length));
    const uses = asked.map((each) => readUse(ctx, each));
    const name = `VPCFlowLogsIntegrationTemplate_${log.id}_${timeOf(ctx.now)}.yml`;
    ctx.world.objects.put(
      bucket,
      `${folder}${name}`,
      new TextEncoder().encode(templateOf(ctx, log, bucketOf(log), uses)),
      ctx.account,
    );
    const host = `${bucket}.s3.${ctx.region}.amazonaws.com`;
    return { Result: `https://${host}/${folder}${encodeURIComponent(name)}` };
  },
} satisfies Handlers;
