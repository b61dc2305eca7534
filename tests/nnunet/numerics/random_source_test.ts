import assert from "node:assert/strict";
import { philox, SeededRandom } from "../../../nnunet/numerics/random_source.ts";

Deno.test("philox() equals the published test vectors", () => {
  // Random123, kat_vectors, philox4x32-10
  const ones = 0xffffffff;
  assert.deepEqual(philox([0, 0, 0, 0], [0, 0]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  assert.deepEqual(
    philox([ones, ones, ones, ones], [ones, ones]),
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  );
});

Deno.test("SeededRandom depends on every number of its path, and on nothing else", () => {
  const draw = (...path: number[]) => {
    const random = new SeededRandom(...path);
    return Array.from({ length: 5 }, () => random.uniform(0, 1));
  };
  assert.deepEqual(draw(1, 2, 3), draw(1, 2, 3));
  const firsts = [draw(1, 2, 3), draw(1, 2, 4), draw(1, 3, 3), draw(2, 2, 3), draw(1, 2)];
  assert.equal(new Set(firsts.map(([first]) => first)).size, 5);
});

Deno.test("SeededRandom is even over its range", () => {
  const random = new SeededRandom(7);
  const counts = [0, 0, 0, 0, 0];
  for (let i = 0; i < 5000; i++) counts[random.integer(-2, 3) + 2]++;
  for (const count of counts) assert.ok(Math.abs(count - 1000) < 150, `${counts}`);
  let sum = 0;
  for (let i = 0; i < 5000; i++) sum += random.uniform(2, 4);
  assert.ok(Math.abs(sum / 5000 - 3) < 0.05);
});
