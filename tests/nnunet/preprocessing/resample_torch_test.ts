import assert from "node:assert/strict";
import type { Shape4 } from "../../../nnunet/preprocessing/crop.ts";
import type { Shape3 } from "../../../nnunet/preprocessing/fill_holes.ts";
import type { Spacing3 } from "../../../nnunet/preprocessing/resample.ts";
import { resampleTorch } from "../../../nnunet/preprocessing/resample_torch.ts";

const SHAPE: Shape4 = [1, 2, 3, 3];
const ONES: Spacing3 = [1, 1, 1];

/** `[1, 2, 3, 3]` from a function of the indices. */
function volume(value: (z: number, y: number, x: number) => number): number[] {
  return Array.from(
    { length: 18 },
    (_, i) => value(Math.floor(i / 9), Math.floor(i / 3) % 3, i % 3),
  );
}

// The expected numbers are what nnU-Net 2.8.1 with PyTorch 2.8.0 gave.
const WHOLE: [Spacing3, Shape3] = [ONES, [3, 4, 4]];
const FIRST_AXIS_APART: [Spacing3, Shape3] = [[4, 1, 1], [3, 4, 4]];
const LAST_AXIS_APART: [Spacing3, Shape3] = [[1, 1, 4], [3, 4, 5]];

Deno.test("resampleTorch() interpolates images like PyTorch", () => {
  const image = Float32Array.from(volume((z, y, x) => 9 * z ** 2 + 3 * y + x ** 2));
  const rows = ([spacing, newShape]: [Spacing3, Shape3]): number[][] => {
    const resampled = resampleTorch(image, SHAPE, newShape, spacing, ONES, {});
    const [, height, width] = newShape;
    return [[0, 0], [1, 1], [2, 3]].map(([z, y]) => {
      const begin = (z * height + y) * width;
      return [...resampled.subarray(begin, begin + width)];
    });
  };
  assert.deepEqual(rows(WHOLE), [
    [0, 0.625, 2.125, 4],
    [6.375, 7, 8.5, 10.375],
    [15, 15.625, 17.125, 19],
  ]);
  assert.deepEqual(rows(FIRST_AXIS_APART), [
    [0, 0.625, 2.125, 4],
    [10.875, 11.5, 13, 14.875],
    [15, 15.625, 17.125, 19],
  ]);
  assert.deepEqual(rows(LAST_AXIS_APART), [
    [0, 0, 1, 4, 4],
    [6.375, 6.375, 7.375, 10.375, 10.375],
    [15, 15, 16, 19, 19],
  ]);
});

Deno.test("resampleTorch() lets the largest label win, the smallest of equals", () => {
  const labels = Int16Array.from(volume((z, y, x) => (z + 2 * y + x) % 4 - 1));
  const resampled = ([spacing, newShape]: [Spacing3, Shape3]): string =>
    resampleTorch(labels, SHAPE, newShape, spacing, ONES, {}).map((label) => label & 7).join("");
  // 7 stands for −1.
  assert.equal(resampled(WHOLE), "700112271227700170111277127770110112277027700112");
  assert.equal(resampled(FIRST_AXIS_APART), "700112271227700101122770277001120112277027700112");
  assert.equal(
    resampled(LAST_AXIS_APART),
    "770111127711277770117701111777117777701100122227002270000122",
  );
});

Deno.test("resampleTorch() returns data of the wanted shape untouched", () => {
  const data = new Float32Array(18);
  assert.equal(resampleTorch(data, SHAPE, [2, 3, 3], [9, 1, 1], ONES, {}), data);
});

Deno.test("resampleTorch() refuses what nnU-Net's planners never write", () => {
  assert.throws(
    () =>
      resampleTorch(new Int16Array(18), SHAPE, [3, 3, 3], ONES, ONES, {
        memefficient_seg_resampling: true,
      }),
    /Cannot resample with memefficient_seg_resampling of the plans: .*set it to false/,
  );
});
