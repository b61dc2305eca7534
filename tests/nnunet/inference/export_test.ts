import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ExportSettings,
  probabilitiesFromLogits,
  segmentationFromLogits,
} from "../../../nnunet/inference/export.ts";
import type { PreprocessingProperties } from "../../../nnunet/inference/original_geometry.ts";
import { LabelManager } from "../../../nnunet/labels.ts";
import {
  type BoundingBox,
  cropToNonzero,
  type Shape4,
} from "../../../nnunet/preprocessing/crop.ts";
import type { Shape3 } from "../../../nnunet/preprocessing/fill_holes.ts";
import { resampleDataOrSegToShape, type Spacing3 } from "../../../nnunet/preprocessing/resample.ts";

const RESAMPLING = { order: 1, order_z: 0, force_separate_z: null } as const;

function settings(changes: Partial<ExportSettings>): ExportSettings {
  return {
    labels: new LabelManager({ labels: { background: 0, a: 1, b: 2 } }),
    spacing: [1, 1, 1],
    transposeForward: [0, 1, 2],
    transposeBackward: [0, 1, 2],
    resamplingFunction: "resample_data_or_seg_to_shape",
    resampling: RESAMPLING,
    ...changes,
  };
}

/** Properties of an uncropped, untransposed row of voxels at 1 mm. */
function rowProperties(length: number): PreprocessingProperties {
  return {
    spacing: [1, 1, 1],
    shape_before_cropping: [1, 1, length],
    bbox_used_for_cropping: [[0, 1], [0, 1], [0, length]],
    shape_after_cropping_and_before_resampling: [1, 1, length],
  };
}

Deno.test("segmentationFromLogits() gives ties to the lowest label (spec 06, check 6)", () => {
  const logits = Float32Array.of(1, 0, 1, 2, 1, 2);
  const { labels } = segmentationFromLogits(logits, [3, 1, 1, 2], rowProperties(2), settings({}));
  assert.deepEqual([...labels], [0, 1]);
});

Deno.test("segmentationFromLogits() writes regions in class order, above one half only", () => {
  const regions = new LabelManager({
    labels: { background: 0, whole: [1, 2, 3], core: [2, 3], inner: 3 },
    regions_class_order: [1, 2, 3],
  });
  const voxels = [[0, 0.1, -5], [-1, 0, 1], [2, 0, 1], [1e-9, -1, -1]];
  const logits = Float32Array.from([0, 1, 2].flatMap((head) => voxels.map((v) => v[head])));
  const args = [logits, [3, 1, 1, 4] as Shape4, rowProperties(4), settings({ labels: regions })];
  const decided = segmentationFromLogits(...args as Parameters<typeof segmentationFromLogits>);
  assert.deepEqual([...decided.labels], [2, 3, 3, 0]);
  const both = probabilitiesFromLogits(...args as Parameters<typeof segmentationFromLogits>);
  assert.deepEqual(both.labels, decided.labels);
});

Deno.test("probabilitiesFromLogits() is certain of background outside the crop (check 7)", () => {
  const properties: PreprocessingProperties = {
    spacing: [1, 1, 1],
    shape_before_cropping: [1, 4, 3],
    bbox_used_for_cropping: [[0, 1], [1, 3], [0, 2]],
    shape_after_cropping_and_before_resampling: [1, 2, 2],
  };
  const logits = new Float32Array(12).fill(0.3);
  const { probabilities, shape } = probabilitiesFromLogits(
    logits,
    [3, 1, 2, 2],
    properties,
    settings({}),
  );
  assert.deepEqual(shape, [1, 4, 3]);
  const third = Math.fround(1 / 3);
  const inside = [0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0];
  assert.deepEqual([...probabilities.subarray(0, 12)], inside.map((i) => i ? third : 1));
  assert.deepEqual([...probabilities.subarray(12, 24)], inside.map((i) => i ? third : 0));
});

