import { parquetWriteBuffer } from "hyparquet-writer";
import { gzipSync } from "node:zlib";
import { columnOf, fieldsOf, type FlowLogColumn } from "./flowLogColumns.ts";

/** A file of records: its bytes, and how its name ends. */
export interface FlowLogFile {
  readonly bytes: Uint8Array;
  readonly ending: ".log.gz" | ".log.parquet";
}

/** Writes records as a file of lines, the first of which has the names of the fields. */
export function textFile(format: string, lines: readonly string[]): FlowLogFile {
  return { bytes: gzipSync([fieldsOf(format).join(" "), ...lines, ""].join("\n")), ending: ".log.gz" };
}

/** A field of a record as its column has it: what does not apply is no number, but a text like any other. */
const valueIn = (type: FlowLogColumn["type"], text: string): bigint | number | string | undefined => {
  if (type === "STRING") return text;
  if (text === "-") return undefined;
  return type === "INT64" ? BigInt(text) : Number(text);
};

/**
 * Writes records as a table in Parquet, whose pages are compressed with gzip.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
 */
export function parquetFile(format: string, lines: readonly string[]): FlowLogFile {
  // No value of a field has a space in it.
  const rows = lines.map((line) => line.split(" "));
  const bytes = parquetWriteBuffer({
    codec: "GZIP",
    compressors: { GZIP: (page) => gzipSync(page) },
    columnData: fieldsOf(format).map((field, place) => {
      const { name, type } = columnOf(field);
      return { name, type, data: rows.map((row) => valueIn(type, row[place] ?? "-")) };
    }),
  });
  return { bytes: new Uint8Array(bytes), ending: ".log.parquet" };
}
