import assert from "node:assert/strict";
import fc from "fast-check";
import { crossEntropyDice } from "../../../engine/ops/cross_entropy_dice.ts";
import { valueAndGrad } from "../../../engine/value_and_grad.ts";
import { crossEntropyDiceReference } from "../../reference/cross_entropy_dice.ts";
import { randomNormal, randomUniform, relativeError } from "../../support/arrays.ts";
import { checkGradients } from "../../support/gradient_check.ts";
import { gpuTest } from "../../support/gpu_test.ts";

gpuTest("crossEntropyDice() and its gradient equal the reference, any class count", async (gpu) => {
  const extent = fc.integer({ min: 1, max: 19 });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 2, max: 10 }),
      fc.array(extent, { minLength: 2, maxLength: 3 }),
      fc.boolean(),
      fc.boolean(),
      fc.nat(),
      async (n, classes, spatial, batchDice, ignored, seed) => {
        const voxels = spatial.reduce((a, b) => a * b);
        const logits = randomNormal(n * classes * voxels, seed).map((l) => 3 * l);
        // The highest class is missing unless it is the ignore label.
        const uniform = randomUniform(seed);
        const labels = Float32Array.from(
          { length: n * voxels },
          () => Math.floor(uniform() * (classes - Number(!ignored))),
        );
        const ignoreLabel = ignored ? classes - 1 : undefined;
        const x = gpu.featureMap(logits, [n, classes, ...spatial]);
        const target = gpu.tensor(labels, [n, 1, ...spatial]);
        const { value, grads } = valueAndGrad(
          [x],
          () => crossEntropyDice(x, target, { batchDice, ignoreLabel }),
        );
        const expected = crossEntropyDiceReference(logits, labels, [n, classes, voxels], {
          batchDice,
          ignoreLabel,
        });
        const error = Math.abs((await value.read())[0] - expected.value);
        const gradError = relativeError(await grads[0]!.read(), expected.grad);
        for (const tensor of [x, target, value, ...grads]) tensor?.dispose();
        assert.ok(error <= 1e-5, `value: ${error}`);
        assert.ok(gradError <= 1e-5, `gradient: ${gradError}`);
      },
    ),
    { numRuns: 12 },
  );
});

gpuTest("crossEntropyDice() changes as its gradient says", async (gpu) => {
  const shape = [2, 6, 3, 5, 4];
  const target = gpu.tensor(Array.from({ length: 120 }, (_, i) => i * 7 % 6), [2, 1, 3, 5, 4]);
  await checkGradients(
    [{ data: randomNormal(720, 1), make: (data) => gpu.featureMap(data, shape) }],
    ([x]) => crossEntropyDice(x, target, { batchDice: true, ignoreLabel: 5 }),
  );
  target.dispose();
});

gpuTest("crossEntropyDice() of a certain and right prediction is -1", async (gpu) => {
  const x = gpu.featureMap([99, 99, 0, 0, 0, 0, 99, 99], [1, 2, 2, 2]);
  const target = gpu.tensor([0, 0, 1, 1], [1, 1, 2, 2]);
  const loss = crossEntropyDice(x, target);
  assert.deepEqual([...await loss.read()], [-1]);
  for (const tensor of [x, target, loss]) tensor.dispose();
});

gpuTest("crossEntropyDice() refuses shapes that do not belong together", (gpu) => {
  const x = gpu.featureMap(new Float32Array(8), [1, 2, 2, 2]);
  const target = gpu.zeros([1, 1, 2, 3]);
  assert.throws(() => crossEntropyDice(x, target), /Cannot compare logits \[1, 2, 2, 2\] with/);
  for (const tensor of [x, target]) tensor.dispose();
});
