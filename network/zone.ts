import { isWithin } from "./domainName.ts";
import { formatIp, parseIp } from "./ip.ts";
import { ipv6Of } from "./nat64.ts";

export const RECORD_TYPES = ["A", "AAAA", "PTR", "TXT"] as const;
export type RecordType = (typeof RECORD_TYPES)[number];

/** What there is of a name: addresses and names as text. */
export type Records = { readonly [Type in RecordType]?: readonly string[] };

/** A domain with all that is below it, as one party answers for it. */
export interface Zone {
  /** In small letters, without a dot at its end; the root is empty. */
  readonly domain: string;
  /** Whose it is: of a VPC, an endpoint, the internet. */
  readonly of: string;
  /** @returns undefined if there is no such name */
  find(name: string): Records | undefined;
}

/** Why an answer is what it is. */
export const findings = {
  RECORD: "the zone has such a record",
  SYNTHESIZED: "the zone has IPv4 addresses alone, and DNS64 makes IPv6 addresses of them for the subnet",
  NO_SUCH_TYPE: "the zone has the name, but no such record of it",
  NO_SUCH_NAME: "the zone does not have the name",
} as const;

export interface Answer {
  readonly finding: keyof typeof findings;
  readonly values: readonly string[];
  readonly zone: Zone;
}

/**
 * What somebody learns of a name who sees these zones: the most specific one that holds the name answers, whatever
 * less specific ones have.
 *
 * @param zones with the root among them
 * @param dns64 whether IPv4 addresses are to be reachable by IPv6 (RFC 6147)
 * @throws {RangeError} if no zone holds the name
 */
export function lookUp(zones: readonly Zone[], name: string, type: RecordType, dns64 = false): Answer {
  const holding = zones.filter(({ domain }) => isWithin(name, domain));
  const longest = Math.max(...holding.map(({ domain }) => domain.length));
  const nearest = holding.filter(({ domain }) => domain.length === longest);
  const [first] = nearest;
  if (!first) throw new RangeError(`no zone holds ${name}`);
  for (const zone of nearest) {
    const records = zone.find(name);
    if (records) return { ...answerOf(records, type, dns64), zone };
  }
  return { finding: "NO_SUCH_NAME", values: [], zone: first };
}

function answerOf(records: Records, type: RecordType, dns64: boolean): Omit<Answer, "zone"> {
  const values = records[type] ?? [];
  if (values.length > 0) return { finding: "RECORD", values };
  const made = dns64 && type === "AAAA" ? (records.A ?? []).flatMap(synthesize) : [];
  return made.length > 0 ? { finding: "SYNTHESIZED", values: made } : { finding: "NO_SUCH_TYPE", values: [] };
}

function synthesize(text: string): string[] {
  const address = parseIp(text);
  return typeof address === "number" ? [formatIp(ipv6Of(address))] : [];
}
