import assert from "node:assert/strict";
import fc from "fast-check";
import { pairwiseSum } from "../../../nnunet/numerics/pairwise_sum.ts";
import { StreamingPairwiseSum } from "../../../nnunet/numerics/streaming_pairwise_sum.ts";

Deno.test("StreamingPairwiseSum adds as pairwiseSum() does, whatever the pieces", () => {
  const pieces = fc.array(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), {
    maxLength: 700,
  }));
  fc.assert(fc.property(pieces, (arrays) => {
    const all = arrays.flat();
    const sum = new StreamingPairwiseSum(all.length, "float64");
    for (const array of arrays) sum.add(Float64Array.from(array));
    assert.equal(sum.total + 0, pairwiseSum(all) + 0);
  }));
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
