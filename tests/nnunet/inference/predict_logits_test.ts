import assert from "node:assert/strict";
import fc from "fast-check";
import { predictLogits } from "../../../nnunet/inference/predict_logits.ts";
import { HostWindowGrid, openWindowGrid } from "../../../nnunet/inference/window_grid.ts";
import { leakyRelu } from "../../../engine/mod.ts";
import { gpuTest, testGpu } from "../../support/gpu_test.ts";

// A network that returns its input: whatever the windows, flips and weights, the image must come back
// (spec 06, check 8).
const identity = {
  forward: (x: Parameters<typeof leakyRelu>[0]) => [leakyRelu(x, { negativeSlope: 1 })],
};
const extent = fc.integer({ min: 3, max: 19 });

gpuTest("a network that returns its input gives the image back", async () => {
  const gpu = testGpu();
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(extent, extent, extent),
      fc.constantFrom([8, 10, 6], [10, 6]),
      fc.constantFrom(0.3, 0.5, 1),
      fc.subarray([0, 1]),
      fc.boolean(),
      async (volume, patchSize, tileStepSize, mirrorAxes, useGaussian) => {
        const data = Float32Array.from(
          { length: volume[0] * volume[1] * volume[2] },
          (_, i) => Math.sin(i) * 3,
        );
        const logits = await predictLogits(gpu, [identity, identity], data, [1, ...volume], {
          patchSize,
          heads: 1,
          tileStepSize,
          mirrorAxes,
          useGaussian,
          batchSize: 3,
        });
        logits.forEach((value, i) => assert.ok(Math.abs(value - data[i]) < 2e-5));
      },
    ),
    { numRuns: 6 },
  );
});

gpuTest("host and device sum windows alike", async (gpu) => {
  const options = {
    data: Float32Array.from({ length: 2 * 5 * 6 * 7 }, (_, i) => Math.cos(i)),
    shape: [2, 5, 6, 7],
    patchSize: [4, 5, 6],
    importance: Float32Array.from({ length: 120 }, (_, i) => 1 + i % 7),
    heads: 2,
  };
  const results = [];
  for (const grid of [openWindowGrid(gpu, options), new HostWindowGrid(gpu, options)]) {
    for (const [start, flip] of [[[0, 0, 0], 5], [[1, 1, 1], 2], [[0, 1, 1], 7]] as const) {
      const batch = grid.extract([{ start, flip }]);
      await grid.add(batch, [{ start, flip }], 0.5);
      grid.addWeight(start);
      batch.dispose();
    }
    results.push(await grid.mean([1, 1, 1], [3, 4, 5]));
    grid.dispose();
  }
  const [device, host] = results;
  device.forEach((value, i) => assert.ok(Math.abs(value - host[i]) < 1e-6));
});
