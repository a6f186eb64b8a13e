import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import { findLogGroupByArn } from "../logs/logGroup.ts";

type Asked = Sdk.CloudWatchLogOptionsSpecification;

const FORMATS = ["json", "text"] as const;

/** Where one kind of a tunnel's events goes. */
export interface VpnLog {
  readonly groupArn: string;
  readonly format: (typeof FORMATS)[number];
}

/** What somebody wants to know of a tunnel: how its ends negotiate, and what BGP says in it. */
export interface VpnLogs {
  readonly activity?: VpnLog | undefined;
  readonly bgp?: VpnLog | undefined;
}

interface Wish {
  readonly enabled: boolean | undefined;
  readonly groupArn: string | undefined;
  readonly format: string | undefined;
}

/** @param prefix what the names of the members begin with, as errors spell them */
function readLog(ctx: Context, prefix: string, asked: Wish, before: VpnLog | undefined): VpnLog | undefined {
  const { enabled = before !== undefined, groupArn = before?.groupArn, format = before?.format } = asked;
  const arnName = prefix === "" ? "logGroupArn" : `${prefix}LogGroupArn`;
  if (!enabled) {
    if (asked.groupArn === undefined && asked.format === undefined) return undefined;
    throw new ApiError(
      "InvalidParameterCombination",
      `The parameter ${arnName} needs logs that are enabled.`,
    );
  }
  if (groupArn === undefined) throw new ApiError("MissingParameter", arnName);
  // One that was there once may be gone.
  if (asked.groupArn !== undefined && !findLogGroupByArn(ctx, groupArn)) {
    throw new ApiError(
      "InvalidParameterValue",
      `Value (${groupArn.slice(0, 600)}) for parameter ${arnName} is invalid. There is no such log group.`,
    );
  }
  const known = FORMATS.find((each) => each === (format ?? "json"));
  if (known) return { groupArn, format: known };
  throw new ApiError(
    "InvalidParameterValue",
    `Value (${format}) for parameter ${arnName.replace("GroupArn", "OutputFormat")} is invalid. Valid values: ${FORMATS.join(" | ")}`,
  );
}

/**
 * What logs a tunnel is to have, where it had some before: what is not said stays.
 *
 * @throws {ApiError} MissingParameter, InvalidParameterCombination, InvalidParameterValue for groups that the account
 *   does not have in the region
 */
export function readLogs(ctx: Context, asked: Asked = {}, before: VpnLogs = {}): VpnLogs {
  const { LogEnabled, LogGroupArn, LogOutputFormat } = asked;
  const { BgpLogEnabled, BgpLogGroupArn, BgpLogOutputFormat } = asked;
  return {
    activity: readLog(
      ctx,
      "",
      { enabled: LogEnabled, groupArn: LogGroupArn, format: LogOutputFormat },
      before.activity,
    ),
    bgp: readLog(
      ctx,
      "bgp",
      { enabled: BgpLogEnabled, groupArn: BgpLogGroupArn, format: BgpLogOutputFormat },
      before.bgp,
    ),
  };
}

export const viewLogs = ({ activity, bgp }: VpnLogs = {}): Sdk.VpnTunnelLogOptions => ({
  CloudWatchLogOptions: {
    LogEnabled: activity !== undefined,
    LogGroupArn: activity?.groupArn,
    LogOutputFormat: activity?.format,
    BgpLogEnabled: bgp !== undefined,
    BgpLogGroupArn: bgp?.groupArn,
    BgpLogOutputFormat: bgp?.format,
  },
});
