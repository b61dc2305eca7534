import type { Shape3 } from "./fill_holes.ts";
import type { LabelArray } from "./resize_segmentation.ts";

/** One channel of an image, or a label map. */
export type Volume = Float32Array | LabelArray;

/** Fills `to`, of shape `newShape`, with `from`, of shape `shape`. */
export type Resize<T extends Volume> = (
  from: T,
  shape: Shape3,
  to: T,
  newShape: Shape3,
) => void;

/**
 * Resizes the slices across `axis`: slice `k` of `to` is slice `nearest[k]` of `from`, resized.
 *
 * @param nearest ascending
 */
export function resizeNearestSlices<T extends Volume>(
  from: T,
  shape: Shape3,
  to: T,
  newShape: Shape3,
  axis: number,
  nearest: Int32Array,
  resize: Resize<T>,
): void {
  const sliceShape = shape.with(axis, 1) as Shape3;
  const newSliceShape = newShape.with(axis, 1) as Shape3;
  const slice = emptyLike(from, product(sliceShape));
  const newSlice = emptyLike(to, product(newSliceShape));
  const outer = product(shape.slice(0, axis));
  const newOuter = product(newShape.slice(0, axis));
  nearest.forEach((index, k) => {
    if (k === 0 || index !== nearest[k - 1]) {
      copySlice(from, shape[axis], index, slice, 1, 0, outer);
      resize(slice, sliceShape, newSlice, newSliceShape);
    }
    copySlice(newSlice, 1, 0, to, newShape[axis], k, newOuter);
  });
}

/** Copies slice `index` of `[outer, n, …]` to slice `newIndex` of `[outer, m, …]`. */
function copySlice<T extends Volume>(
  from: T,
  n: number,
  index: number,
  to: T,
  m: number,
  newIndex: number,
  outer: number,
): void {
  const inner = from.length / (outer * n);
  for (let o = 0; o < outer; o++) {
    const begin = (o * n + index) * inner;
    to.set(from.subarray(begin, begin + inner), (o * m + newIndex) * inner);
  }
}

/** An array of the same type. */
export function emptyLike<T extends Volume>(array: T, length: number): T {
  return new (array.constructor as new (length: number) => T)(length);
}

/** Number of elements of a shape. */
export function product(shape: readonly number[]): number {
  return shape.reduce((size, n) => size * n, 1);
}
