import assert from "node:assert/strict";
import fc from "fast-check";
import type { Shape3 } from "../../../nnunet/preprocessing/fill_holes.ts";
import {
  AxisResizer,
  axisTaps,
  resizeVolume,
  type SplineOrder,
} from "../../../nnunet/preprocessing/resize.ts";
import { resizeSegmentation } from "../../../nnunet/preprocessing/resize_segmentation.ts";

function resize(values: number[], shape: Shape3, newShape: Shape3, order: SplineOrder): number[] {
  const to = new Float32Array(newShape.reduce((a, b) => a * b));
  resizeVolume(Float32Array.from(values), shape, to, newShape, order);
  return [...to];
}

function resizeLabels(values: number[], shape: Shape3, newShape: Shape3): string {
  const to = new Int16Array(newShape.reduce((a, b) => a * b));
  resizeSegmentation(Int16Array.from(values), shape, to, newShape, 1);
  return to.join("");
}

function close(actual: number[], expected: number[]): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => assert.ok(Math.abs(actual[i] - value) < 2e-6, `${actual}`));
}

Deno.test("resizeVolume() reproduces the specification's lines along each axis", () => {
  const squares = [0, 1, 4, 9, 16];
  const expected: [SplineOrder, number[]][] = [
    [1, [0, 0.4375, 1.1875, 3.0625, 5.5625, 8.6875, 12.9375, 16]],
    [3, [0, 0.227752, 1.130241, 2.890421, 5.228458, 8.565035, 13.407998, 16]],
    [1, [1 / 3, 4, 13.666667]],
    [3, [0.150221, 4, 14.164294]],
  ];
  for (const [order, line] of expected) {
    close(resize(squares, [1, 1, 5], [1, 1, line.length], order), line);
    close(resize(squares, [1, 5, 1], [1, line.length, 1], order), line);
    close(resize(squares, [5, 1, 1], [line.length, 1, 1], order), line);
  }
});

Deno.test("resizeVolume() clips what a spline overshoots", () => {
  const line = resize([0, 0, 10, 0, 0], [1, 1, 5], [1, 1, 8], 3);
  close(line, [0.283094, 0, 0.553871, 8.220357, 8.220357, 0.553871, 0, 0.283094]);
});

Deno.test("resizeVolume() takes axes one by one in any order of growing and shrinking", () => {
  const extent = fc.integer({ min: 1, max: 6 });
  const shapes = fc.tuple(extent, extent, extent, extent, extent, extent);
  fc.assert(fc.property(shapes, fc.constantFrom<SplineOrder>(0, 1, 3), (sizes, order) => {
    const shape = sizes.slice(0, 3) as Shape3;
    const newShape = sizes.slice(3) as Shape3;
    const size = shape.reduce((a, b) => a * b);
    // A product of ramps resizes to the product of the resized ramps, clipped as a whole.
    const ramps = shape.map((n) => Array.from({ length: n }, (_, i) => 1 + i));
    const values = Array.from({ length: size }, (_, i) => {
      const z = Math.floor(i / (shape[1] * shape[2])), y = Math.floor(i / shape[2]) % shape[1];
      return ramps[0][z] * ramps[1][y] * ramps[2][i % shape[2]];
    });
    const resized = ramps.map((ramp, axis) => {
      const line = new Float64Array(newShape[axis]);
      new AxisResizer(ramp.length, line.length, order).run(Float64Array.from(ramp), line, 1, 1);
      return line;
    });
    const actual = resize(values, shape, newShape, order);
    let at = 0;
    for (const z of resized[0]) {
      for (const y of resized[1]) {
        for (const x of resized[2]) {
          const expected = Math.min(Math.max(z * y * x, 1), size);
          assert.ok(Math.abs(actual[at++] - expected) <= 1e-6 * size);
        }
      }
    }
  }));
});

Deno.test("axisTaps() of order 0 picks the nearest sample, halves upwards", () => {
  const nearest = (n: number, m: number): number[] => [...axisTaps(n, m, 0).first];
  assert.deepEqual(nearest(4, 6), [0, 1, 1, 2, 3, 3]);
  assert.deepEqual(nearest(5, 3), [0, 2, 4]);
  assert.deepEqual(nearest(2, 3), [0, 1, 1]);
  assert.deepEqual(nearest(3, 7), [0, 0, 1, 1, 1, 2, 2]);
});

Deno.test("resizeSegmentation() lets the largest weight win, ties go to the nearest voxel", () => {
  const labels = [0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 2, 2, 0, 0, 2, 2];
  const expected = "000000001100011100011222000222000222";
  assert.equal(resizeLabels(labels, [1, 4, 4], [1, 6, 6]), expected);
  const two = resizeLabels([...labels, ...new Array(16).fill(1)], [2, 4, 4], [3, 6, 6]);
  assert.ok(!two.slice(36, 72).includes("2"));
  assert.equal(resizeLabels(new Array(8).fill(5), [2, 2, 2], [3, 1, 2]), "555555");
});
