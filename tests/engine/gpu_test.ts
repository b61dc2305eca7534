import assert from "node:assert/strict";
import { add } from "../../engine/ops/add.ts";
import { leakyRelu } from "../../engine/ops/leaky_relu.ts";
import { valueAndGrad } from "../../engine/value_and_grad.ts";
import { gpuTest } from "../support/gpu_test.ts";

gpuTest("a feature map reads back as it was written, odd channels included", async (gpu) => {
  const data = Float32Array.from({ length: 2 * 5 * 2 * 3 * 4 }, (_, i) => i);
  const x = gpu.featureMap(data, [2, 5, 2, 3, 4]);
  assert.deepEqual(await x.read(), data);
  x.dispose();
  assert.throws(() => x.buffer, ReferenceError);
});

gpuTest("scope() frees what it does not return", async (gpu) => {
  const y = gpu.scope(() => {
    const x = gpu.featureMap([-1, 2, 3, -4], [1, 1, 2, 2]);
    return leakyRelu(leakyRelu(x, { negativeSlope: 0.5 }), { negativeSlope: 0.5 });
  });
  assert.equal(gpu.memory().tensors, 1);
  assert.deepEqual([...await y.read()], [-0.25, 2, 3, -1]);
  y.dispose();
});

gpuTest("valueAndGrad() sums gradients of a tensor that is used twice", async (gpu) => {
  const w = gpu.tensor([3], [1]);
  const { value, grads } = valueAndGrad([w], () => add(add(w, w), w));
  assert.deepEqual([...await value.read()], [9]);
  assert.deepEqual([...await grads[0]!.read()], [3]);
  for (const tensor of [w, value, ...grads]) tensor?.dispose();
});

gpuTest("dispatch errors name the kernel and what is missing", (gpu) => {
  const a = gpu.tensor([1, 2], [2]);
  const b = gpu.tensor([1, 2, 3], [3]);
  assert.throws(() => add(a, b), /Cannot add \[2\] flat and \[3\] flat/);
  for (const tensor of [a, b]) tensor.dispose();
});

gpuTest("arena() lays several tensors into one piece of memory", async (gpu) => {
  const { whole, parts: [a, b] } = gpu.arena([[3], [2, 2]]);
  gpu.write(b!, new Float32Array([1, 2, 3, 4]));
  assert.deepEqual([...await a!.read()], [0, 0, 0]);
  const sum = add(b!, b!);
  assert.deepEqual([...await sum.read()], [2, 4, 6, 8]);
  for (const tensor of [whole, a!, b!, sum]) tensor.dispose();
});
