/** A label value, or a region: the union of several. */
export type LabelOrRegion = number | readonly number[];

/** Voxel counts and overlap of one class in one case, with nnU-Net's keys. */
export interface Metrics {
  /** 2 TP / (2 TP + FP + FN); NaN where the class is in neither map. */
  Dice: number;
  /** TP / (TP + FP + FN); NaN likewise. */
  IoU: number;
  TP: number;
  FP: number;
  FN: number;
  TN: number;
  n_pred: number;
  n_ref: number;
}

/**
 * Compares two label maps class by class (spec 07/1, `compute_metrics`). Spacing plays no part.
 *
 * @param reference label of each voxel
 * @param prediction as long as `reference`
 * @param ignoreLabel voxels whose reference has this value count nowhere
 * @returns metrics in the order of `classes`
 * @throws RangeError where the maps differ in length
 */
export function computeMetrics(
  reference: ArrayLike<number>,
  prediction: ArrayLike<number>,
  classes: readonly LabelOrRegion[],
  ignoreLabel?: number,
): Metrics[] {
  if (reference.length !== prediction.length) {
    throw new RangeError(
      `Cannot compare a prediction of ${prediction.length} voxels with a reference of ${reference.length}: they must be equal`,
    );
  }
  const pairs = countPairs(reference, prediction);
  return classes.map((labelOrRegion) => {
    const members = new Set(typeof labelOrRegion === "number" ? [labelOrRegion] : labelOrRegion);
    let [TP, FP, FN, TN] = [0, 0, 0, 0];
    for (const [referenceLabel, row] of pairs) {
      if (referenceLabel === ignoreLabel) continue;
      for (const [predictedLabel, count] of row) {
        if (members.has(referenceLabel)) {
          if (members.has(predictedLabel)) TP += count;
          else FN += count;
        } else if (members.has(predictedLabel)) FP += count;
        else TN += count;
      }
    }
    const union = TP + FP + FN;
    return {
      Dice: union === 0 ? NaN : 2 * TP / (2 * TP + FP + FN),
      IoU: union === 0 ? NaN : TP / union,
      TP,
      FP,
      FN,
      TN,
      n_pred: TP + FP,
      n_ref: TP + FN,
    };
  });
}

/** How often each pair of labels meets: reference label → predicted label → voxels. */
function countPairs(
  reference: ArrayLike<number>,
  prediction: ArrayLike<number>,
): Map<number, Map<number, number>> {
  const pairs = new Map<number, Map<number, number>>();
  // Neighbours mostly agree, so runs of equal pairs are counted at once.
  for (let i = 0; i < reference.length;) {
    const [expected, predicted] = [reference[i], prediction[i]];
    const begin = i;
    do i++; while (
      i < reference.length && reference[i] === expected && prediction[i] === predicted
    );
    const row = pairs.get(expected) ?? new Map<number, number>();
    row.set(predicted, (row.get(predicted) ?? 0) + i - begin);
    pairs.set(expected, row);
  }
  return pairs;
}