Deno.test("segmentationFromLogits() restores the labels of a cropped, transposed image", () => {
  const axes = fc.constantFrom<number[][]>([0, 1, 2], [1, 0, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]);
  const side = fc.integer({ min: 1, max: 4 });
  const margin = fc.integer({ min: 0, max: 2 });
  const triple = <T>(one: fc.Arbitrary<T>) => fc.tuple(one, one, one);
  fc.assert(fc.property(
    axes,
    triple(side),
    triple(margin),
    triple(margin),
    fc.infiniteStream(fc.nat(2)),
    (forward, extent, before, after, labelStream) => {
      const backward = [0, 1, 2].map((axis) => forward.indexOf(axis));
      const whole = extent.map((n, i) => before[i] + n + after[i]);
      const bbox = extent.map((n, i) => [before[i], before[i] + n]) as BoundingBox;
      const [depth, height, width] = backward.map((axis) => whole[axis]);
      // The truth in the reader's order, and the same voxels as preprocessing sees them.
      const truth = new Uint8Array(depth * height * width);
      const cropped: number[] = [];
      for (let x = bbox[0][0]; x < bbox[0][1]; x++) {
        for (let y = bbox[1][0]; y < bbox[1][1]; y++) {
          for (let z = bbox[2][0]; z < bbox[2][1]; z++) {
            const [i, j, k] = backward.map((axis) => [x, y, z][axis]);
            const label: number = labelStream.next().value;
            truth[(i * height + j) * width + k] = label;
            cropped.push(label);
          }
        }
      }
      const logits = Float32Array.from(
        [0, 1, 2].flatMap((c) => cropped.map((l) => l === c ? 4 : 0)),
      );
      const { labels, shape } = segmentationFromLogits(
        logits,
        [3, ...extent],
        {
          spacing: [1, 2, 3],
          shape_before_cropping: whole as Shape3,
          bbox_used_for_cropping: bbox,
          shape_after_cropping_and_before_resampling: extent,
        },
        settings({ transposeForward: forward, transposeBackward: backward }),
      );
      assert.deepEqual(shape, [depth, height, width]);
      assert.deepEqual(labels, truth);
    },
  ));
});

Deno.test("segmentationFromLogits() restores labels that were resampled (spec 03, check 12)", () => {
  const original: Shape3 = [6, 8, 7];
  const at = ([d, h, w]: readonly number[]) => (d * original[1] + h) * original[2] + w;
  const image = new Float32Array(6 * 8 * 7);
  const truth = new Uint8Array(image.length);
  for (let d = 0; d < 6; d++) {
    for (let h = 0; h < 8; h++) {
      for (let w = 0; w < 7; w++) {
        const empty = d === 0 || h === 0 || w === 6;
        image[at([d, h, w])] = empty ? 0 : 10 + 3 * d + 2 * h + w + (d * h * w) % 5;
        const inner = d === 3 && h >= 3 && h < 5 && w >= 2 && w < 4;
        const outer = d >= 2 && d < 5 && h >= 2 && h < 6 && w >= 1 && w < 5;
        truth[at([d, h, w])] = inner ? 2 : outer ? 1 : 0;
      }
    }
  }
  assert.equal(image.reduce((sum, value) => sum + value), 6435);

  const rows: [forward: number[], spacing: number[], target: number[], preprocessed: Shape3][] = [
    [[0, 1, 2], [2, 1, 1.5], [1.5, 1, 1], [7, 7, 9]],
    [[0, 1, 2], [5, 1, 1.5], [4, 1, 1], [6, 7, 9]],
    [[1, 0, 2], [2, 5, 1.5], [4, 1.5, 1], [9, 7, 9]],
    [[2, 0, 1], [1, 1, 5], [4, 1, 0.8], [8, 5, 9]],
    [[0, 1, 2], [2, 1, 1.5], [1, 1], [5, 7, 9]],
  ];
  for (const [forward, spacing, target, preprocessed] of rows) {
    const whole = forward.map((axis) => original[axis]);
    const [transposed, transposedTruth] = [
      new Float32Array(image.length),
      new Int16Array(image.length),
    ];
    for (let i = 0; i < image.length; i++) {
      const index = [
        Math.floor(i / (whole[1] * whole[2])),
        Math.floor(i / whole[2]) % whole[1],
        i % whole[2],
      ];
      const source: number[] = [];
      forward.forEach((axis, k) => source[axis] = index[k]);
      transposed[i] = image[at(source)];
      transposedTruth[i] = truth[at(source)];
    }
    const cropped = cropToNonzero(transposed, [1, ...whole] as Shape4, transposedTruth);
    const current = forward.map((axis) => spacing[axis]) as unknown as Spacing3;
    const configured =
      (target.length === 3 ? target : [current[0], ...target]) as unknown as Spacing3;
    const seg = resampleDataOrSegToShape(
      cropped.seg,
      cropped.shape,
      preprocessed,
      current,
      configured,
      RESAMPLING,
    );
    const logits = Float32Array.from(
      [0, 1, 2].flatMap((c) => [...seg].map((l) => Math.max(l, 0) === c ? 4 : 0)),
    );
    const { labels } = segmentationFromLogits(
      logits,
      [3, ...preprocessed],
      {
        spacing,
        shape_before_cropping: whole as Shape3,
        bbox_used_for_cropping: cropped.bbox,
        shape_after_cropping_and_before_resampling: cropped.shape.slice(1) as Shape3,
      },
      settings({
        spacing: target,
        transposeForward: forward,
        transposeBackward: [0, 1, 2].map((axis) => forward.indexOf(axis)),
      }),
    );
    assert.deepEqual(labels, truth, `${forward} ${spacing} → ${target}`);
  }
});
