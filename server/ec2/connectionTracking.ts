import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";

/** How long the connection tracking of security groups remembers idle flows, in seconds. */
export interface ConnectionTracking {
  readonly tcpEstablished: number | undefined;
  readonly udpStream: number | undefined;
  readonly udp: number | undefined;
}

/** Least and most seconds of each timeout. */
const TIMEOUTS = {
  TcpEstablishedTimeout: [60, 432_000],
  UdpStreamTimeout: [60, 180],
  UdpTimeout: [30, 60],
} as const;

/** @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html */
export function readConnectionTracking(
  asked: Sdk.ConnectionTrackingSpecificationRequest,
): ConnectionTracking | undefined {
  const read = (name: keyof typeof TIMEOUTS): number | undefined => {
    const [least, most] = TIMEOUTS[name];
    const seconds = asked[name];
    if (seconds !== undefined && (seconds < least || seconds > most)) {
      throw new ApiError(
        "InvalidParameterValue",
        `Value (${seconds}) for parameter ${name} is invalid. It must be between ${least} and ${most} seconds.`,
      );
    }
    return seconds;
  };
  const tracking = {
    tcpEstablished: read("TcpEstablishedTimeout"),
    udpStream: read("UdpStreamTimeout"),
    udp: read("UdpTimeout"),
  };
  return Object.values(tracking).some((seconds) => seconds !== undefined) ? tracking : undefined;
}
