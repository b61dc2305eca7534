import { DataError } from "../errors.ts";
import type { Shape4 } from "./crop.ts";
import type { Shape3 } from "./fill_holes.ts";
import { AxisResizer, axisTaps, resizeVolume, type SplineOrder } from "./resize.ts";
import { type LabelArray, resizeSegmentation } from "./resize_segmentation.ts";
import { emptyLike, product, resizeNearestSlices, type Volume } from "./slices.ts";

/** mm along the three axes of the array. */
export type Spacing3 = readonly [number, number, number];

/** Arguments of resampling, as in `resampling_fn_*_kwargs` of the plans. */
export interface ResamplingKwargs {
  /** @default {3} */
  order?: number;
  /** Order along the coarse axis where that is resampled apart from the others. @default {0} */
  order_z?: number;
  /** `null`: decided by the spacings. @default {false} */
  force_separate_z?: boolean | null;
}

/**
 * Axis to be resampled apart from the other two, `undefined` where all three go together.
 *
 * Source: nnU-Net `determine_do_sep_z_and_axis`.
 *
 * @param threshold spacings that differ by more than this factor make an image anisotropic
 */
export function separateAxis(
  currentSpacing: Spacing3,
  newSpacing: Spacing3,
  forceSeparateZ: boolean | null,
  threshold = 3,
): number | undefined {
  if (forceSeparateZ === false) return undefined;
  const isAnisotropic = (spacing: Spacing3): boolean =>
    Math.max(...spacing) / Math.min(...spacing) > threshold;
  const spacing = forceSeparateZ === true || isAnisotropic(currentSpacing)
    ? currentSpacing
    : isAnisotropic(newSpacing)
    ? newSpacing
    : undefined;
  if (spacing === undefined) return undefined;
  const max = Math.max(...spacing);
  const coarse = [0, 1, 2].filter((axis) => spacing[axis] === max);
  return coarse.length === 1 ? coarse[0] : undefined;
}

/**
 * Resamples every channel to a new shape: images and probabilities (`Float32Array`) by splines in
 * float64, label maps (`Int16Array`, `Int8Array`) label by label. Returns `data` itself where the shape
 * stays the same.
 *
 * Source: nnU-Net `resample_data_or_seg_to_shape`, specification 03 section 4.
 *
 * @param data `[C, x, y, z]`, last axis fastest
 * @throws {DataError} an order other than 0, 1 and 3, or 3 for a label map
 */
export function resampleDataOrSegToShape<T extends Float32Array | LabelArray>(
  data: T,
  shape: Shape4,
  newShape: Shape3,
  currentSpacing: Spacing3,
  newSpacing: Spacing3,
  kwargs: ResamplingKwargs,
): T {
  const [channels, ...extent] = shape;
  if (extent.every((n, axis) => n === newShape[axis])) return data;
  const order = splineOrder(kwargs.order ?? 3);
  const orderZ = splineOrder(kwargs.order_z ?? 0);
  const axis = separateAxis(
    currentSpacing,
    newSpacing,
    kwargs.force_separate_z === undefined ? false : kwargs.force_separate_z,
  );
  const size = product(extent);
  const newSize = product(newShape);
  const resampled = emptyLike(data, channels * newSize);
  for (let c = 0; c < channels; c++) {
    const from: Volume = data.subarray(c * size, (c + 1) * size);
    const to: Volume = resampled.subarray(c * newSize, (c + 1) * newSize);
    if (axis === undefined) resize(from, extent, to, newShape, order);
    else resizeSeparately(from, extent, to, newShape, axis, order, orderZ);
  }
  return resampled;
}

function splineOrder(order: number): SplineOrder {
  if (order === 0 || order === 1 || order === 3) return order;
  throw new DataError(`Cannot resample with order ${order} of the plans: use 0, 1 or 3`);
}

function resize(
  from: Volume,
  shape: Shape3,
  to: Volume,
  newShape: Shape3,
  order: SplineOrder,
): void {
  if (from instanceof Float32Array) {
    resizeVolume(from, shape, to as Float32Array, newShape, order);
  } else if (order === 3) {
    throw new DataError(
      "Cannot resample a label map with order 3: it would make new labels, use order 0 or 1",
    );
  } else {
    resizeSegmentation(from, shape, to as LabelArray, newShape, order);
  }
}

/** Resizes each slice across `axis`, then resamples along it. */
function resizeSeparately(
  from: Volume,
  shape: Shape3,
  to: Volume,
  newShape: Shape3,
  axis: number,
  order: SplineOrder,
  orderZ: SplineOrder,
): void {
  const n = shape[axis];
  const m = newShape[axis];
  const resizeSlices = (result: Volume, resultShape: Shape3, nearest: Int32Array): void =>
    resizeNearestSlices(from, shape, result, resultShape, axis, nearest, (...slices) => {
      resize(...slices, order);
    });

  if (n === m || orderZ === 0) {
    resizeSlices(to, newShape, axisTaps(n, m, 0).first);
    return;
  }
  const middleShape = newShape.with(axis, n) as Shape3;
  const middle = emptyLike(to, product(middleShape));
  resizeSlices(middle, middleShape, Int32Array.from({ length: n }, (_, k) => k));
  resampleAlongAxis(middle, to, product(newShape.slice(0, axis)), new AxisResizer(n, m, orderZ));
}

/** Labels ascending, each where its resampled mask is above ½; images without clipping. */
function resampleAlongAxis(from: Volume, to: Volume, outer: number, resizer: AxisResizer): void {
  const inner = from.length / (outer * resizer.n);
  if (from instanceof Float32Array) {
    resizer.run(from, to as Float32Array, outer, inner);
    return;
  }
  const mask = new Float32Array(from.length);
  const resized = new Float32Array(to.length);
  for (const label of [...new Set(from)].sort((a, b) => a - b)) {
    for (let i = 0; i < from.length; i++) mask[i] = from[i] === label ? 1 : 0;
    resizer.run(mask, resized, outer, inner);
    for (let i = 0; i < to.length; i++) if (resized[i] > 0.5) to[i] = label;
  }
}
