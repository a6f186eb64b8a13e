import { ApiError } from "../errors.ts";

/** IANA's protocol numbers, and EC2's for all of them. */
export const ALL = -1;
export const ICMP = 1;
const TCP = 6;
const UDP = 17;
export const ICMPV6 = 58;

/** The protocols that EC2 calls by name. */
const NAMES: ReadonlyMap<string, number> = new Map([
  ["icmp", ICMP],
  ["tcp", TCP],
  ["udp", UDP],
  ["icmpv6", ICMPV6],
]);
const NUMBERS: ReadonlyMap<number, string> = new Map([...NAMES].map(([name, number]) => [number, name]));

/** What of the traffic between two peers a rule is about. */
export interface Traffic {
  /** 0 to 255, or −1 for all. */
  readonly protocol: number;
  /**
   * The first destination port of TCP and UDP; the type of ICMP, −1 for any. Other protocols have nothing to choose
   * by, and −1 here.
   */
  readonly from: number;
  /** The last port, or the code of ICMP, −1 for any. */
  readonly to: number;
}

export const ALL_TRAFFIC: Traffic = { protocol: ALL, from: -1, to: -1 };

export const hasPorts = (protocol: number): boolean => protocol === TCP || protocol === UDP;

export const isIcmp = (protocol: number): boolean => protocol === ICMP || protocol === ICMPV6;

/** `tcp`, `udp`, `icmp`, `icmpv6`, or the number. */
export const protocolName = (protocol: number): string => NUMBERS.get(protocol) ?? String(protocol);

/**
 * Reads the number of a protocol.
 *
 * @throws {ApiError} InvalidParameterValue
 */
export function readProtocolNumber(text: string): number {
  const number = /^(-1|0|[1-9]\d{0,2})$/.test(text) ? Number(text) : undefined;
  if (number === undefined || number > 255) {
    throw new ApiError("InvalidParameterValue", `Invalid value '${text}' for IP protocol. Unknown protocol.`);
  }
  return number;
}

/** As `readProtocolNumber`, or one of the names, in upper or lower case. */
export const readProtocol = (text: string): number =>
  NAMES.get(text.toLowerCase()) ?? readProtocolNumber(text);

const isWithin = (value: number, least: number, most: number): boolean => value >= least && value <= most;

function readPorts(protocol: number, from: number | undefined, to: number | undefined): Traffic {
  if (from === undefined || to === undefined) {
    throw new ApiError(
      "InvalidParameterValue",
      "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
    );
  }
  for (const [end, port] of [["from", from] as const, ["to", to] as const]) {
    if (!isWithin(port, 0, 65_535)) {
      throw new ApiError("InvalidParameterValue", `TCP/UDP (${end}) port (${port}) out of range`);
    }
  }
  if (from > to) {
    throw new ApiError("InvalidParameterValue", `Invalid TCP/UDP port range (${from}:${to})`);
  }
  return { protocol, from, to };
}

function readTypeAndCode(protocol: number, type: number | undefined, code: number | undefined): Traffic {
  if (protocol === ICMP && (type === undefined || code === undefined)) {
    throw new ApiError(
      "InvalidParameterValue",
      "Invalid value 'Must specify both from and to ports with ICMP.' for portRange.",
    );
  }
  const from = type ?? -1;
  const to = code ?? -1;
  if (!isWithin(from, -1, 255)) {
    throw new ApiError("InvalidParameterValue", `ICMP type (${from}) out of range`);
  }
  if (!isWithin(to, -1, 255) || (from === -1 && to !== -1)) {
    throw new ApiError("InvalidParameterValue", `ICMP code (${to}) out of range`);
  }
  return { protocol, from, to };
}

/**
 * Reads ports, or ICMP type and code; of other protocols all traffic is meant, whatever the caller gives.
 *
 * @throws {ApiError} InvalidParameterValue for what is missing or out of range
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
 */
export function readTraffic(protocol: number, from: number | undefined, to: number | undefined): Traffic {
  if (hasPorts(protocol)) return readPorts(protocol, from, to);
  if (isIcmp(protocol)) return readTypeAndCode(protocol, from, to);
  return { ...ALL_TRAFFIC, protocol };
}
