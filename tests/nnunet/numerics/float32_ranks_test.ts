import assert from "node:assert/strict";
import fc from "fast-check";
import { Float32Ranks } from "../../../nnunet/numerics/float32_ranks.ts";

Deno.test("Float32Ranks finds what sorting finds", () => {
  const values = fc.array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 200 });
  fc.assert(fc.property(values, fc.array(fc.nat(199)), (numbers, picks) => {
    const sorted = Float32Array.from(numbers).sort();
    const wanted = [0, sorted.length - 1, ...picks.map((pick) => pick % sorted.length)];
    const ranks = new Float32Ranks(wanted);
    const pieces = [numbers.slice(0, 50), numbers.slice(50)].map((p) => Float32Array.from(p));
    for (const piece of pieces) ranks.countUpper(piece);
    ranks.locate();
    for (const piece of pieces) ranks.countLower(piece);
    assert.deepEqual(ranks.values(), wanted.map((rank) => sorted[rank]));
  }));
});
