import assert from "node:assert/strict";
import { weightedSum } from "../../../engine/ops/weighted_sum.ts";
import { valueAndGrad } from "../../../engine/value_and_grad.ts";
import { gpuTest } from "../../support/gpu_test.ts";

gpuTest("weightedSum() adds scalars; the gradients are the weights", async (gpu) => {
  const values = [3, -5, 7].map((value) => gpu.tensor([value], [1]));
  const { value, grads } = valueAndGrad(values, () => weightedSum(values, [0.5, 0.25, 2]));
  assert.deepEqual([...await value.read()], [14.25]);
  const read = await Promise.all(grads.map((grad) => grad!.read()));
  assert.deepEqual(read.map(([grad]) => grad), [0.5, 0.25, 2]);
  assert.throws(() => weightedSum(values, [1]), /Cannot sum 3 values with 1 weights/);
  for (const tensor of [...values, value, ...grads]) tensor?.dispose();
});
