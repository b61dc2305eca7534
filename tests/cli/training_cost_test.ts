import assert from "node:assert/strict";
import { exampleConfiguration, forwardOperations } from "../../cli/training_cost.ts";

Deno.test("operations of a U-Net are counted convolution by convolution", () => {
  const configuration = exampleConfiguration();
  assert.deepEqual(configuration.patch_size, [40, 56, 40]);
  assert.equal(configuration.batch_size, 9);
  const [a, b, c, d] = [40 * 56 * 40, 20 * 28 * 20, 10 * 14 * 10, 5 * 7 * 5];
  const convolutions = a * (32 + 32 ** 2 + 64 * 32 + 32 ** 2) +
    b * (32 * 64 + 64 ** 2 + 128 * 64 + 64 ** 2) +
    c * (64 * 128 + 128 ** 2 + 256 * 128 + 128 ** 2) +
    d * (128 * 256 + 256 ** 2);
  const transposed = a * 64 * 32 + b * 128 * 64 + c * 256 * 128;
  assert.equal(forwardOperations(configuration), 2 * (27 * convolutions + transposed));
});
