/**
 * Sum in the order in which `numpy.sum` adds a contiguous float64 array, so that means agree to the
 * last bit: blocks of at most 128 with eight running sums, halves added pairwise above that.
 */
export function pairwiseSum(values: ArrayLike<number>, begin = 0, end = values.length): number {
  const count = end - begin;
  if (count < 8) {
    let sum = count > 0 ? values[begin] : 0;
    for (let i = begin + 1; i < end; i++) sum += values[i];
    return sum;
  }
  if (count <= 128) {
    const sums = Array.from({ length: 8 }, (_, k) => values[begin + k]);
    let i = begin + 8;
    for (; i + 8 <= end; i += 8) {
      for (let k = 0; k < 8; k++) sums[k] += values[i + k];
    }
    let sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) +
      ((sums[4] + sums[5]) + (sums[6] + sums[7]));
    for (; i < end; i++) sum += values[i];
    return sum;
  }
  const half = count >> 1;
  const middle = begin + half - half % 8;
  return pairwiseSum(values, begin, middle) + pairwiseSum(values, middle, end);
}
