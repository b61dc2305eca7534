import assert from "node:assert/strict";
import fc from "fast-check";
import { RandomState } from "../../../nnunet/numerics/random_state.ts";

Deno.test("RandomState gives the words of MT19937", () => {
  const random = new RandomState(12345);
  const words = Array.from({ length: 8 }, () => random.word());
  assert.deepEqual(
    words,
    [3992670690, 3823185381, 1358822685, 561383553, 789925284, 170765737, 878579710, 3549516158],
  );
});

Deno.test("RandomState shuffles as numpy.random.RandomState does", () => {
  assert.deepEqual(new RandomState(12345).permutation(10), [0, 7, 3, 9, 6, 4, 1, 8, 5, 2]);
  assert.deepEqual(new RandomState(1234).permutation(10), [7, 2, 9, 1, 0, 8, 4, 5, 6, 3]);
});

Deno.test("RandomState.choice() draws with replacement as numpy does", () => {
  const drawn = new RandomState(1234).choice(1000, 8, { replace: true });
  assert.deepEqual(drawn, [815, 723, 294, 53, 204, 372, 664, 655]);
});

Deno.test("RandomState.choiceFrom() draws what choice() draws and leaves the same state", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 0, max: 3000 }),
      (seed, n, k) => {
        const [a, b] = [new RandomState(seed), new RandomState(seed)];
        const values = Float32Array.from({ length: n }, (_, i) => 2 * i);
        const drawn = new Float32Array(k);
        b.choiceFrom(values, drawn);
        assert.deepEqual([...drawn], a.choice(n, k, { replace: true }).map((i) => 2 * i));
        assert.equal(a.word(), b.word());
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("RandomState.uniform() fills 53 bits", () => {
  // numpy.random.RandomState(0).random_sample(3)
  const random = new RandomState(0);
  const drawn = [random.uniform(), random.uniform(), random.uniform()];
  assert.deepEqual(drawn, [0.5488135039273248, 0.7151893663724195, 0.6027633760716439]);
});

Deno.test("RandomState refuses what is not an integer of 32 bits", () => {
  assert.throws(() => new RandomState(-1), RangeError);
  assert.throws(() => new RandomState(1.5), RangeError);
  assert.throws(() => new RandomState(1).interval(2 ** 32), RangeError);
  assert.throws(() => new RandomState(1).choice(3, 4, { replace: false }), RangeError);
});
