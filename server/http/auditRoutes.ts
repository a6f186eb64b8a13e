import { type AuditRecord, isCertificate, isOfFrame } from "../../hypervisor/audit.ts";
import { ApiError } from "../errors.ts";
import type { Hosts } from "../planes/hosts.ts";
import { count, regionOf, required } from "./fields.ts";
import { allow, invalid, text, type Fields, type Route } from "./operator.ts";

/** The records of one answer: at most, and unless asked otherwise. */
const MOST = 10_000;
const PAGE = 1000;

/** The members of a record that one can ask for, by their names in a request. */
const SUBJECTS = {
  AccountId: "account",
  Event: "event",
  HostId: "host",
  InstanceId: "instance",
  VolumeId: "volume",
} as const satisfies Record<string, keyof AuditRecord>;
const SUBJECT_NAMES = Object.keys(SUBJECTS);

/**
 * What is written down of what happened on the hosts: whole, page by page, the certificates of what was set to zero, and
 * the life of one frame. Metadata only: no answer depends on a byte of a guest (N5).
 */
export function auditRoutes(hosts: Hosts, regions: ReadonlySet<string>): Readonly<Record<string, Route>> {
  return {
    "GET audit": (fields) => {
      allow(fields, "Region", "From", "Limit", "Last", ...SUBJECT_NAMES);
      const wanted = wantedBy(fields);
      const limit = Math.min(MOST, count(fields, text(fields, "Last") ? "Last" : "Limit", PAGE));
      const from = count(fields, "From", 0);
      if (limit === 0) throw invalid("Limit", limit);
      const isLast = fields["Last"] !== undefined;
      const records: AuditRecord[] = [];
      let next: number | undefined;
      for (const record of hosts.records(regionOf(fields, regions))) {
        if (record === undefined || record.seq < from || !wanted(record)) continue;
        if (records.length === limit) {
          if (!isLast) {
            next = record.seq;
            break;
          }
          records.shift();
        }
        records.push(record);
      }
      return { Records: records, ...(next !== undefined && { Next: next }) };
    },

    "GET audit/verify": (fields) => {
      allow(fields, "Region");
      if (fields["Region"] !== undefined) return hosts.verify(regionOf(fields, regions));
      return { Verdicts: hosts.regions().map((region) => ({ Region: region, ...hosts.verify(region) })) };
    },

    "GET audit/certificates": (fields) => {
      allow(fields, "Region", ...SUBJECT_NAMES);
      const wanted = wantedBy(fields);
      return { Certificates: every(fields, (record) => isCertificate(record) && wanted(record)) };
    },

    "GET audit/frames": (fields) => {
      allow(fields, "Region", "HostId", "Frame");
      const host = required(fields, "HostId");
      const frame = count(fields, "Frame");
      const records = every(fields, (record) => record.host === host);
      if (records.length === 0) throw new ApiError("InvalidHostID.NotFound", host);
      return { Records: records.filter((record) => isOfFrame(record, host, frame)) };
    },
  };

  function every(fields: Fields, wanted: (record: AuditRecord) => boolean): AuditRecord[] {
    const found: AuditRecord[] = [];
    for (const record of hosts.records(regionOf(fields, regions))) {
      if (record && wanted(record)) found.push(record);
    }
    return found;
  }
}

/** Whether a record has every member that a request names. */
function wantedBy(fields: Fields): (record: AuditRecord) => boolean {
  const wanted = Object.entries(SUBJECTS).flatMap(([name, member]) => {
    const value = text(fields, name);
    return value === undefined ? [] : [[member, value] as const];
  });
  return (record) => wanted.every(([member, value]) => record[member] === value);
}
