import assert from "node:assert/strict";
import { pairwiseSum } from "../../../nnunet/numerics/pairwise_sum.ts";

Deno.test("pairwiseSum() of 1/1 + … + 1/n equals numpy.sum to the last bit", () => {
  const sums: [n: number, sum: number][] = [
    [0, 0],
    [1, 1],
    [7, 2.5928571428571425],
    [8, 2.7178571428571425],
    [20, 3.597739657143682],
    [127, 5.425334592589172],
    [128, 5.433147092589173],
    [129, 5.440899030573669],
    [300, 6.282663880299504],
    [1000, 7.485470860550345],
  ];
  for (const [n, sum] of sums) {
    assert.equal(pairwiseSum(Array.from({ length: n }, (_, i) => 1 / (i + 1))), sum, `n = ${n}`);
  }
});
