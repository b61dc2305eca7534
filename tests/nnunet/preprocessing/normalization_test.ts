import assert from "node:assert/strict";
import { DataError } from "../../../nnunet/errors.ts";
import { normalizationSchemeOf, normalize } from "../../../nnunet/preprocessing/normalization.ts";

function close(actual: Float32Array, expected: number[]): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => assert.ok(Math.abs(actual[i] - value) < 1e-6, `${actual}`));
}

Deno.test("normalize() reproduces the numbers of the specification", () => {
  const x = [0, 1, 2, 3, 4, 10];
  const zScore = Float32Array.from(x);
  normalize("ZScoreNormalization", zScore);
  close(zScore, [-1.025978, -0.718185, -0.410391, -0.102598, 0.205196, 2.051957]);

  const masked = Float32Array.from(x);
  normalize("ZScoreNormalization", masked, { seg: [-1, 0, 0, 1, 0, 2] });
  close(masked, [0, -0.948683, -0.632456, -0.316228, 0, 1.897367]);

  const ct = Float32Array.from(x);
  const intensities = { mean: 2, std: 4, percentile_00_5: 1, percentile_99_5: 8 };
  normalize("CTNormalization", ct, { intensities });
  close(ct, [-0.25, -0.25, 0, 0.25, 0.5, 1.5]);

  const rescaled = Float32Array.of(2, 4, 6);
  normalize("RescaleTo01Normalization", rescaled);
  close(rescaled, [0, 0.5, 1]);

  const rgb = Float32Array.of(0, 51, 255);
  normalize("RGBTo01Normalization", rgb);
  close(rgb, [0, 0.2, 1]);

  const raw = Float32Array.of(3, -4);
  normalize("NoNormalization", raw);
  close(raw, [3, -4]);
});

Deno.test("normalize() makes a constant image 0, not infinite", () => {
  for (const scheme of ["ZScoreNormalization", "RescaleTo01Normalization"]) {
    const constant = new Float32Array(5).fill(7);
    normalize(scheme, constant);
    close(constant, [0, 0, 0, 0, 0]);
  }
});

Deno.test("normalize() says what is wrong with the data or the plans", () => {
  assert.throws(() => normalize("RGBTo01Normalization", Float32Array.of(0, 300)), DataError);
  assert.throws(() => normalize("RGBTo01Normalization", Float32Array.of(-1, 3)), DataError);
  assert.throws(() => normalize("toString", new Float32Array(1)), DataError);
  assert.throws(() => normalize("CTNormalization", new Float32Array(1)), DataError);
});

Deno.test("normalizationSchemeOf() knows nnU-Net's channel names, whatever their case", () => {
  assert.equal(normalizationSchemeOf("CT"), "CTNormalization");
  assert.equal(normalizationSchemeOf("noNorm"), "NoNormalization");
  assert.equal(normalizationSchemeOf("rescale_to_0_1"), "RescaleTo01Normalization");
  assert.equal(normalizationSchemeOf("RGB_to_0_1"), "RGBTo01Normalization");
  assert.equal(normalizationSchemeOf("MRI"), "ZScoreNormalization");
  assert.equal(normalizationSchemeOf("constructor"), "ZScoreNormalization");
});
