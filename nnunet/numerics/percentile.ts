/**
 * `numpy.percentile(values, p)` with its default linear rule, to the last bit: position
 * `(n - 1) * p / 100`, interpolated from the nearer neighbour.
 *
 * @param values at least one number, in any order
 * @param p 0 to 100
 */
export function percentile(values: ArrayLike<number>, p: number): number {
  const sorted = Float64Array.from(values).sort();
  const { index, fraction } = percentilePosition(sorted.length, p);
  return interpolate(sorted[index], sorted[Math.min(index + 1, sorted.length - 1)], fraction);
}

/** `numpy.median`: the middle value or the mean of the two middle ones. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Where a percentile lies among `n` sorted values: between `index` and `index + 1`. */
export function percentilePosition(n: number, p: number): { index: number; fraction: number } {
  const position = (n - 1) * (p / 100);
  const index = Math.floor(position);
  return { index, fraction: position - index };
}

/**
 * NumPy's interpolation between `a` and `b`, which counts from the nearer end.
 *
 * @param difference `b - a` as the array's type has it: rounded to float32 for float32 values
 */
export function interpolate(a: number, b: number, fraction: number, difference = b - a): number {
  return fraction < 0.5 ? a + difference * fraction : b - difference * (1 - fraction);
}
