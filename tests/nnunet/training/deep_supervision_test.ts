import assert from "node:assert/strict";
import { crossEntropyDice } from "../../../engine/mod.ts";
import {
  deepSupervisionLoss,
  deepSupervisionWeights,
} from "../../../nnunet/training/deep_supervision.ts";
import { gpuTest } from "../../support/gpu_test.ts";

Deno.test("deepSupervisionWeights() halve, leave the lowest out and sum to 1", () => {
  assert.deepEqual(deepSupervisionWeights(1), [1]);
  assert.deepEqual(deepSupervisionWeights(2), [1, 0]);
  assert.deepEqual(deepSupervisionWeights(3), [2 / 3, 1 / 3, 0]);
  assert.deepEqual(deepSupervisionWeights(4), [4 / 7, 2 / 7, 1 / 7, 0]);
});

gpuTest("deepSupervisionLoss() weighs the losses of each resolution", async (gpu) => {
  const target = gpu.tensor([0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0], [1, 1, 4, 4]);
  // nearest-exact takes the second of each two
  const half = gpu.tensor([1, 1, 0, 0], [1, 1, 2, 2]);
  const logits = [4, 2, 1].map((extent) =>
    gpu.featureMap(
      Array.from({ length: 2 * extent * extent }, (_, i) => Math.sin(i)),
      [1, 2, extent, extent],
    )
  );
  const loss = deepSupervisionLoss(logits, target, crossEntropyDice);
  const full = crossEntropyDice(logits[0], target);
  const lower = crossEntropyDice(logits[1], half);
  const [[value], [a], [b]] = await Promise.all([loss, full, lower].map((t) => t.read()));
  assert(Math.abs(value - (2 * a + b) / 3) < 1e-6);
  for (const tensor of [target, half, ...logits, loss, full, lower]) tensor.dispose();
});
