/** NumPy adds this many numbers with eight running sums before it splits further. */
const BLOCK = 128;

/**
 * `numpy.sum` of an array that arrives in pieces, to the last bit of its type: halves are added
 * pairwise, as NumPy does for a contiguous array of `count` numbers.
 */
export class StreamingPairwiseSum {
  readonly #block: Float32Array | Float64Array;
  /** Eight running sums, rounded to the type by being stored. */
  readonly #sums: Float32Array | Float64Array;
  readonly #blocks: Generator<number, number, number>;
  #blockSize: number;
  #filled = 0;
  #total = 0;

  /**
   * @param count how many numbers will be added in all
   * @param type in which sums are rounded
   */
  constructor(count: number, type: "float32" | "float64") {
    const FloatArray = type === "float32" ? Float32Array : Float64Array;
    this.#block = new FloatArray(BLOCK);
    this.#sums = new FloatArray(8);
    this.#blocks = blocksOf(count, type === "float32" ? Math.fround : (x) => x);
    this.#blockSize = this.#blocks.next().value;
  }

  /** Adds the next numbers. */
  add(values: Float32Array | Float64Array): void {
    for (let from = 0; from < values.length;) {
      const to = Math.min(values.length, from + this.#blockSize - this.#filled);
      this.#block.set(values.subarray(from, to), this.#filled);
      this.#filled += to - from;
      from = to;
      if (this.#filled < this.#blockSize) return;
      const { value, done } = this.#blocks.next(this.#sumBlock());
      this.#filled = 0;
      if (done) this.#total = value;
      else this.#blockSize = value;
    }
  }

  /** The sum, once all numbers were added. */
  get total(): number {
    return this.#total;
  }

  #sumBlock(): number {
    const block = this.#block;
    const sums = this.#sums;
    const size = this.#blockSize;
    const whole = size - size % 8;
    if (whole === 0) sums.fill(0);
    else for (let k = 0; k < 8; k++) sums[k] = block[k];
    // Written out, because this runs 10^8 times for a fingerprint.
    for (let i = 8; i < whole; i += 8) {
      sums[0] += block[i];
      sums[1] += block[i + 1];
      sums[2] += block[i + 2];
      sums[3] += block[i + 3];
      sums[4] += block[i + 4];
      sums[5] += block[i + 5];
      sums[6] += block[i + 6];
      sums[7] += block[i + 7];
    }
    for (let width = 1; width < 8; width *= 2) {
      for (let k = 0; k < 8; k += 2 * width) sums[k] += sums[k + width];
    }
    for (let i = whole; i < size; i++) sums[0] += block[i];
    return sums[0];
  }
}

/** Yields the size of each block, takes its sum, and returns the sum of all. */
function* blocksOf(
  count: number,
  round: (sum: number) => number,
): Generator<number, number, number> {
  if (count <= BLOCK) return yield count;
  const half = Math.floor(count / 2);
  const left = half - half % 8;
  return round((yield* blocksOf(left, round)) + (yield* blocksOf(count - left, round)));
}
