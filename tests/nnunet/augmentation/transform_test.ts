import assert from "node:assert/strict";
import { patchGeometry } from "../../../nnunet/augmentation/initial_patch.ts";
import { trainingTransforms } from "../../../nnunet/augmentation/training_transforms.ts";
import { augment, drawFactor } from "../../../nnunet/augmentation/transform.ts";
import { SeededRandom } from "../../../nnunet/numerics/random_source.ts";
import { randomNormal } from "../../support/arrays.ts";
import { gpuTest } from "../../support/gpu_test.ts";

for (const patchSize of [[6, 8, 7], [3, 12, 10], [12, 10]]) {
  gpuTest(`augment() makes patches of ${patchSize}, the same from the same seed`, async (gpu) => {
    const geometry = patchGeometry(patchSize);
    const voxels = geometry.initialPatchSize.reduce((a, b) => a * b);
    const channels = 2;
    const sample = {
      image: gpu.featureMap(
        randomNormal(channels * voxels, 1),
        [1, channels, ...geometry.initialPatchSize],
      ),
      labels: gpu.tensor(
        Array.from({ length: voxels }, (_, i) => i % 4 - 1),
        [1, 1, ...geometry.initialPatchSize],
      ),
    };
    const transforms = trainingTransforms({
      patchSize,
      geometry,
      useMaskForNorm: [true, false],
    });
    const run = async (seed: number) => {
      const { image, labels } = augment(sample, transforms, new SeededRandom(seed));
      assert.deepEqual(image.shape, [1, channels, ...patchSize]);
      assert.deepEqual(labels.shape, [1, 1, ...patchSize]);
      const read = [await image.read(), await labels.read()];
      for (const tensor of [image, labels]) tensor.dispose();
      assert.ok(read[0].every(Number.isFinite));
      assert.ok(read[1].every((label) => [0, 1, 2].includes(label)));
      return read;
    };
    const first = await run(0);
    assert.deepEqual(await run(0), first);
    for (let seed = 1; seed < 12; seed++) assert.notDeepEqual((await run(seed))[0], first[0]);
    for (const tensor of Object.values(sample)) tensor.dispose();
  });
}

Deno.test("drawFactor() draws half below 1 and half above", () => {
  const random = new SeededRandom(1);
  const draws = Array.from({ length: 2000 }, () => drawFactor([0.7, 1.5], random));
  assert.ok(draws.every((factor) => factor >= 0.7 && factor <= 1.5));
  const below = draws.filter((factor) => factor < 1).length;
  assert.ok(Math.abs(below - 1000) < 100, `${below}`);
  assert.ok(Array.from({ length: 50 }, () => drawFactor([1.2, 2], random)).every((f) => f >= 1.2));
});
