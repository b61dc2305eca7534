import assert from "node:assert/strict";
import {
  resampleDataOrSegToShape,
  separateAxis,
  type Spacing3,
} from "../../../nnunet/preprocessing/resample.ts";

const CUBIC = { order: 3, order_z: 0, force_separate_z: null } as const;

Deno.test("separateAxis() is the one coarse axis beyond a factor of three", () => {
  const ones: Spacing3 = [1, 1, 1];
  assert.equal(separateAxis([3.6, 0.6, 0.6], ones, null), 0);
  assert.equal(separateAxis(ones, [4, 1, 1], null), 0);
  assert.equal(separateAxis([3, 1, 1], ones, null), undefined);
  assert.equal(separateAxis([0.24, 1.25, 1.25], ones, null), undefined);
  assert.equal(separateAxis([1, 5, 1], ones, null), 1);
  assert.equal(separateAxis([999, 1, 1], ones, null), 0);
  assert.equal(separateAxis([5, 1, 1], ones, false), undefined);
  assert.equal(separateAxis([2, 1, 1], ones, true), 0);
});

Deno.test("resampleDataOrSegToShape() reproduces the specification's volume, whole and by slices", () => {
  const volume = new Float32Array(18);
  for (let i = 0; i < 18; i++) {
    volume[i] = 9 * Math.floor(i / 9) ** 2 + 3 * (Math.floor(i / 3) % 3) + (i % 3) ** 2;
  }
  const row = (data: Float32Array, z: number, y: number): number[] => [
    ...data.subarray((z * 4 + y) * 4, (z * 4 + y + 1) * 4),
  ];
  const close = (actual: number[], expected: number[]): void =>
    expected.forEach((value, i) => assert.ok(Math.abs(actual[i] - value) < 2e-6, `${actual}`));

  const whole = resampleDataOrSegToShape(
    volume,
    [1, 2, 3, 3],
    [3, 4, 4],
    [1, 1, 1],
    [0.67, 0.75, 0.75],
    CUBIC,
  );
  close(row(whole, 0, 0), [0, 0, 1.334328, 3.337979]);
  close(row(whole, 1, 1), [6.103591, 6.439002, 8.284405, 10.288055]);
  close(row(whole, 2, 3), [15.821772, 16.157183, 18.002586, 19]);

  const slices = resampleDataOrSegToShape(
    volume,
    [1, 2, 3, 3],
    [3, 4, 4],
    [4, 1, 1],
    [2.67, 0.75, 0.75],
    CUBIC,
  );
  close(row(slices, 0, 0), [0, 0.184706, 2.030109, 4.03376]);
  close(row(slices, 1, 0), [9, 9.184706, 11.030108, 13.033759]);
  assert.deepEqual(slices.subarray(16, 32), slices.subarray(32));
});

Deno.test("resampleDataOrSegToShape() returns data of the wanted shape untouched", () => {
  const data = Float32Array.of(1, 2, 3, 4);
  const same = resampleDataOrSegToShape(data, [1, 1, 2, 2], [1, 2, 2], [9, 1, 1], [9, 2, 2], CUBIC);
  assert.equal(same, data);
});

Deno.test("resampleDataOrSegToShape() refuses a cubic spline for labels", () => {
  assert.throws(
    () =>
      resampleDataOrSegToShape(
        Int16Array.of(0, 1),
        [1, 1, 1, 2],
        [1, 1, 3],
        [1, 1, 1],
        [1, 1, 1],
        CUBIC,
      ),
    /order 3/,
  );
});
