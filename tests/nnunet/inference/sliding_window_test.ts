import assert from "node:assert/strict";
import fc from "fast-check";
import {
  paddingToPatch,
  padImage,
  removePadding,
  slidingWindows,
  windowSteps,
} from "../../../nnunet/inference/sliding_window.ts";

Deno.test("windowSteps() places windows as nnU-Net does (spec 06, check 1)", () => {
  const cases: [image: number, patch: number, step: number, expected: number[]][] = [
    [110, 64, 0.5, [0, 23, 46]],
    [64, 64, 0.5, [0]],
    [65, 64, 0.5, [0, 1]],
    [97, 64, 0.5, [0, 16, 33]],
    [128, 64, 0.5, [0, 32, 64]],
    [200, 64, 0.5, [0, 27, 54, 82, 109, 136]],
    [100, 40, 0.5, [0, 20, 40, 60]],
    [100, 40, 0.75, [0, 30, 60]],
    [100, 40, 1, [0, 30, 60]],
    [97, 33, 0.5, [0, 16, 32, 48, 64]],
    [48, 41, 0.5, [0, 7]],
    [105, 40, 0.5, [0, 16, 32, 49, 65]],
  ];
  for (const [image, patch, step, expected] of cases) {
    assert.deepEqual(windowSteps([image], [patch], step), [expected], `${image}/${patch}/${step}`);
  }
});

Deno.test("windowSteps() refuses an image below the patch and a step out of range", () => {
  assert.throws(() => windowSteps([3, 9], [4, 4], 0.5), /axis 0 is shorter than the patch/);
  assert.throws(() => windowSteps([9], [4], 0), /above 0/);
  assert.throws(() => windowSteps([9], [4], NaN), /above 0/);
});

Deno.test("slidingWindows() covers every voxel, last axis fastest, windows inside the image", () => {
  const axis = fc.tuple(fc.integer({ min: 4, max: 9 }), fc.integer({ min: 0, max: 12 }));
  fc.assert(fc.property(axis, axis, axis, fc.constantFrom(0.25, 0.5, 0.75, 1), (a, b, c, step) => {
    const patch = [a[0], b[0], c[0]];
    const shape = [a[0] + a[1], b[0] + b[1], c[0] + c[1]];
    const windows = slidingWindows(shape, patch, step);
    const order = windows.map(([z, y, x]) => (z * 100 + y) * 100 + x);
    assert.deepEqual(order, [...order].sort((p, q) => p - q));
    for (let i = 0; i < 3; i++) {
      const covered = new Set(windows.flatMap((w) => range(w[i], w[i] + patch[i])));
      assert.deepEqual([...covered].sort((p, q) => p - q), range(0, shape[i]));
    }
  }));
});

Deno.test("slidingWindows() visits each slice with a patch of two axes", () => {
  assert.deepEqual(slidingWindows([2, 5, 6], [5, 4], 0.5), [
    [0, 0, 0],
    [0, 0, 2],
    [1, 0, 0],
    [1, 0, 2],
  ]);
});

Deno.test("paddingToPatch() puts the smaller half first and leaves the slice axis (check 5)", () => {
  assert.deepEqual(paddingToPatch([5, 6, 7], [8, 6, 10]), { shape: [8, 6, 10], before: [1, 0, 1] });
  assert.deepEqual(paddingToPatch([5, 6, 7], [6, 10]), { shape: [5, 6, 10], before: [0, 0, 1] });
});

Deno.test("removePadding() undoes padImage()", () => {
  const size = fc.integer({ min: 1, max: 5 });
  fc.assert(fc.property(
    fc.tuple(size, size, size),
    fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
    fc.integer({ min: 1, max: 3 }),
    (shape, patch, channels) => {
      const count = channels * shape[0] * shape[1] * shape[2];
      const data = Float32Array.from({ length: count }, (_, i) => i + 1);
      const padding = paddingToPatch(shape, patch);
      const padded = padImage(data, shape, padding);
      assert.equal(sum(padded), sum(data));
      assert.deepEqual(removePadding(padded, shape, padding), data);
    },
  ));
});

function range(begin: number, end: number): number[] {
  return Array.from({ length: end - begin }, (_, i) => begin + i);
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}
