import assert from "node:assert/strict";
import type { MedicalImage } from "../../../nnunet/imageio/image.ts";
import type { Configuration } from "../../../nnunet/plans.ts";
import {
  preprocessCase,
  type PreprocessedArrays,
} from "../../../nnunet/preprocessing/preprocess_case.ts";

/** The worked example of specification 03, check 12. */
const EXTENT = [6, 8, 7] as const;
const IMAGE = new Float32Array(336);
const SEG = new Float32Array(336);
for (let i = 0, at = 0; i < 6; i++) {
  for (let j = 0; j < 8; j++) {
    for (let k = 0; k < 7; k++, at++) {
      const isZero = i === 0 || j === 0 || k === 6;
      IMAGE[at] = isZero ? 0 : 10 + 3 * i + 2 * j + k + (i * j * k) % 5;
      if (i >= 2 && i < 5 && j >= 2 && j < 6 && k >= 1 && k < 5) SEG[at] = 1;
      if (i === 3 && j >= 3 && j < 5 && k >= 2 && k < 4) SEG[at] = 2;
    }
  }
}

function medicalImage(data: Float32Array, spacing: number[]): MedicalImage {
  return { data: data.slice(), shape: [1, ...EXTENT], properties: { spacing } };
}

function preprocess(
  spacing: number[],
  target: number[],
  order: number[],
  { scheme = "ZScoreNormalization", withSeg = true } = {},
): PreprocessedArrays {
  const kwargs = { order: 3, order_z: 0, force_separate_z: null };
  const configuration = {
    spacing: target,
    normalization_schemes: [scheme],
    use_mask_for_norm: [false],
    resampling_fn_data: "resample_data_or_seg_to_shape",
    resampling_fn_data_kwargs: kwargs,
    resampling_fn_seg: "resample_data_or_seg_to_shape",
    resampling_fn_seg_kwargs: { ...kwargs, order: 1 },
  } as unknown as Configuration;
  const intensities = { mean: 10, std: 5, percentile_00_5: 2, percentile_99_5: 30 };
  const plans = {
    transpose_forward: order,
    foreground_intensity_properties_per_channel: {
      "0": { ...intensities, min: 0, max: 99, median: 10 },
    },
  };
  const seg = withSeg ? medicalImage(SEG, spacing) : undefined;
  const labels = { background: 0, a: 1, b: 2 };
  return preprocessCase(medicalImage(IMAGE, spacing), seg, plans, configuration, { labels });
}

Deno.test("preprocessCase() reproduces the specification's table", () => {
  // spacing, target, order, shape, box, sum, sum of magnitudes, labels 0 1 2, data[0, 1, 2, :4]
  const rows: [
    number[],
    number[],
    number[],
    number[],
    number[][],
    number,
    number,
    number[],
    number[],
  ][] = [
    [[2, 1, 1.5], [1.5, 1, 1], [0, 1, 2], [7, 7, 9], [[1, 6], [1, 8], [0, 6]], 0.5099, 357.5901, [
      329,
      106,
      6,
    ], [-1.74984, -1.51646, -1.25863, -1.16205]],
    [[5, 1, 1.5], [4, 1, 1], [0, 1, 2], [6, 7, 9], [[1, 6], [1, 8], [0, 6]], 3.4817, 293.7381, [
      282,
      84,
      12,
    ], [-1.48443, -1.32303, -1.06137, -0.83619]],
    [[2, 5, 1.5], [4, 1.5, 1], [1, 0, 2], [9, 7, 9], [[1, 8], [1, 6], [0, 6]], 4.8953, 460.4169, [
      427,
      134,
      6,
    ], [-1.69972, -1.2886, -0.85837, -0.84014]],
    [[1, 1, 5], [4, 1, 0.8], [2, 0, 1], [8, 5, 9], [[0, 6], [1, 6], [1, 8]], 8.8644, 288.0807, [
      270,
      86,
      4,
    ], [-0.94308, -1.04436, -0.5936, -0.02048]],
    [[2, 1, 1.5], [1, 1], [0, 1, 2], [5, 7, 9], [[1, 6], [1, 8], [0, 6]], 0.2925, 255.8474, [
      243,
      66,
      6,
    ], [-1.48443, -1.32303, -1.06137, -0.83619]],
  ];
  for (const [spacing, target, order, shape, box, sum, magnitude, labels, first] of rows) {
    const { data, seg, shape: actual, properties } = preprocess(spacing, target, order);
    const where = `${spacing} to ${target}`;
    assert.deepEqual(actual, [1, ...shape], where);
    assert.deepEqual(properties.bbox_used_for_cropping, box, where);
    assert.deepEqual(properties.spacing, spacing, where);
    assert.deepEqual(properties.shape_before_cropping, order.map((axis) => EXTENT[axis]), where);
    const total = data.reduce((a, b) => a + b, 0);
    const magnitudes = data.reduce((a, b) => a + Math.abs(b), 0);
    assert.ok(Math.abs(total - sum) < 2e-3, `${where}: sum ${total}`);
    assert.ok(Math.abs(magnitudes - magnitude) < 2e-3, `${where}: magnitudes ${magnitudes}`);
    const counts = [0, 1, 2].map((label) => seg.filter((value) => value === label).length);
    assert.deepEqual(counts, labels, where);
    const begin = (shape[1] + 2) * shape[2];
    first.forEach((value, i) => {
      assert.ok(Math.abs(data[begin + i] - value) < 1e-5, `${where}: ${data[begin + i]}`);
    });
  }
});

Deno.test("preprocessCase() normalises CT with the statistics of the plans", () => {
  const { data } = preprocess([2, 1, 1.5], [1.5, 1, 1], [0, 1, 2], { scheme: "CTNormalization" });
  assert.ok(Math.abs(data.reduce((a, b) => a + b, 0) - 1579.0191) < 2e-3);
});

Deno.test("preprocessCase() without a segmentation marks the non-zero region", () => {
  const { data, seg, properties } = preprocess([2, 1, 1.5], [1.5, 1, 1], [0, 1, 2], {
    withSeg: false,
  });
  assert.deepEqual(data, preprocess([2, 1, 1.5], [1.5, 1, 1], [0, 1, 2]).data);
  assert.ok(seg.every((value) => value === 0));
  assert.equal(properties.class_locations, undefined);
});

Deno.test("preprocessCase() refuses spacings that leave nothing or too much", () => {
  assert.throws(() => preprocess([1e-3, 1, 1], [1, 1, 1], [0, 1, 2]), /0 x 7 x 6.*spacing/);
  assert.throws(() => preprocess([1e4, 1e4, 1e4], [1, 1, 1], [0, 1, 2]), /50000 x .*spacing/);
});
