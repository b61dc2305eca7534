import assert from "node:assert/strict";
import { randomNormal } from "../../../engine/ops/random_normal.ts";
import { gpuTest } from "../../support/gpu_test.ts";

/** Philox 4×32-10 with exact integers. */
function philox(counter: number[], key: number[]): number[] {
  let c = counter.map(BigInt);
  let [k0, k1] = key.map(BigInt);
  const word = (value: bigint) => value & 0xffffffffn;
  for (let round = 0; round < 10; round++) {
    const a = 0xd2511f53n * c[0];
    const b = 0xcd9e8d57n * c[2];
    c = [(b >> 32n) ^ c[1] ^ k0, word(b), (a >> 32n) ^ c[3] ^ k1, word(a)];
    k0 = word(k0 + 0x9e3779b9n);
    k1 = word(k1 + 0xbb67ae85n);
  }
  return c.map(Number);
}

Deno.test("the test's own Philox gives the published answer", () => {
  assert.deepEqual(
    philox([0, 0, 0, 0], [0, 0]),
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  );
});

gpuTest("randomNormal() follows from seed and stream alone", async (gpu) => {
  const seed = 5 * 2 ** 32 + 3_000_000_000;
  const y = randomNormal(gpu, [3, 7], { mean: 2, std: 0.5, seed, stream: 9 });
  const actual = await y.read();
  y.dispose();
  const expected = Array.from({ length: 6 }, (_, i) => {
    const [a, b, c, d] = philox([i, 9, 0, 0], [3_000_000_000, 5])
      .map((bits) => ((bits >>> 9) + 0.5) / 2 ** 23);
    const [r, s] = [a, b].map((u) => Math.sqrt(-2 * Math.log(u)));
    const [p, q] = [c, d].map((u) => 2 * Math.PI * u);
    return [r * Math.cos(p), s * Math.cos(q), r * Math.sin(p), s * Math.sin(q)];
  }).flat().slice(0, 21).map((z) => 2 + 0.5 * z);
  // devices compute log, sin and cos to a few units in 2^-21
  actual.forEach((value, i) => assert(Math.abs(value - expected[i]) < 1e-4, `element ${i}`));
});

gpuTest("randomNormal() has the moments of the normal distribution", async (gpu) => {
  const y = randomNormal(gpu, [200_000], { seed: 1 });
  const values = await y.read();
  y.dispose();
  const moment = (power: number) => values.reduce((sum, z) => sum + z ** power, 0) / values.length;
  // five standard errors of each moment
  const error = 5 / Math.sqrt(values.length);
  assert(Math.abs(moment(1)) < error);
  assert(Math.abs(moment(2) - 1) < error * Math.sqrt(2));
  assert(Math.abs(moment(3)) < error * Math.sqrt(15));
  assert(Math.abs(moment(4) - 3) < error * Math.sqrt(96));
});

gpuTest("randomNormal() refuses a seed that is no whole number", (gpu) => {
  gpu.scope(() => assert.throws(() => randomNormal(gpu, [1], { seed: 0.5 }), RangeError));
});
