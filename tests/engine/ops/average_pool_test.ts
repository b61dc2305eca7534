import assert from "node:assert/strict";
import fc from "fast-check";
import { averagePool } from "../../../engine/ops/average_pool.ts";
import { averagePoolReference } from "../../reference/average_pool.ts";
import { randomNormal, relativeError } from "../../support/arrays.ts";
import { gpuTest } from "../../support/gpu_test.ts";
import { vectorJacobian } from "../../support/vector_jacobian.ts";

gpuTest("averagePool() equals the reference and its gradient is the adjoint", async (gpu) => {
  const triple = (min: number, max: number) =>
    fc.tuple(...[0, 1, 2].map(() => fc.integer({ min, max })));
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 6 })),
      triple(2, 9),
      triple(1, 2),
      async (planar, channels, [d, h, w], stride) => {
        const shape = planar ? [...channels, h, w] : [...channels, d, h, w];
        const strides = planar ? stride.slice(1) : stride;
        const [d3, stride3] = planar ? [1, [1, ...strides]] : [d, stride];
        const x = randomNormal(shape.reduce((a, b) => a * b), 1);
        const expected = averagePoolReference(x, [...channels, d3, h, w], stride3);
        const gradY = randomNormal(expected.length, 2);
        const input = gpu.featureMap(x, shape);
        const { y, grads: [gradX] } = await vectorJacobian(
          [input],
          () => averagePool(input, { stride: strides }),
          gradY,
        );
        input.dispose();
        assert.ok(relativeError(y, expected) <= 1e-6);
        const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
          Array.from(a).reduce((sum, v, i) => sum + v * b[i], 0);
        assert.ok(Math.abs(dot(expected, gradY) - dot(x, gradX!)) <= 1e-5 * x.length);
      },
    ),
    // odd tails along every axis, several planes
    { numRuns: 15, examples: [[false, [2, 5], [3, 5, 7], [2, 2, 2]]] },
  );
});

gpuTest("averagePool() refuses strides that do not fit", (gpu) => {
  const x = gpu.featureMap(new Float32Array(8), [1, 1, 2, 4]);
  assert.throws(() => averagePool(x, { stride: [2] }), /need 2 positive integers/);
  assert.throws(() => averagePool(x, { stride: [4, 2] }), /an axis is shorter/);
  x.dispose();
});
