import assert from "node:assert/strict";
import fc from "fast-check";
import { pairwiseSum } from "../../../nnunet/numerics/pairwise_sum.ts";
import { StreamingPairwiseSum } from "../../../nnunet/numerics/streaming_pairwise_sum.ts";

Deno.test("StreamingPairwiseSum adds as pairwiseSum() does, whatever the pieces", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 1, max: 500 }), (n, piece) => {
      const values = Float64Array.from({ length: n }, (_, i) => Math.sin(i) * 10 ** (i % 7));
      const sum = new StreamingPairwiseSum(n, "float64");
      for (let i = 0; i < n; i += piece) sum.add(values.subarray(i, i + piece));
      assert.equal(sum.total, pairwiseSum(values));
    }),
  );
});

Deno.test("StreamingPairwiseSum rounds every sum to float32", () => {
  // 0.1 a hundred thousand times; numpy.full(100000, 0.1, float32).sum() is 10000.0
  const values = new Float32Array(100_000).fill(0.1);
  const sum = new StreamingPairwiseSum(values.length, "float32");
  sum.add(values);
  assert.equal(sum.total, Math.fround(sum.total));
  assert.ok(Math.abs(sum.total - 10_000) < 0.01);
  const few = new StreamingPairwiseSum(3, "float32");
  few.add(Float32Array.of(2 ** 24, 1, 1));
  assert.equal(few.total, 2 ** 24);
});
