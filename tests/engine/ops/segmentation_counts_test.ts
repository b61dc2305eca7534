import assert from "node:assert/strict";
import fc from "fast-check";
import { segmentationCounts } from "../../../engine/ops/segmentation_counts.ts";
import { randomNormal, randomUniform } from "../../support/arrays.ts";
import { gpuTest } from "../../support/gpu_test.ts";

gpuTest("segmentationCounts() counts every voxel once", async (gpu) => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 2 }),
      fc.integer({ min: 2, max: 9 }),
      fc.array(fc.integer({ min: 1, max: 21 }), { minLength: 2, maxLength: 3 }),
      fc.boolean(),
      fc.nat(),
      async (n, classes, spatial, ignored, seed) => {
        const voxels = spatial.reduce((a, b) => a * b);
        // Rounded, so that equal logits occur.
        const logits = randomNormal(n * classes * voxels, seed).map((l) => Math.round(2 * l));
        const uniform = randomUniform(seed);
        const labels = Float32Array.from(
          { length: n * voxels },
          () => Math.floor(uniform() * (classes + Number(ignored))),
        );
        const expected = new Float32Array(3 * classes);
        for (let i = 0; i < n * voxels; i++) {
          if (labels[i] === classes) continue;
          const [sample, voxel] = [Math.floor(i / voxels), i % voxels];
          const of = (c: number) => logits[(sample * classes + c) * voxels + voxel];
          let best = 0;
          for (let c = 1; c < classes; c++) if (of(c) > of(best)) best = c;
          if (best === labels[i]) expected[3 * best]++;
          else {
            expected[3 * best + 1]++;
            expected[3 * labels[i] + 2]++;
          }
        }
        const x = gpu.featureMap(logits, [n, classes, ...spatial]);
        const target = gpu.tensor(labels, [n, 1, ...spatial]);
        const counts = segmentationCounts(x, target, {
          ignoreLabel: ignored ? classes : undefined,
        });
        assert.deepEqual(await counts.read(), expected);
        for (const tensor of [x, target, counts]) tensor.dispose();
      },
    ),
    { numRuns: 8 },
  );
});
