import assert from "node:assert/strict";
import { concatenate } from "../../../engine/ops/concatenate.ts";
import { gpuTest } from "../../support/gpu_test.ts";

gpuTest("concatenate() joins samples and scalars along the first axis", async (gpu) => {
  const a = gpu.featureMap([1, 2, 3, 4, 5, 6], [1, 3, 1, 2]);
  const b = gpu.featureMap([7, 8, 9, 10, 11, 12], [1, 3, 1, 2]);
  const batch = concatenate([a, b]);
  assert.deepEqual([...await batch.read()], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  const scalars = [gpu.tensor([5], [1]), gpu.tensor([6], [1])];
  const list = concatenate(scalars);
  assert.deepEqual([...await list.read()], [5, 6]);
  assert.throws(() => concatenate([a, list]), /Cannot concatenate \[1, 3, 1, 2\] packed and/);
  for (const tensor of [a, b, batch, ...scalars, list]) tensor.dispose();
});
