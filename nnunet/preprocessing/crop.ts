import { fillHoles, type Shape3 } from "./fill_holes.ts";
import { type AxisOrder, permute } from "./transpose.ts";

/** `[C, x, y, z]`, last axis fastest. */
export type Shape4 = [number, number, number, number];

/** Half-open box, `[lower, upper)` of each spatial axis. */
export type BoundingBox = [[number, number], [number, number], [number, number]];

/** What {@linkcode cropToNonzero} returns; spatial axes in the order asked for. */
export interface CroppedCase {
  /** `shape`; the array passed in itself where nothing is cut off and no axis moves. */
  data: Float32Array;
  /** `[1, ...shape.slice(1)]`, −1 outside the non-zero region. */
  seg: Int16Array;
  shape: Shape4;
  bbox: BoundingBox;
}

/**
 * Cuts an image to the smallest box that holds everything non-zero in any channel (an all-zero image
 * keeps its full extent), and transposes it. Both at once, because a large volume in memory twice is
 * enough.
 *
 * The segmentation is −1 where no channel is non-zero (holes do not count) and the label is 0. Without
 * one it is 0 inside and −1 outside.
 *
 * Source: nnU-Net `crop_to_nonzero`, specification 03 section 2.
 *
 * @param data shape `shape`
 * @param seg one label a voxel, shape `[1, ...shape.slice(1)]`
 * @param order of the spatial axes in the result
 */
export function cropToNonzero(
  data: Float32Array,
  shape: Shape4,
  seg?: ArrayLike<number>,
  order: AxisOrder = [0, 1, 2],
): CroppedCase {
  const extent: Shape3 = [shape[1], shape[2], shape[3]];
  const mask = nonzeroMask(data, shape);
  const bbox = boundingBox(mask, extent);
  const newBbox = permute(bbox, order);
  const newExtent = newBbox.map(([lower, upper]) => upper - lower) as Shape3;

  const newSeg = new Int16Array(newExtent[0] * newExtent[1] * newExtent[2]);
  let to = 0;
  forEachRow(bbox, extent, order, (from, stride) => {
    for (let i = 0; i < newExtent[2]; i++, from += stride) {
      const label = seg === undefined ? 0 : seg[from];
      newSeg[to++] = label === 0 && mask[from] === 0 ? -1 : label;
    }
  });
  return {
    data: cropChannels(data, shape, bbox, order),
    seg: newSeg,
    shape: [shape[0], ...newExtent],
    bbox: newBbox,
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

function cropChannels(
  data: Float32Array,
  shape: Shape4,
  bbox: BoundingBox,
  order: AxisOrder,
): Float32Array {
  const extent: Shape3 = [shape[1], shape[2], shape[3]];
  const isWhole = bbox.every(([lower, upper], axis) => lower === 0 && upper === extent[axis]);
  if (isWhole && order.every((axis, k) => axis === k)) return data;
  const size = extent[0] * extent[1] * extent[2];
  const newSize = bbox.reduce((product, [lower, upper]) => product * (upper - lower), 1);
  const rowLength = bbox[order[2]][1] - bbox[order[2]][0];
  const cropped = new Float32Array(shape[0] * newSize);
  let to = 0;
  for (let c = 0; c < shape[0]; c++) {
    const channel = data.subarray(c * size, (c + 1) * size);
    forEachRow(bbox, extent, order, (from, stride) => {
      for (let i = 0; i < rowLength; i++, from += stride) cropped[to++] = channel[from];
    });
  }
  return cropped;
}

/** Calls `visit(first index, stride)` for each row of the transposed box, in its memory order. */
function forEachRow(
  bbox: BoundingBox,
  [, height, width]: Shape3,
  order: AxisOrder,
  visit: (from: number, stride: number) => void,
): void {
  const strides = permute([height * width, width, 1], order);
  const [[x0, x1], [y0, y1], [z0]] = permute(bbox, order);
  for (let x = x0; x < x1; x++) {
    for (let y = y0; y < y1; y++) {
      visit(x * strides[0] + y * strides[1] + z0 * strides[2], strides[2]);
    }
  }
}
