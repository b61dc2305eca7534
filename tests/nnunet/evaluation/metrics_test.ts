import assert from "node:assert/strict";
import fc from "fast-check";
import { computeMetrics } from "../../../nnunet/evaluation/metrics.ts";

const REFERENCE = [0, 0, 1, 1, 2, 2, 3];
const PREDICTION = [0, 1, 1, 2, 2, 2, 1];

Deno.test("computeMetrics() counts labels, regions and absent classes (spec 07, check 1)", () => {
  const classes = [1, 2, [1, 2], 4];
  const counts = computeMetrics(REFERENCE, PREDICTION, classes)
    .map(({ TP, FP, FN, TN }) => [TP, FP, FN, TN]);
  assert.deepEqual(counts, [[1, 2, 1, 3], [2, 1, 0, 4], [4, 2, 0, 1], [0, 0, 0, 7]]);
  const [absent] = computeMetrics(REFERENCE, PREDICTION, [4]);
  assert.ok(Number.isNaN(absent.Dice) && Number.isNaN(absent.IoU));
});

Deno.test("computeMetrics() leaves out what the reference marks as ignored", () => {
  const [{ TP, FP, FN, TN }] = computeMetrics(REFERENCE, PREDICTION, [1], 3);
  assert.deepEqual([TP, FP, FN, TN], [1, 1, 1, 3]);
});

Deno.test("computeMetrics() equals counting voxel by voxel", () => {
  const voxels = fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { maxLength: 60 });
  fc.assert(fc.property(voxels, fc.subarray([0, 1, 2, 3, 4], { minLength: 1 }), (pairs, region) => {
    const [metrics] = computeMetrics(pairs.map(([r]) => r), pairs.map(([, p]) => p), [region], 4);
    const kept = pairs.filter(([r]) => r !== 4);
    const count = (inReference: boolean, inPrediction: boolean) =>
      kept.filter(([r, p]) =>
        region.includes(r) === inReference && region.includes(p) === inPrediction
      ).length;
    const [TP, FP, FN] = [count(true, true), count(false, true), count(true, false)];
    assert.deepEqual(metrics, {
      Dice: 2 * TP / (2 * TP + FP + FN),
      IoU: TP / (TP + FP + FN),
      TP,
      FP,
      FN,
      TN: count(false, false),
      n_pred: TP + FP,
      n_ref: TP + FN,
    });
  }));
});

Deno.test("computeMetrics() refuses maps of different size", () => {
  assert.throws(() => computeMetrics([0, 1], [0], [1]), /prediction of 1 voxels/);
});
