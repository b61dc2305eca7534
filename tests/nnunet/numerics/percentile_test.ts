import assert from "node:assert/strict";
import fc from "fast-check";
import { median, percentile } from "../../../nnunet/numerics/percentile.ts";

Deno.test("percentile() interpolates between neighbours as numpy.percentile does", () => {
  const values = [12, 15, 14, 13, 17, 26, 10, 16];
  assert.equal(percentile(values, 50), 14.5);
  assert.equal(percentile([5, 5, 6.5, 7, 8], 10), 5);
  const index = Array.from({ length: 10 }, (_, i) => i + 9);
  assert.equal(percentile(index, 0.5), 9.045);
});

Deno.test("percentile() counts from the upper neighbour where that is nearer", () => {
  // b - (b - a) * 0.5 is not always (a + b) / 2
  const [a, b] = [0.7, 0.9];
  assert.equal(percentile([a, b], 50), b - (b - a) * 0.5);
});

Deno.test("percentile() ends at the extremes and never decreases", () => {
  const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 });
  fc.assert(fc.property(values, (v) => {
    assert.equal(percentile(v, 0), Math.min(...v) + 0);
    assert.equal(percentile(v, 100), Math.max(...v) + 0);
    assert.ok(percentile(v, 25) <= percentile(v, 75));
  }));
});

Deno.test("median() is the mean of the two middle values of an even number", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
});
