import assert from "node:assert/strict";
import fc from "fast-check";
import { convTranspose } from "../../../engine/ops/conv_transpose.ts";
import { CONV_TRANSPOSE_ALGORITHMS } from "../../../engine/ops/conv_transpose/chooser.ts";
import { sizeOf } from "../../../engine/shape.ts";
import * as reference from "../../reference/conv_transpose.ts";
import { randomNormal, relativeError } from "../../support/arrays.ts";
import { gpuTest } from "../../support/gpu_test.ts";
import { vectorJacobian } from "../../support/vector_jacobian.ts";

const cases = fc.constantFrom(2, 3).chain((count) => {
  const each = <T>(value: fc.Arbitrary<T>) =>
    fc.array(value, { minLength: count, maxLength: count });
  return fc.record({
    n: fc.integer({ min: 1, max: 2 }),
    inChannels: fc.integer({ min: 1, max: 13 }),
    outChannels: fc.integer({ min: 1, max: 9 }),
    spatial: each(fc.integer({ min: 1, max: 7 })),
    kernel: each(fc.constantFrom(1, 2)),
    withBias: fc.boolean(),
    algorithm: fc.constantFrom(...CONV_TRANSPOSE_ALGORITHMS.map(({ name }) => name)),
  });
});

gpuTest("convTranspose() equals the float64 reference on any shape", async (gpu) => {
  await fc.assert(
    fc.asyncProperty(
      cases,
      async ({ n, inChannels, outChannels, spatial, kernel, withBias, algorithm }) => {
        const xShape = [n, inChannels, ...spatial];
        const weightShape = [inChannels, outChannels, ...kernel];
        const x = randomNormal(sizeOf(xShape), 1);
        const weight = randomNormal(sizeOf(weightShape), 2);
        const bias = withBias ? randomNormal(outChannels, 3) : undefined;
        const expected = reference.convTranspose(x, xShape, weight, weightShape, bias);
        const gradY = randomNormal(expected.y.length, 4);
        const grads = reference.convTransposeGradients(
          x,
          xShape,
          weight,
          weightShape,
          gradY,
          expected.shape,
        );

        const tensors = [gpu.featureMap(x, xShape), gpu.tensor(weight, weightShape)];
        if (bias) tensors.push(gpu.tensor(bias, [outChannels]));
        const actual = await vectorJacobian(tensors, () => {
          const y = convTranspose(tensors[0], tensors[1], tensors[2], { algorithm });
          assert.deepEqual(y.shape, expected.shape);
          return y;
        }, gradY);
        for (const tensor of tensors) tensor.dispose();

        const [gradX, gradWeight, gradBias] = actual.grads;
        // sums of f32 products, relative to the largest value
        assert(relativeError(actual.y, expected.y) <= 1e-5);
        assert(relativeError(gradX!, grads.x) <= 1e-5);
        assert(relativeError(gradWeight!, grads.weight) <= 1e-5);
        if (bias) assert(relativeError(gradBias!, grads.bias) <= 1e-5);
      },
    ),
    { numRuns: 30, seed: 1 },
  );
});

gpuTest("convTranspose() says which shapes do not fit", (gpu) => {
  gpu.scope(() => {
    const x = gpu.empty([1, 4, 8, 9]);
    const weight = (...shape: number[]) => gpu.empty(shape, "flat");
    assert.throws(
      () => convTranspose(x, weight(4, 8, 2, 2), undefined, { algorithm: "none" }),
      /^RangeError: Cannot convolve with transposed weight by algorithm "none": there is none, use lanes/,
    );
    assert.throws(
      () => convTranspose(x, weight(3, 8, 2, 2)),
      new TypeError(
        "Cannot convolve x [1, 4, 8, 9] with transposed weight [3, 8, 2, 2]: " +
          "x has 4 channels, weight expects 3",
      ),
    );
    assert.throws(() => convTranspose(x, weight(4, 8, 3, 2)), RangeError);
    assert.throws(() => convTranspose(x, weight(4, 8, 2, 2, 2)), /same number of axes/);
    assert.throws(() => convTranspose(x, weight(4, 8, 2, 2), weight(4)), /bias \[4\]/);
  });
});
