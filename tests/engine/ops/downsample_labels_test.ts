import assert from "node:assert/strict";
import { downsampleLabels } from "../../../engine/ops/downsample_labels.ts";
import { gpuTest } from "../../support/gpu_test.ts";

gpuTest("downsampleLabels() takes the voxels that nearest-exact takes", async (gpu) => {
  const picks: [number, number[]][] = [
    [10, [0, 2, 3, 5, 6, 7, 9]],
    [10, [1, 3, 5, 7, 9]],
    [9, [0, 2, 4, 6, 8]],
    [5, [0, 2, 4]],
    [7, [0, 2, 4, 6]],
    [8, [2, 6]],
  ];
  for (const [n, expected] of picks) {
    const line = gpu.tensor(Array.from({ length: n }, (_, i) => i), [1, 1, 1, n]);
    const small = downsampleLabels(line, [1, expected.length]);
    assert.deepEqual([...await small.read()], expected);
    for (const tensor of [line, small]) tensor.dispose();
  }
});

gpuTest("downsampleLabels() treats axes, channels and samples separately", async (gpu) => {
  const shape = [2, 3, 4, 6, 5];
  const labels = gpu.tensor(Array.from({ length: 720 }, (_, i) => i), shape);
  const small = downsampleLabels(labels, [2, 2, 5]);
  const expected: number[] = [];
  for (let map = 0; map < 6; map++) {
    for (const d of [1, 3]) {
      for (const h of [1, 4]) {
        for (let w = 0; w < 5; w++) expected.push(((map * 4 + d) * 6 + h) * 5 + w);
      }
    }
  }
  assert.deepEqual([...await small.read()], expected);
  assert.throws(() => downsampleLabels(labels, [2, 2]), /need 3 positive extents/);
  for (const tensor of [labels, small]) tensor.dispose();
});
