import assert from "node:assert/strict";
import { add } from "../../../engine/ops/add.ts";
import { randomNormal } from "../../support/arrays.ts";
import { gpuTest } from "../../support/gpu_test.ts";
import { storedElements } from "../../support/stored_elements.ts";
import { vectorJacobian } from "../../support/vector_jacobian.ts";

const shape = [2, 5, 3, 7];
const size = 2 * 5 * 3 * 7;
const [a, b, gradY] = [1, 2, 3].map((seed) => randomNormal(size, seed));

for (const layout of ["packed", "flat"] as const) {
  for (const negativeSlope of [undefined, 0.01, 0]) {
    gpuTest(
      `add() of ${layout} tensors with slope ${negativeSlope}, and its gradients`,
      async (gpu) => {
        const make = (data: Float32Array) =>
          layout === "packed" ? gpu.featureMap(data, shape) : gpu.tensor(data, shape);
        const tensors = [make(a), make(b)];
        const { y, grads } = await vectorJacobian(
          tensors,
          () => add(tensors[0], tensors[1], { negativeSlope }),
          gradY,
        );
        for (const tensor of tensors) tensor.dispose();
        const slope = Float32Array.from(
          a,
          (v, i) => Math.fround(v + b[i]) > 0 ? 1 : negativeSlope ?? 1,
        );
        assert.deepEqual(
          y,
          a.map((v, i) => Math.fround(v + b[i]) * slope[i]),
        );
        const expected = gradY.map((g, i) => g * slope[i]);
        assert.deepEqual(grads, [expected, expected]);
      },
    );
  }
}

gpuTest("add() with leaky ReLU to one input alone gives that its gradient", async (gpu) => {
  const tensors = [gpu.featureMap(a, shape), gpu.featureMap(b, shape)];
  const { grads } = await vectorJacobian(
    [tensors[1]],
    () => add(tensors[0], tensors[1], { negativeSlope: 0.5 }),
    gradY,
  );
  for (const tensor of tensors) tensor.dispose();
  assert.deepEqual(grads[0], gradY.map((g, i) => Math.fround(a[i] + b[i]) > 0 ? g : 0.5 * g));
});

gpuTest("add() with leaky ReLU leaves unused channels 0", async (gpu) => {
  const x = gpu.featureMap([1, -2, 3, -4], [1, 1, 2, 2]);
  const y = add(x, x, { negativeSlope: 0.5 });
  const stored = await storedElements(y);
  assert.deepEqual(stored.filter((_, i) => i % 4 === 0), Float32Array.of(2, -2, 6, -4));
  assert.deepEqual(stored.filter((_, i) => i % 4 !== 0), new Float32Array(12));
  for (const tensor of [x, y]) tensor.dispose();
});
