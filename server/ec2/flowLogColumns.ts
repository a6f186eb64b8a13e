/** A column of a table of records. */
export interface FlowLogColumn {
  readonly name: string;
  /** In Parquet. */
  readonly type: "INT32" | "INT64" | "STRING";
}

/** The fields of records that are numbers; all others are texts. */
const NUMBERS: Readonly<Record<string, FlowLogColumn["type"]>> = {
  version: "INT32",
  srcport: "INT32",
  dstport: "INT32",
  protocol: "INT32",
  packets: "INT64",
  bytes: "INT64",
  start: "INT64",
  end: "INT64",
  "tcp-flags": "INT32",
  "traffic-path": "INT32",
  "encryption-status": "INT32",
  "packets-lost-no-route": "INT64",
  "packets-lost-blackhole": "INT64",
  "packets-lost-mtu-exceeded": "INT64",
  "packets-lost-ttl-expired": "INT64",
};

/** The fields of a format, in their order. */
export const fieldsOf = (format: string): string[] =>
  [...format.matchAll(/\$\{([^}]*)\}/g)].map(([, field = ""]) => field);

/**
 * The column of a field. SQL has no hyphens in names.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
 */
export const columnOf = (field: string): FlowLogColumn => ({
  name: field.replaceAll("-", "_"),
  type: NUMBERS[field] ?? "STRING",
});
