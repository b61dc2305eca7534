import assert from "node:assert/strict";
import fc from "fast-check";
import { instanceNorm } from "../../../engine/ops/instance_norm.ts";
import type { Gpu } from "../../../engine/gpu.ts";
import { instanceNormReference } from "../../reference/instance_norm.ts";
import { randomNormal, relativeError } from "../../support/arrays.ts";
import { checkGradients } from "../../support/gradient_check.ts";
import { gpuTest } from "../../support/gpu_test.ts";
import { storedElements } from "../../support/stored_elements.ts";
import { vectorJacobian } from "../../support/vector_jacobian.ts";

/** Runs forward and backward on `x` and returns the relative errors to the reference. */
async function errors(gpu: Gpu, x: Float32Array, shape: number[], slope?: number) {
  const c = shape[1];
  const weight = randomNormal(c, 2).map((w) => 1 + 0.3 * w);
  const bias = randomNormal(c, 3);
  const gradY = randomNormal(x.length, 4);
  const tensors = [gpu.featureMap(x, shape), gpu.tensor(weight, [c]), gpu.tensor(bias, [c])];
  const { y, grads } = await vectorJacobian(
    tensors,
    () => instanceNorm(tensors[0], tensors[1], tensors[2], { negativeSlope: slope }),
    gradY,
  );
  for (const tensor of tensors) tensor.dispose();
  const expected = instanceNormReference(x, shape, weight, bias, gradY, 1e-5, slope ?? 1);
  return [
    relativeError(y, expected.y),
    relativeError(grads[0]!, expected.gradX),
    relativeError(grads[1]!, expected.gradWeight),
    relativeError(grads[2]!, expected.gradBias),
  ];
}

gpuTest("instanceNorm() and its gradients equal the reference, any shape", async (gpu) => {
  const extent = fc.integer({ min: 2, max: 13 });
  const shapes = fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 9 }),
    fc.array(extent, { minLength: 2, maxLength: 3 }),
  );
  await fc.assert(
    fc.asyncProperty(shapes, fc.boolean(), fc.nat(), async ([n, c, spatial], activated, seed) => {
      const shape = [n, c, ...spatial];
      const x = randomNormal(shape.reduce((a, b) => a * b), seed);
      const worst = Math.max(...await errors(gpu, x, shape, activated ? 0.01 : undefined));
      assert.ok(worst <= 1e-5, `${shape}: ${worst}`);
    }),
    { numRuns: 8 },
  );
});

gpuTest("instanceNorm() changes as its gradients say", async (gpu) => {
  const shape = [2, 5, 3, 7, 4];
  await checkGradients(
    [
      { data: randomNormal(840, 1), make: (data) => gpu.featureMap(data, shape) },
      { data: randomNormal(5, 2), make: (data) => gpu.tensor(data, [5]) },
      { data: randomNormal(5, 3), make: (data) => gpu.tensor(data, [5]) },
    ],
    ([x, weight, bias]) => instanceNorm(x, weight, bias),
  );
});

gpuTest("instanceNorm() loses no digits where the mean is large, over many tiles", async (gpu) => {
  const shape = [1, 3, 9, 67, 71];
  const x = randomNormal(3 * 9 * 67 * 71, 5).map((v) => 1000 + v);
  const [y, gradX] = await errors(gpu, x, shape);
  // x itself is rounded to 3e-5 but the same x is given to both sides
  assert.ok(y <= 2e-5 && gradX <= 2e-5, `${y} ${gradX}`);
});

gpuTest("instanceNorm() leaves unused channels 0", async (gpu) => {
  const x = gpu.featureMap([1, 2, 3, 4], [1, 1, 2, 2]);
  const weight = gpu.tensor([2], [1]);
  const bias = gpu.tensor([5], [1]);
  const y = instanceNorm(x, weight, bias);
  const stored = await storedElements(y);
  assert.deepEqual(stored.filter((_, i) => i % 4 !== 0), new Float32Array(12));
  for (const tensor of [x, weight, bias, y]) tensor.dispose();
});

gpuTest("instanceNorm() refuses wrong parameters and a single voxel", (gpu) => {
  const x = gpu.featureMap(new Float32Array(6), [1, 6, 1, 1]);
  const [five, six] = [gpu.zeros([5]), gpu.zeros([6])];
  assert.throws(() => instanceNorm(x, five, six), /need 6 elements each/);
  assert.throws(() => instanceNorm(x, six, six), /a single voxel has no variance/);
  for (const tensor of [x, five, six]) tensor.dispose();
});
