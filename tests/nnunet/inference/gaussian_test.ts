import assert from "node:assert/strict";
import { gaussianImportanceMap } from "../../../nnunet/inference/gaussian.ts";

function assertClose(actual: Float32Array, expected: number[], relative: number): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) =>
    assert.ok(Math.abs(actual[i] - value) <= relative * value, `${i}: ${actual[i]} for ${value}`)
  );
}

Deno.test("gaussianImportanceMap() of 8 × 8 (spec 06, check 2)", () => {
  const map = gaussianImportanceMap([8, 8]);
  assertClose(
    map.subarray(32, 40),
    [0.0033546, 0.11109, 1.353353, 6.065307, 10, 6.065307, 1.353353, 0.11109],
    1e-5,
  );
  assertClose(map.subarray(0, 1), [1.12535e-6], 1e-5);
});

Deno.test("gaussianImportanceMap() has its peak of 10 at q // 2, of an odd axis and an even one", () => {
  const map = gaussianImportanceMap([5, 10]);
  assert.equal(map.indexOf(Math.max(...map)), 2 * 10 + 5);
  assertClose(
    map.subarray(20, 30),
    // deno-fmt-ignore
    [0.00335463, 0.05976023, 0.56134763, 2.780373, 7.26149, 10, 7.26149, 2.780373, 0.56134763, 0.05976023],
    2e-6,
  );
});

Deno.test("gaussianImportanceMap() of (28, 28, 24) agrees with the float16 map (check 3)", () => {
  const map = gaussianImportanceMap([28, 28, 24]);
  const line = map.subarray((14 * 28 + 14) * 24, (14 * 28 + 15) * 24);
  assertClose(
    line.subarray(0, 13),
    // deno-fmt-ignore
    [0.003355, 0.0120392, 0.0386658, 0.111084, 0.2856445, 0.6572266, 1.3535156, 2.4941406, 4.109375, 6.0664063, 8.0078125, 9.4609375, 10],
    5e-4,
  );
  assert.ok(map.every((weight) => weight > 0));
});

Deno.test("gaussianImportanceMap() of 128³ sums to nnU-Net's figure (check 3)", () => {
  const map = gaussianImportanceMap([128, 128, 128]);
  const sum = map.reduce((total, weight) => total + weight, 0);
  assert.ok(Math.abs(sum - 644986.1) < 40, String(sum));
});
