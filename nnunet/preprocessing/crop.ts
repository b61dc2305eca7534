import { fillHoles, type Shape3 } from "./fill_holes.ts";

/** `[C, x, y, z]`, last axis fastest. */
export type Shape4 = [number, number, number, number];

/** Half-open box, `[lower, upper)` of each spatial axis. */
export type BoundingBox = [[number, number], [number, number], [number, number]];

/** What {@linkcode cropToNonzero} returns. */
export interface CroppedCase {
  /** `shape`; the array passed in itself where nothing is cut off. */
  data: Float32Array;
  /** `[1, ...shape.slice(1)]`, −1 outside the non-zero region. */
  seg: Int16Array;
  shape: Shape4;
  bbox: BoundingBox;
}

/**
 * Cuts an image to the smallest box that holds everything non-zero in any channel (an all-zero image
 * keeps its full extent).
 *
 * The segmentation is −1 where no channel is non-zero (holes do not count) and the label is 0. Without
 * one it is 0 inside and −1 outside.
 *
 * Source: nnU-Net `crop_to_nonzero`, specification 03 section 2.
 *
 * @param data shape `shape`
 * @param seg one label a voxel, shape `[1, ...shape.slice(1)]`
 */
export function cropToNonzero(
  data: Float32Array,
  shape: Shape4,
  seg?: ArrayLike<number>,
): CroppedCase {
  const extent: Shape3 = [shape[1], shape[2], shape[3]];
  const mask = nonzeroMask(data, shape);
  const bbox = boundingBox(mask, extent);
  const cropped = bbox.map(([lower, upper]) => upper - lower) as Shape3;

  const croppedSeg = new Int16Array(cropped[0] * cropped[1] * cropped[2]);
  let to = 0;
  forEachRow(bbox, extent, (from, length) => {
    for (let i = from; i < from + length; i++) {
      const label = seg === undefined ? 0 : seg[i];
      croppedSeg[to++] = label === 0 && mask[i] === 0 ? -1 : label;
    }
  });
  return {
    data: cropChannels(data, shape, bbox),
    seg: croppedSeg,
    shape: [shape[0], ...cropped],
    bbox,
  };
}

/** 1 where any channel is non-zero or the voxel lies in a hole, `shape.slice(1)`. */
function nonzeroMask(data: Float32Array, [channels, ...extent]: Shape4): Uint8Array {
  const size = extent[0] * extent[1] * extent[2];
  const mask = new Uint8Array(size);
  for (let c = 0; c < channels; c++) {
    const channel = data.subarray(c * size, (c + 1) * size);
    for (let i = 0; i < size; i++) if (channel[i] !== 0) mask[i] = 1;
  }
  fillHoles(mask, extent);
  return mask;
}

/** Tight box around the ones of a mask; the full extent where there are none. */
function boundingBox(mask: Uint8Array, [depth, height, width]: Shape3): BoundingBox {
  const lower = [depth, height, width];
  const upper = [0, 0, 0];
  for (let z = 0, row = 0; z < depth; z++) {
    for (let y = 0; y < height; y++, row += width) {
      const first = mask.subarray(row, row + width).indexOf(1);
      if (first < 0) continue;
      const last = mask.subarray(row, row + width).lastIndexOf(1);
      lower[0] = Math.min(lower[0], z);
      upper[0] = z + 1;
      lower[1] = Math.min(lower[1], y);
      upper[1] = Math.max(upper[1], y + 1);
      lower[2] = Math.min(lower[2], first);
      upper[2] = Math.max(upper[2], last + 1);
    }
  }
  if (upper[0] === 0) return [[0, depth], [0, height], [0, width]];
  return [[lower[0], upper[0]], [lower[1], upper[1]], [lower[2], upper[2]]];
}

function cropChannels(data: Float32Array, shape: Shape4, bbox: BoundingBox): Float32Array {
  const extent: Shape3 = [shape[1], shape[2], shape[3]];
  if (bbox.every(([lower, upper], axis) => lower === 0 && upper === extent[axis])) return data;
  const size = extent[0] * extent[1] * extent[2];
  const croppedSize = bbox.reduce((product, [lower, upper]) => product * (upper - lower), 1);
  const cropped = new Float32Array(shape[0] * croppedSize);
  let to = 0;
  for (let c = 0; c < shape[0]; c++) {
    forEachRow(bbox, extent, (from, length) => {
      cropped.set(data.subarray(c * size + from, c * size + from + length), to);
      to += length;
    });
  }
  return cropped;
}

/** Calls `visit(first index, length)` for each row of a box, in memory order. */
function forEachRow(
  [[z0, z1], [y0, y1], [x0, x1]]: BoundingBox,
  [, height, width]: Shape3,
  visit: (from: number, length: number) => void,
): void {
  for (let z = z0; z < z1; z++) {
    for (let y = y0; y < y1; y++) visit((z * height + y) * width + x0, x1 - x0);
  }
}
