import { TLSSocket } from "node:tls";
import type { Context } from "../../kit/context.ts";
import type { Origin } from "../../kit/origin.ts";
import type { KeyValue } from "../policy/keys.ts";

function header({ rawHeaders }: Origin, name: string): string | undefined {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) return rawHeaders[i + 1];
  }
  return undefined;
}

/** An IPv4 address as such, where the server listens on IPv6 too. */
const addressOf = ({ socket }: Origin): string | undefined =>
  socket?.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, "");

/**
 * What every request has, by condition keys.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
const keys: Readonly<Record<string, (ctx: Context, origin: Origin) => KeyValue>> = {
  "aws:CurrentTime": ({ now }) => new Date(now).toISOString(),
  "aws:EpochTime": ({ now }) => String(Math.floor(now / 1000)),
  "aws:PrincipalIsAWSService": () => "false",
  "aws:Referer": (_ctx, origin) => header(origin, "referer"),
  "aws:RequestedRegion": ({ region }) => region,
  "aws:SecureTransport": (_ctx, { socket }) => String(socket instanceof TLSSocket),
  // "This key is not available if the requester uses an Amazon VPC endpoint to make the request."
  "aws:SourceIp": (_ctx, origin) => (origin.passage ? undefined : addressOf(origin)),
  "aws:SourceVpc": (_ctx, { passage }) => passage?.vpcId,
  "aws:SourceVpcArn": (_ctx, { passage }) =>
    passage && `arn:aws:ec2:${passage.region}:${passage.account}:vpc/${passage.vpcId}`,
  "aws:SourceVpce": (_ctx, { passage }) => passage?.id,
  "aws:UserAgent": (_ctx, origin) => header(origin, "user-agent"),
  "aws:ViaAWSService": () => "false",
  "aws:VpcSourceIp": (_ctx, origin) => origin.passage && addressOf(origin),
  "aws:VpceAccount": (_ctx, { passage }) => passage?.account,
};

export const callKeyNames: readonly string[] = Object.keys(keys);

const byLowerName = new Map(Object.entries(keys).map(([name, get]) => [name.toLowerCase(), get]));

/** @param name in lower case */
export const callKey = (name: string, ctx: Context, origin: Origin): KeyValue =>
  byLowerName.get(name)?.(ctx, origin);
