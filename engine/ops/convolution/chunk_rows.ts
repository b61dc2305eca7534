/** Bounds how long one invocation loops; software adapters stop at 65,535 without a word. */
const MOST_ITERATIONS = 16_384;
/** Invocations that keep any device busy. */
const ENOUGH_INVOCATIONS = 32_768;

/**
 * How many rows of `width` voxels one invocation of a weight gradient's first pass sums, when every
 * chunk of rows is summed by `units` invocations.
 */
export function chunkRows(rows: number, width: number, units: number): number {
  const most = Math.floor(MOST_ITERATIONS / (width + 1));
  return Math.max(1, Math.min(most, Math.ceil(rows * units / ENOUGH_INVOCATIONS)));
}
