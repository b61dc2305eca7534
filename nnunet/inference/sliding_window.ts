import { roundHalfEven } from "../numerics/rounding.ts";

/** An image `[z, y, x]` inside a box that is at least as large as the patch. */
export interface Padding {
  /** Padded spatial shape `[z, y, x]`. */
  shape: number[];
  /** Voxels put before the image on each axis. */
  before: number[];
}

/**
 * How much an image must grow so that one patch fits: on each axis half of what is missing comes
 * before it, the rest after. A patch of two axes covers the last two of the image, so slices of a
 * volume are padded in plane only (spec 06/4.1, `pad_nd_image`).
 *
 * @param shape spatial shape `[z, y, x]`
 */
export function paddingToPatch(shape: readonly number[], patchSize: readonly number[]): Padding {
  const sliced = shape.length - patchSize.length;
  const missing = shape.map((n, axis) =>
    axis < sliced ? 0 : Math.max(0, patchSize[axis - sliced] - n)
  );
  return {
    shape: shape.map((n, axis) => n + missing[axis]),
    before: missing.map((voxels) => Math.floor(voxels / 2)),
  };
}

/**
 * `[C, z, y, x]` with zeros around it, as `padding` says; the array itself where nothing is added.
 *
 * @param shape spatial shape `[z, y, x]` of `data`
 */
export function padImage(
  data: Float32Array,
  shape: readonly number[],
  padding: Padding,
): Float32Array {
  if (samePlace(shape, padding)) return data;
  const channels = data.length / volume(shape);
  const padded = new Float32Array(channels * volume(padding.shape));
  forEachRow(channels, shape, padding, (inside, outside, length) => {
    padded.set(data.subarray(inside, inside + length), outside);
  });
  return padded;
}

/**
 * The inverse of {@linkcode padImage}: the `[C, z, y, x]` image inside a padded one.
 *
 * @param shape spatial shape `[z, y, x]` of the result
 */
export function removePadding(
  padded: Float32Array,
  shape: readonly number[],
  padding: Padding,
): Float32Array {
  if (samePlace(shape, padding)) return padded;
  const channels = padded.length / volume(padding.shape);
  const data = new Float32Array(channels * volume(shape));
  forEachRow(channels, shape, padding, (inside, outside, length) => {
    data.set(padded.subarray(outside, outside + length), inside);
  });
  return data;
}

/**
 * First voxel of each window along each axis (spec 06/4.2, `compute_steps_for_sliding_window`).
 * Neighbours are at most `tileStepSize` patches apart, the last window ends with the image.
 *
 * @param imageSize as many axes as the patch has, none shorter than the patch
 * @param tileStepSize step as a share of the patch, in (0, 1]
 * @throws RangeError where the image is smaller than the patch or the step is out of range
 */
export function windowSteps(
  imageSize: readonly number[],
  patchSize: readonly number[],
  tileStepSize: number,
): number[][] {
  if (!(tileStepSize > 0 && tileStepSize <= 1)) {
    throw new RangeError(
      `Cannot place windows with step size ${tileStepSize}: it must be above 0 and at most 1`,
    );
  }
  return imageSize.map((n, axis) => {
    const patch = patchSize[axis];
    if (!(n >= patch)) {
      throw new RangeError(
        `Cannot place windows [${patchSize}] in an image [${imageSize}]: axis ${axis} is shorter than the patch, pad it first`,
      );
    }
    const last = n - patch;
    const count = Math.ceil(last / (patch * tileStepSize)) + 1;
    const step = count > 1 ? last / (count - 1) : 0;
    return Array.from({ length: count }, (_, i) => roundHalfEven(step * i));
  });
}

/**
 * First voxels `[z, y, x]` of all windows, last axis fastest. A patch of two axes visits every slice
 * of the first axis (spec 06/4.3).
 *
 * @param shape padded spatial shape `[z, y, x]`
 */
export function slidingWindows(
  shape: readonly number[],
  patchSize: readonly number[],
  tileStepSize: number,
): number[][] {
  const sliced = shape.length - patchSize.length;
  const steps = [
    ...shape.slice(0, sliced).map((n) => Array.from({ length: n }, (_, i) => i)),
    ...windowSteps(shape.slice(sliced), patchSize, tileStepSize),
  ];
  let windows: number[][] = [[]];
  for (const starts of steps) {
    windows = windows.flatMap((window) => starts.map((start) => [...window, start]));
  }
  return windows;
}

function samePlace(shape: readonly number[], padding: Padding): boolean {
  return shape.every((n, axis) => n === padding.shape[axis]);
}

/** Calls back for each row of x: its offset in the image, its offset in the padded one, its length. */
function forEachRow(
  channels: number,
  [depth, height, width]: readonly number[],
  { shape: [outerDepth, outerHeight, outerWidth], before: [front, top, left] }: Padding,
  visit: (inside: number, outside: number, length: number) => void,
): void {
  for (let c = 0; c < channels; c++) {
    for (let z = 0; z < depth; z++) {
      for (let y = 0; y < height; y++) {
        const inside = ((c * depth + z) * height + y) * width;
        const row = (c * outerDepth + z + front) * outerHeight + y + top;
        visit(inside, row * outerWidth + left, width);
      }
    }
  }
}

function volume(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
