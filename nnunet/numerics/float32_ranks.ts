/**
 * Finds order statistics of float32 numbers that arrive in pieces, twice: the numbers are counted by
 * the upper half of their bits first, then those near the wanted ranks by the lower half.
 */
export class Float32Ranks {
  readonly #wanted: number[];
  readonly #upper = new Uint32Array(1 << 16);
  /** Which row of `#lower` counts the numbers with an upper half; -1 for none. */
  readonly #rows = new Int32Array(1 << 16).fill(-1);
  #lower = new Uint32Array(0);
  /** For each wanted rank: its upper half, and the rank among the numbers that share it. */
  #places: { upper: number; rank: number }[] = [];

  /** @param ranks whole numbers from 0 (the smallest number) on */
  constructor(ranks: number[]) {
    this.#wanted = ranks;
  }

  /** First time: all numbers, in any order; no NaN. */
  countUpper(values: Float32Array): void {
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    const counts = this.#upper;
    for (let i = 0; i < bits.length; i++) counts[ordered(bits[i]) >>> 16]++;
  }

  /** Between the two times. */
  locate(): void {
    this.#places = this.#wanted.map((wanted) => {
      const { index, rest } = findRank(this.#upper, wanted);
      return { upper: index, rank: rest };
    });
    const uppers = [...new Set(this.#places.map(({ upper }) => upper))];
    uppers.forEach((upper, row) => this.#rows[upper] = row);
    this.#lower = new Uint32Array(uppers.length << 16);
  }

  /** Second time: the same numbers. */
  countLower(values: Float32Array): void {
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    const rows = this.#rows;
    const counts = this.#lower;
    for (let i = 0; i < bits.length; i++) {
      const key = ordered(bits[i]);
      const row = rows[key >>> 16];
      if (row >= 0) counts[(row << 16) | (key & 0xffff)]++;
    }
  }

  /** The numbers at the wanted ranks, after both times. */
  values(): number[] {
    return this.#places.map(({ upper, rank }) => {
      const row = this.#rows[upper];
      const counts = this.#lower.subarray(row << 16, (row + 1) << 16);
      return numberOf(((upper << 16) | findRank(counts, rank).index) >>> 0);
    });
  }
}

/** The first index up to which more than `rank` were counted, and the rank within it. */
function findRank(counts: Uint32Array, rank: number): { index: number; rest: number } {
  let index = 0;
  let rest = rank;
  while (rest >= counts[index]) rest -= counts[index++];
  return { index, rest };
}

/** Bits of a float32 turned so that larger numbers have larger bits. */
function ordered(bits: number): number {
  return ((bits & 0x80000000) !== 0 ? ~bits : bits | 0x80000000) >>> 0;
}

function numberOf(key: number): number {
  const bits = Uint32Array.of((key & 0x80000000) !== 0 ? key & 0x7fffffff : ~key);
  return new Float32Array(bits.buffer)[0];
}
