import assert from "node:assert/strict";
import fc from "fast-check";
import { extractWindows, WindowSum } from "../../../engine/ops/sliding_window.ts";
import { gpuTest, testGpu } from "../../support/gpu_test.ts";

const extent = fc.integer({ min: 3, max: 7 });

gpuTest("windows cut out, flipped and added back restore the volume", async () => {
  const gpu = testGpu();
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(extent, extent, extent),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 0, max: 7 }),
      async (shape, channels, flip) => {
        const size = channels * shape[0] * shape[1] * shape[2];
        const data = Float32Array.from({ length: size }, (_, i) => Math.sin(i));
        const patch = shape.map((extent) => extent - 1);
        const mean = gpu.scope(() => {
          const volume = gpu.featureMap(data, [1, channels, ...shape]);
          const importance = gpu.tensor(
            Float32Array.from({ length: patch[0]! * patch[1]! * patch[2]! }, (_, i) => 1 + i % 5),
            patch,
          );
          const sum = new WindowSum(channels, shape, importance);
          for (let corner = 0; corner < 8; corner++) {
            const start = [corner & 1, corner >> 1 & 1, corner >> 2];
            const window = { start, flip };
            const batch = extractWindows(volume, [window, window], patch);
            sum.add(batch, 0, window, 0.25);
            sum.add(batch, 1, window, 0.75);
            sum.addWeight(start);
          }
          return sum.mean([0, 0, 0], shape);
        });
        const restored = await mean.read();
        mean.dispose();
        restored.forEach((value, i) => assert.ok(Math.abs(value - data[i]!) < 1e-5));
      },
    ),
    { numRuns: 8 },
  );
});

gpuTest("2D windows come from one slice", async (gpu) => {
  const data = Float32Array.from({ length: 2 * 3 * 4 }, (_, i) => i);
  const windows = gpu.scope(() => {
    const volume = gpu.featureMap(data, [1, 1, 2, 3, 4]);
    return extractWindows(volume, [{ start: [1, 1, 0], flip: 4 }], [2, 2]);
  });
  assert.deepEqual(windows.shape, [1, 1, 2, 2]);
  assert.deepEqual([...await windows.read()], [17, 16, 21, 20]);
  windows.dispose();
});
