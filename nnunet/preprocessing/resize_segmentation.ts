import type { Shape3 } from "./fill_holes.ts";
import { axisTaps } from "./resize.ts";

/** A label map; −1 marks what lies outside the non-zero region. */
export type LabelArray = Int16Array | Int8Array;

/**
 * Resizes a label map: of the labels' masks, each resized with order 1, the largest value wins. Where
 * several share it, the nearest voxel's label wins if it is one of them, else the smallest.
 *
 * Only the eight input voxels around an output voxel are looked at. Their weights are multiplied and
 * added in SciPy's order, because a tie means equality of doubles.
 *
 * Source: batchgenerators 0.25.5 `resize_segmentation`, specification 03 section 4.2.
 *
 * @param to filled with the result, shape `newShape`
 * @param order 1, or 0 for the nearest voxel's label everywhere
 */
export function resizeSegmentation(
  from: LabelArray,
  shape: Shape3,
  to: LabelArray,
  newShape: Shape3,
  order: 0 | 1,
): void {
  const [zAxis, yAxis, xAxis] = shape.map((n, axis) => neighbours(n, newShape[axis]));
  const [, height, width] = shape;
  const [newDepth, newHeight, newWidth] = newShape;
  const rows = new Float64Array(4);
  const rowWeights = new Float64Array(4);
  const vote = new Vote();

  let at = 0;
  for (let z = 0; z < newDepth; z++) {
    for (let y = 0; y < newHeight; y++) {
      for (let i = 0; i < 4; i++) {
        const zTap = 2 * z + (i >> 1);
        const yTap = 2 * y + (i & 1);
        rows[i] = (zAxis.taps[zTap] * height + yAxis.taps[yTap]) * width;
        rowWeights[i] = zAxis.weights[zTap] * yAxis.weights[yTap];
      }
      const nearestRow = (zAxis.nearest[z] * height + yAxis.nearest[y]) * width;
      for (let x = 0; x < newWidth; x++) {
        const nearest = from[nearestRow + xAxis.nearest[x]];
        let winner = nearest;
        if (order === 1 && !allEqual(from, rows, xAxis.taps[2 * x], xAxis.taps[2 * x + 1])) {
          vote.clear();
          for (let i = 0; i < 8; i++) {
            const xTap = 2 * x + (i & 1);
            vote.add(
              from[rows[i >> 1] + xAxis.taps[xTap]],
              rowWeights[i >> 1] * xAxis.weights[xTap],
            );
          }
          winner = vote.winner(nearest);
        }
        to[at++] = winner;
      }
    }
  }
}

/** Both neighbours of each output sample of an axis, their weights, and the nearer one. */
function neighbours(n: number, m: number): {
  taps: Int32Array;
  weights: Float64Array;
  nearest: Int32Array;
} {
  const { first, weights } = axisTaps(n, m, 1);
  const taps = new Int32Array(2 * m);
  for (let k = 0; k < m; k++) {
    taps[2 * k] = first[k];
    taps[2 * k + 1] = Math.min(first[k] + 1, n - 1);
  }
  return { taps, weights, nearest: axisTaps(n, m, 0).first };
}

function allEqual(from: LabelArray, rows: Float64Array, x0: number, x1: number): boolean {
  const label = from[rows[0] + x0];
  for (let i = 0; i < 4; i++) {
    if (from[rows[i] + x0] !== label || from[rows[i] + x1] !== label) return false;
  }
  return true;
}

/** Sums of the weights of up to eight labels. */
class Vote {
  readonly #labels = new Int32Array(8);
  readonly #sums = new Float64Array(8);
  #count = 0;

  clear(): void {
    this.#count = 0;
  }

  add(label: number, weight: number): void {
    let i = 0;
    while (i < this.#count && this.#labels[i] !== label) i++;
    if (i === this.#count) {
      this.#labels[i] = label;
      this.#sums[i] = 0;
      this.#count++;
    }
    this.#sums[i] += weight;
  }

  /** The label with the largest sum; among equals `preferred`, else the smallest. */
  winner(preferred: number): number {
    let best = 0;
    for (let i = 1; i < this.#count; i++) {
      const difference = this.#sums[i] - this.#sums[best];
      if (difference < 0) continue;
      const wins = difference > 0 || this.#labels[i] === preferred ||
        (this.#labels[best] !== preferred && this.#labels[i] < this.#labels[best]);
      if (wins) best = i;
    }
    return this.#labels[best];
  }
}
