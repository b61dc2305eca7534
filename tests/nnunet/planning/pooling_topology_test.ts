import assert from "node:assert/strict";
import fc from "fast-check";
import { poolingTopology } from "../../../nnunet/planning/pooling_topology.ts";

const digits = (sizes: number[][]) => sizes.map((size) => size.join("")).join();

Deno.test("poolingTopology() pools all axes of an isotropic image alike", () => {
  const { strides, patchSize, divisor } = poolingTopology([1, 1, 1], [36, 50, 35]);
  assert.deepEqual(divisor, [8, 8, 8]);
  assert.deepEqual(patchSize, [40, 56, 40]);
  assert.equal(digits(strides), "111,222,222,222");
});

Deno.test("poolingTopology() leaves a coarse axis until the others have caught up", () => {
  const prostate = poolingTopology([3.6, .625, .625], [20, 320, 320]);
  assert.equal(digits(prostate.strides), "111,122,122,222,222,122,122");
  assert.equal(digits(prostate.kernelSizes), "133,133,333,333,333,333,333");
  assert.deepEqual(prostate.divisor, [4, 64, 64]);

  const heart = poolingTopology([6.35, 1.5625, 1.5625], [14, 256, 216]);
  assert.equal(digits(heart.strides), "111,122,122,222,122,122");
  assert.deepEqual(heart.patchSize, [14, 256, 224]);

  const twice = poolingTopology([2, 1, 1], [32, 32, 32]);
  assert.equal(digits(twice.strides), "111,122,222,222");
  assert.equal(digits(twice.kernelSizes), "133,333,333,333");
});

Deno.test("poolingTopology() stops at small images", () => {
  assert.deepEqual(poolingTopology([1, 1], [11, 13]).patchSize, [12, 14]);
  assert.deepEqual(poolingTopology([1, 1, 1], [7, 7, 7]).strides.length, 1);
  assert.deepEqual(poolingTopology([1, 1, 1], [8, 8, 8]).strides.length, 2);
  assert.deepEqual(poolingTopology([1, 1, 1], [16, 100, 100]).patchSize, [16, 112, 112]);
});

Deno.test("poolingTopology() does not round an axis that it does not pool", () => {
  // 7.5 stays too small to be pooled while the last axis is halved
  const { strides, patchSize } = poolingTopology([1.6, 1, .8], [8, 7.5, 14]);
  assert.equal(digits(strides), "111,112");
  assert.deepEqual(patchSize, [8, 8, 14]);
});

Deno.test("poolingTopology() pads by less than one divisor and never below 4", () => {
  const axes = fc.integer({ min: 2, max: 3 }).chain((n) =>
    fc.tuple(
      fc.array(fc.double({ min: 0.1, max: 20, noNaN: true }), { minLength: n, maxLength: n }),
      fc.array(fc.integer({ min: 1, max: 600 }), { minLength: n, maxLength: n }),
    )
  );
  fc.assert(fc.property(axes, ([spacing, size]) => {
    const { strides, kernelSizes, patchSize, divisor } = poolingTopology(spacing, size);
    assert.equal(kernelSizes.length, strides.length);
    patchSize.forEach((edge, axis) => {
      const product = strides.reduce((a, s) => a * s[axis], 1);
      assert.equal(divisor[axis], product);
      assert.equal(edge % product, 0);
      assert.ok(edge >= size[axis] && edge - size[axis] < product);
      assert.ok(product === 1 || edge / product >= 4);
    });
  }));
});
