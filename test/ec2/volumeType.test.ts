import { VolumeType } from "@aws-sdk/client-ec2";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readShape, shownIops, type VolumeShape } from "../../server/ec2/volumeType.ts";
import { ApiError } from "../../server/errors.ts";

const SEED = 20_261_123;

const request = fc.record(
  {
    size: fc.integer({ min: -1, max: 70_000 }),
    volumeType: fc.constantFrom(...Object.values(VolumeType)),
    iops: fc.integer({ min: -1, max: 300_000 }),
    throughput: fc.integer({ min: -1, max: 2100 }),
    multiAttach: fc.boolean(),
  },
  { requiredKeys: ["size"] },
);

/** The shape, or undefined where it is refused. */
function shaped(...asked: Parameters<typeof readShape>): VolumeShape | undefined {
  try {
    return readShape(...asked);
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

describe("the shape of a volume", () => {
  test("what was made once can be asked for in full, and changed to itself", () => {
    fc.assert(
      fc.property(request, (asked) => {
        const shape = shaped(asked);
        if (!shape) return;
        expect(readShape(shape)).toEqual(shape);
        expect(readShape({ size: shape.size }, shape)).toEqual(shape);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test("what is asked for is what there is, and nothing else is provisioned", () => {
    fc.assert(
      fc.property(request, (asked) => {
        const shape = shaped(asked);
        if (!shape) return;
        expect(shape).toMatchObject({ volumeType: "gp2", ...asked });
        expect(shape.iops !== undefined).toBe(["gp3", "io1", "io2"].includes(shape.volumeType));
        expect(shape.throughput !== undefined).toBe(shape.volumeType === "gp3");
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test("a gp2 volume never shows fewer operations than a smaller one", () => {
    const iops = (size: number): number => shownIops(readShape({ size, volumeType: "gp2" })) ?? Number.NaN;
    const size = fc.integer({ min: 1, max: 16_384 });
    fc.assert(
      fc.property(size, size, (a, b) => {
        expect(iops(Math.max(a, b))).toBeGreaterThanOrEqual(iops(Math.min(a, b)));
      }),
      { seed: SEED },
    );
  });

  test("a change of type forgets what was provisioned", () => {
    const fast = readShape({ size: 1000, volumeType: "gp3", iops: 16_000, throughput: 1000 });
    expect(readShape({ size: 1000, volumeType: "io2" }, fast)).toMatchObject({
      iops: 3000,
      throughput: undefined,
    });
    expect(readShape({ size: 1000, volumeType: "gp2" }, fast)).toMatchObject({ iops: undefined });
    expect(readShape({ size: 2000 }, fast)).toMatchObject({ iops: 16_000, throughput: 1000 });
  });
});
