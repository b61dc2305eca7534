import { Float32Ranks } from "./numerics/float32_ranks.ts";
import { interpolate, percentilePosition } from "./numerics/percentile.ts";
import { StreamingPairwiseSum } from "./numerics/streaming_pairwise_sum.ts";
import type { IntensityProperties } from "./plans.ts";

const PERCENTILES = [0.5, 50, 99.5];
/** Numbers squared at a time. */
const PIECE = 1 << 14;

/**
 * NumPy's statistics of a long float32 array that arrives in pieces, twice in the same order: as
 * `numpy.mean`, `std`, `min`, `max` and `percentile` give them, to the last bit.
 */
export class IntensityStatistics {
  readonly #count: number;
  readonly #type: "float32" | "float64";
  readonly #sum: StreamingPairwiseSum;
  readonly #squares: StreamingPairwiseSum;
  readonly #ranks: Float32Ranks;
  readonly #positions: { index: number; fraction: number }[];
  /** Squared deviations on their way to `#squares`. */
  readonly #piece: Float32Array | Float64Array;
  #mean = 0;

  /**
   * @param count how many numbers each time brings
   * @param type of NumPy's array: float64 has the same numbers, but other rounding
   */
  constructor(count: number, type: "float32" | "float64") {
    this.#count = count;
    this.#type = type;
    this.#sum = new StreamingPairwiseSum(count, type);
    this.#squares = new StreamingPairwiseSum(count, type);
    this.#piece = type === "float32" ? new Float32Array(PIECE) : new Float64Array(PIECE);
    this.#positions = PERCENTILES.map((p) => percentilePosition(count, p));
    const neighbours = this.#positions.flatMap(({ index }) => [index, index + 1]);
    const ranks = [0, count - 1, ...neighbours].map((rank) => Math.min(rank, count - 1));
    this.#ranks = new Float32Ranks(ranks);
  }

  /** First time. */
  addFirst(values: Float32Array): void {
    this.#sum.add(values);
    this.#ranks.countUpper(values);
  }

  /** Between the two times. */
  finishFirst(): void {
    this.#mean = this.#round(this.#sum.total / this.#count);
    this.#ranks.locate();
  }

  /** Second time. */
  addSecond(values: Float32Array): void {
    this.#ranks.countLower(values);
    const mean = this.#mean;
    for (let from = 0; from < values.length; from += PIECE) {
      const length = Math.min(PIECE, values.length - from);
      const squares = this.#piece.subarray(0, length);
      // Stored twice, because NumPy rounds the difference and then its square.
      for (let i = 0; i < length; i++) squares[i] = values[from + i] - mean;
      for (let i = 0; i < length; i++) squares[i] *= squares[i];
      this.#squares.add(squares);
    }
  }

  /** The statistics, after both times. */
  result(): IntensityProperties {
    const [min, max, ...neighbours] = this.#ranks.values();
    const percentiles = this.#positions.map(({ fraction }, i) => {
      const [a, b] = neighbours.slice(2 * i, 2 * i + 2);
      return interpolate(a, b, fraction, this.#round(b - a));
    });
    const [percentile_00_5, median, percentile_99_5] = percentiles;
    const variance = this.#round(this.#squares.total / this.#count);
    const std = this.#round(Math.sqrt(variance));
    return { max, mean: this.#mean, median, min, percentile_00_5, percentile_99_5, std };
  }

  #round(value: number): number {
    return this.#type === "float32" ? Math.fround(value) : value;
  }
}
