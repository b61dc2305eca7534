/**
 * The flips that test-time mirroring adds to the plain prediction: every non-empty subset of the
 * axes, singles first, then pairs, then all three (spec 06/5). The result is the mean over
 * `subsets + 1` predictions.
 *
 * @param axes spatial axes of the patch, e.g. `[0, 1, 2]`; empty for no mirroring
 */
export function mirrorSubsets(axes: readonly number[]): number[][] {
  const subsets: number[][] = [];
  for (let size = 1; size <= axes.length; size++) subsets.push(...combinations(axes, size));
  return subsets;
}

function combinations(items: readonly number[], size: number): number[][] {
  if (size === 0) return [[]];
  return items.flatMap((item, i) =>
    combinations(items.slice(i + 1), size - 1).map((rest) => [item, ...rest])
  );
}
