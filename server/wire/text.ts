import type { Refusals } from "./refusal.ts";
import type { Service, ServiceId } from "./service.ts";
import type { TextShape } from "./shape.ts";

/**
 * Longest text of one parameter, in characters. EC2 takes revocation lists of 20,000 certificates, IAM SAML metadata
 * documents of 10 million; blobs are bound by the request's own limit alone.
 */
const maximumLength: Readonly<Record<ServiceId, number>> = {
  ec2: 1_048_576,
  sts: 131_072,
  iam: 10_000_000,
  ebs: 65_536,
  logs: 1_048_576,
  cloudtrail: 65_536,
  ram: 65_536,
};

/** What XML 1.0 has no way to write, so that no answer could repeat it: section 2.2, `Char`. */
// oxlint-disable-next-line no-control-regex
const notInXml = /[\0-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udfff]/u;

/** What JSON can write and UTF-8 cannot: half a character. */
const notInUtf8 = /[\ud800-\udfff]/u;

/** xsd:int; values beyond what a number holds exactly are refused. */
const integer = /^[+-]?\d{1,16}$/;
const double = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
const dateTime =
  /^(?<date>\d{4}-\d\d-\d\d)T(?<time>\d\d:\d\d:\d\d)(?:\.(?<fraction>\d{1,9}))?(?<zone>Z|[+-]\d\d:\d\d)$/;

/**
 * The value that a parameter's text stands for: string, number, boolean, Date or Uint8Array.
 *
 * @param name of the parameter, for what is thrown
 * @throws ApiError
 */
export function parseText(
  shape: TextShape,
  text: string,
  name: string,
  { refuse, service }: { refuse: Refusals; service: Service },
): unknown {
  if (shape.kind !== "string") {
    const value = parsers[shape.kind](text);
    if (value === undefined) throw refuse.malformed(name, text, shape.kind);
    return value;
  }
  if (text.length > maximumLength[service.id]) throw refuse.length(name, maximumLength[service.id]);
  if (service.protocol === "awsJson" ? notInUtf8.test(text) : notInXml.test(text)) {
    throw refuse.character(name);
  }
  if (shape.values && !shape.values.has(text)) throw refuse.enumeration(name, text, shape.values);
  return text;
}

const parsers = {
  integer: (text: string): number | undefined => {
    const value = integer.test(text) ? Number(text) : Number.NaN;
    // Adding zero turns -0 into 0.
    return Number.isSafeInteger(value) ? value + 0 : undefined;
  },
  double: (text: string): number | undefined => {
    const value = double.test(text) ? Number(text) : Number.NaN;
    return Number.isFinite(value) ? value : undefined;
  },
  /** As xsd:boolean writes it. */
  boolean: (text: string): boolean | undefined => {
    if (text === "true" || text === "1") return true;
    return text === "false" || text === "0" ? false : undefined;
  },
  timestamp: parseTimestamp,
  blob: (text: string): Uint8Array | undefined => {
    const bytes = Buffer.from(text, "base64");
    // Node skips what is not base64; only canonical text comes back the same.
    return bytes.toString("base64") === text ? new Uint8Array(bytes) : undefined;
  },
} as const;

/** Fractions finer than a millisecond are cut off, as Date keeps none. */
function parseTimestamp(text: string): Date | undefined {
  const { date, time, fraction = "", zone } = dateTime.exec(text)?.groups ?? {};
  if (date === undefined || time === undefined || zone === undefined) return undefined;
  const milliseconds = fraction.slice(0, 3).padEnd(3, "0");
  const local = new Date(`${date}T${time}.${milliseconds}Z`);
  // Date.parse takes February 30 for March 1 or 2, and 24:00 for the next day.
  if (Number.isNaN(local.getTime()) || !local.toISOString().startsWith(`${date}T${time}`)) return undefined;
  const moment = new Date(`${date}T${time}.${milliseconds}${zone}`);
  return Number.isNaN(moment.getTime()) ? undefined : moment;
}
