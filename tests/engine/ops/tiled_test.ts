import assert from "node:assert/strict";
import fc from "fast-check";
import { convolution } from "../../../engine/ops/convolution.ts";
import { planGather, planWeightGradient } from "../../../engine/ops/convolution/tiled_plan.ts";
import { sizeOf } from "../../../engine/shape.ts";
import * as reference from "../../reference/convolution.ts";
import { randomNormal, relativeError } from "../../support/arrays.ts";
import { gpuTest } from "../../support/gpu_test.ts";
import { vectorJacobian } from "../../support/vector_jacobian.ts";

/** Shapes with many slices, several tiles or many blocks: `convolution_test` has small ones. */
const cases: { what: string; x: number[]; weight: number[]; stride: number[] }[] = [
  { what: "many slices", x: [1, 70, 3, 4, 5], weight: [6, 70, 3, 3, 3], stride: [1, 1, 1] },
  { what: "many tiles", x: [2, 6, 6, 17, 23], weight: [9, 6, 3, 3, 3], stride: [1, 1, 1] },
  { what: "many channels", x: [1, 9, 2, 5, 6], weight: [70, 9, 1, 3, 3], stride: [1, 1, 1] },
  { what: "slices, stride 2", x: [1, 11, 5, 6, 9], weight: [66, 11, 3, 3, 3], stride: [2, 2, 2] },
  { what: "rows left over", x: [2, 3, 9, 7], weight: [10, 3, 3, 3], stride: [1, 1] },
  { what: "blocks left over", x: [2, 27, 9, 13], weight: [6, 27, 1, 1], stride: [1, 1] },
];

for (const { what, x: xShape, weight: weightShape, stride } of cases) {
  gpuTest(`tiled convolution equals the float64 reference: ${what}`, async (gpu) => {
    const x = randomNormal(sizeOf(xShape), 1);
    const weight = randomNormal(sizeOf(weightShape), 2);
    const bias = randomNormal(weightShape[0], 3);
    const expected = reference.convolution(x, xShape, weight, weightShape, bias, stride);
    const gradY = randomNormal(expected.y.length, 4);
    const grads = reference.convolutionGradients(
      x,
      xShape,
      weight,
      weightShape,
      stride,
      gradY,
      expected.shape,
    );
    const inputs = [
      gpu.featureMap(x, xShape),
      gpu.tensor(weight, weightShape),
      gpu.tensor(bias, [bias.length]),
    ];
    const actual = await vectorJacobian(
      inputs,
      () => convolution(inputs[0], inputs[1], inputs[2], { stride, algorithm: "tiled" }),
      gradY,
    );
    for (const tensor of inputs) tensor.dispose();
    // sums of f32 products, relative to the largest value
    assert(relativeError(actual.y, expected.y) <= 1e-5);
    assert(relativeError(actual.grads[0]!, grads.x) <= 1e-5);
    assert(relativeError(actual.grads[1]!, grads.weight) <= 1e-5);
  });
}

gpuTest("tiled convolution of two inputs adds their slices up", async (gpu) => {
  const shape = [1, 40, 2, 3, 5];
  const maps = [1, 2].map((seed) => randomNormal(sizeOf(shape), seed));
  const weightShape = [5, 80, 3, 3, 3];
  const weight = randomNormal(sizeOf(weightShape), 3);
  const bias = randomNormal(5, 4);
  const x = new Float32Array([...maps[0], ...maps[1]]);
  const { y } = reference.convolution(x, [1, 80, 2, 3, 5], weight, weightShape, bias, [1, 1, 1]);
  const actual = await gpu.scope(() => {
    const [a, b] = maps.map((map) => gpu.featureMap(map, shape));
    const parameters = [gpu.tensor(weight, weightShape), gpu.tensor(bias, [5])];
    return convolution([a, b], parameters[0], parameters[1], { algorithm: "tiled" });
  });
  const elements = actual.read();
  actual.dispose();
  assert(relativeError(await elements, y) <= 1e-5);
});

const extent = fc.integer({ min: 1, max: 300 });
const axes = <T>(value: fc.Arbitrary<T>) => fc.tuple(value, value, value);
const blocks = fc.integer({ min: 1, max: 160 });
const layer = {
  n: fc.integer({ min: 1, max: 400 }),
  taps: axes(fc.constantFrom(1, 2, 3)),
  step: axes(fc.constantFrom(1, 2)),
};

Deno.test("planGather() keeps to the limits of every WebGPU device and to the loop budget", () => {
  fc.assert(fc.property(
    fc.record({
      ...layer,
      grid: axes(extent),
      phases: fc.constantFrom(1, 2, 4, 8),
      sourceBlocks: blocks,
      targetBlocks: blocks,
    }),
    (extents) => {
      const { constants: c, slices } = planGather(extents);
      const { taps, step, sourceBlocks } = extents;
      const slabW = (c.REG_W * c.THREADS_W - 1) * step[2] + taps[2];
      const slabH = (c.REG_H * c.THREADS_H - 1) * step[1] + taps[1];
      const slab = c.STAGED * c.THREADS_D * slabH * (slabW + 1 - slabW % 2);
      const weights = c.STAGED * taps[1] * taps[2] * 4 * c.REG_C * c.THREADS_C;
      assert(16 * (slab + weights) <= 16_384);
      assert.equal(c.WORKGROUP_SIZE, c.THREADS_C * c.THREADS_D * c.THREADS_H * c.THREADS_W);
      assert(c.WORKGROUP_SIZE <= 256);
      const steps = Math.ceil(Math.ceil(sourceBlocks / c.STAGED) * taps[0] / slices);
      assert(steps * (1 + c.STAGED * taps[1]) <= 60_000);
    },
  ));
});

Deno.test("planWeightGradient() keeps to the same limits", () => {
  fc.assert(fc.property(
    fc.record({ ...layer, output: axes(extent), inBlocks: blocks, outBlocks: blocks }),
    (extents) => {
      const { constants: c, slices } = planWeightGradient(extents);
      const { n, output, taps, step } = extents;
      const slabW = (c.TILE_W - 1) * step[2] + taps[2];
      const slab = ((c.TILE_H - 1) * step[1] + taps[1]) * slabW;
      const vectors = c.REG_I * c.THREADS_I * (slab | 1) +
        c.REG_O * c.THREADS_O * (c.TILE_H * c.TILE_W | 1);
      assert(16 * vectors <= 16_384);
      assert.equal(c.WORKGROUP_SIZE, taps[1] * c.THREADS_I * c.THREADS_O * c.THREADS_R);
      assert(c.WORKGROUP_SIZE <= 256);
      const tiles = n * output[0] * Math.ceil(output[1] / c.TILE_H) *
        Math.ceil(output[2] / c.TILE_W);
      assert(Math.ceil(tiles / slices) * (1 + c.TILE_H / c.THREADS_R) <= 60_000);
    },
  ));
});
