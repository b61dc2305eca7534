import assert from "node:assert/strict";
import fc from "fast-check";
import type { ConvolutionShape } from "../../../engine/ops/convolution/algorithm.ts";
import { lanes } from "../../../engine/ops/convolution/lanes.ts";
import { planLanes, planWeightGradient } from "../../../engine/ops/convolution/lanes_plan.ts";
import { sampleRuns } from "../../../engine/ops/convolution/lanes_staging.ts";
import { sizeOf } from "../../../engine/shape.ts";
import * as reference from "../../reference/convolution.ts";
import { randomNormal, relativeError } from "../../support/arrays.ts";
import { gpuTest } from "../../support/gpu_test.ts";

/** Sums of f32 products, relative to the largest value; Winograd's transforms included. */
const TOLERANCE = 1e-5;

/** Shapes that wide tiles, many channels and several textures are for: `convolution_test` has small ones. */
const cases: { what: string; x: number[]; weight: number[]; stride?: number[] }[] = [
  { what: "tiles of 20 × 16", x: [2, 18, 2, 3, 20], weight: [16, 18, 3, 3, 3] },
  { what: "tiles of 10 × 32", x: [1, 36, 2, 7, 9], weight: [33, 36, 3, 3, 3] },
  { what: "tiles of 8 × 32", x: [1, 9, 3, 4, 24], weight: [30, 9, 1, 3, 3] },
  { what: "stride 2", x: [1, 20, 5, 6, 19], weight: [35, 20, 3, 3, 3], stride: [2, 2, 2] },
  { what: "one channel, unfolded along z", x: [2, 1, 4, 5, 20], weight: [16, 1, 3, 3, 3] },
  { what: "two channels, unfolded along y", x: [2, 2, 3, 7, 12], weight: [8, 2, 1, 3, 3] },
  { what: "several textures", x: [3, 29, 280, 2, 3], weight: [1, 29, 3, 3, 3] },
];

for (const { what, x, weight, stride = x.slice(2).map(() => 1) } of cases) {
  gpuTest(`lanes convolution equals the float64 reference: ${what}`, async (gpu) => {
    const data = { x: randomNormal(sizeOf(x), 1), weight: randomNormal(sizeOf(weight), 2) };
    const expected = reference.convolution(data.x, x, data.weight, weight, undefined, stride);
    const gradY = randomNormal(expected.y.length, 3);
    const grads = reference.convolutionGradients(
      data.x,
      x,
      data.weight,
      weight,
      stride,
      gradY,
      expected.shape,
    );
    const shape = describe(x, expected.shape, weight, stride);
    if (!lanes.supports(gpu, shape, "forward")) return;

    const input = gpu.featureMap(data.x, x);
    const w = gpu.tensor(data.weight, weight);
    const gradOutput = gpu.featureMap(gradY, expected.shape);
    const results = [gpu.empty(expected.shape), gpu.empty(x), gpu.empty(weight, "flat")];
    lanes.forward(input, w, undefined, results[0], shape, false);
    lanes.gradInput(gradOutput, w, results[1], shape);
    lanes.gradWeight(input, gradOutput, results[2], shape);
    const read = Promise.all(results.map((tensor) => tensor.read()));
    for (const tensor of [input, w, gradOutput, ...results]) tensor.dispose();
    const [y, gradInput, gradWeight] = await read;
    assert(relativeError(y, expected.y) <= TOLERANCE);
    assert(relativeError(gradInput, grads.x) <= TOLERANCE);
    assert(relativeError(gradWeight, grads.weight) <= TOLERANCE);
  });
}

Deno.test("sampleRuns() puts every sample into one run that fits", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 50 }),
    fc.integer({ min: 1, max: 200 }),
    fc.integer({ min: 0, max: 1000 }),
    (n, planes, room) => {
      const most = planes + room;
      const runs = sampleRuns({ limits: { maxTextureDimension3D: most } }, n, planes);
      assert(runs.every(({ count }) => count >= 1 && count * planes <= most));
      const samples = runs.flatMap(({ first, count }) =>
        Array.from({ length: count }, (_, i) => first + i)
      );
      assert.deepEqual(samples, Array.from({ length: n }, (_, i) => i));
    },
  ));
});

Deno.test("planLanes() keeps tiles close to what there is to compute", () => {
  const plan = (width: number, outChannels: number) =>
    planLanes({
      kernel: [3, 3, 3],
      stride: [1, 1, 1],
      transposed: false,
      outChannels,
      width,
      height: 28,
    });
  assert.deepEqual(
    [plan(40, 32), plan(10, 128), plan(40, 8)].map(({ tile, out }) => [tile, out]),
    [[20, 16], [10, 32], [4, 8]],
  );
  assert.equal(plan(5, 256).transform, "plain");
  assert.equal(planWeightGradient(true, 40).tile, 8);
  assert.equal(planWeightGradient(true, 10).tile, 10);
});

function describe(
  x: number[],
  y: number[],
  weight: number[],
  stride: number[],
): ConvolutionShape {
  const extents = ([d, h, w]: number[]) => ({ d, h, w });
  return {
    n: x[0],
    inChannels: x[1],
    inChannelOffset: 0,
    weightInChannels: weight[1],
    outChannels: weight[0],
    input: extents(x.slice(2)),
    output: extents(y.slice(2)),
    kernel: weight.slice(2) as [number, number, number],
    stride: stride as [number, number, number],
  };
}
