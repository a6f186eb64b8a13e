import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { DEFAULT_FORMAT } from "../../network/flowRecord.ts";
import { DEFAULT_TRANSIT_FORMAT } from "../../network/transitFlowRecord.ts";
import { columnOf, fieldsOf } from "../../server/ec2/flowLogColumns.ts";
import { parquetFile, textFile } from "../../server/ec2/flowLogFile.ts";

/** What a field of each type can say, as text, and as a table has it. */
const valueOf = {
  INT32: fc.nat(2 ** 31 - 1).map((value) => [String(value), value] as const),
  INT64: fc.bigInt(0n, 2n ** 62n).map((value) => [String(value), value] as const),
  STRING: fc.stringMatching(/^[!-~]+$/).map((value) => [value, value] as const),
};

test.each([
  ["interfaces", DEFAULT_FORMAT],
  ["transit gateways", DEFAULT_TRANSIT_FORMAT],
])("records of %s are the same in both formats", async (_of, format) => {
  const columns = fieldsOf(format).map(columnOf);
  const nothing = ({ type }: (typeof columns)[number]) => ["-", type === "STRING" ? "-" : null] as const;
  const row = fc.tuple(
    ...columns.map((column) => fc.oneof(fc.constant(nothing(column)), valueOf[column.type])),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
      const lines = rows.map((values) => values.map(([text]) => text).join(" "));
      const { bytes } = textFile(format, lines);
      expect(gunzipSync(bytes).toString()).toBe(`${fieldsOf(format).join(" ")}\n${lines.join("\n")}\n`);
      const file = parquetFile(format, lines).bytes.slice().buffer;
      const read = await parquetReadObjects({ file, compressors: { GZIP: (page) => gunzipSync(page) } });
      expect(read).toEqual(
        rows.map((values) =>
          Object.fromEntries(values.map(([, value], place) => [columns[place]?.name, value])),
        ),
      );
    }),
    { seed: 4, numRuns: 25 },
  );
});
