import { DataError } from "../errors.ts";
import type { Shape4 } from "./crop.ts";
import type { Shape3 } from "./fill_holes.ts";
import { separateAxis, type Spacing3 } from "./resample.ts";
import type { LabelArray } from "./resize_segmentation.ts";
import { emptyLike, product, resizeNearestSlices, type Volume } from "./slices.ts";

/** Arguments of resampling with PyTorch, as in `resampling_fn_*_kwargs` of the plans. */
export interface TorchResamplingKwargs {
  /** `null`: decided by the spacings. @default {null} */
  force_separate_z?: boolean | null;
  /** Spacings that differ by more than this factor make an image anisotropic. @default {3} */
  separate_z_anisotropy_threshold?: number;
  /** Only `false`, as nnU-Net's planners write it. @default {false} */
  memefficient_seg_resampling?: boolean;
}

/**
 * Resamples every channel to a new shape by linear interpolation in float32, as PyTorch rounds it;
 * label maps label by label. A coarse axis that is separate takes the nearest slice. Returns `data`
 * itself where the shape stays the same.
 *
 * Source: nnU-Net `resample_torch_fornnunet`, specification 03 section 4.3.
 *
 * @param data `[C, x, y, z]`, last axis fastest
 * @throws {DataError} when labels are to be resampled in the way that saves memory
 */
export function resampleTorch<T extends Volume>(
  data: T,
  shape: Shape4,
  newShape: Shape3,
  currentSpacing: Spacing3,
  newSpacing: Spacing3,
  kwargs: TorchResamplingKwargs,
): T {
  if (kwargs.memefficient_seg_resampling) {
    throw new DataError(
      "Cannot resample with memefficient_seg_resampling of the plans: it is not supported, set it " +
        "to false there",
    );
  }
  const [channels, ...extent] = shape;
  if (extent.every((n, axis) => n === newShape[axis])) return data;
  const axis = separateAxis(
    currentSpacing,
    newSpacing,
    kwargs.force_separate_z ?? null,
    kwargs.separate_z_anisotropy_threshold,
  );
  const size = product(extent);
  const newSize = product(newShape);
  const resampled = emptyLike(data, channels * newSize);
  for (let c = 0; c < channels; c++) {
    const from: Volume = data.subarray(c * size, (c + 1) * size);
    const to: Volume = resampled.subarray(c * newSize, (c + 1) * newSize);
    if (axis === undefined) {
      resize(from, extent, to, newShape);
    } else {
      const nearest = nearestSamples(extent[axis], newShape[axis]);
      resizeNearestSlices(from, extent, to, newShape, axis, nearest, resize);
    }
  }
  return resampled;
}

function resize(from: Volume, shape: Shape3, to: Volume, newShape: Shape3): void {
  if (from instanceof Float32Array) resizeImage(from, shape, to as Float32Array, newShape);
  else resizeLabels(from, shape, to as LabelArray, newShape);
}

/** Both neighbours of each output sample of an axis, and their weights. */
interface LinearTaps {
  lower: Int32Array;
  upper: Int32Array;
  lowerWeight: Float32Array;
  upperWeight: Float32Array;
}

const { fround } = Math;

function linearTaps(n: number, m: number): LinearTaps {
  const lower = new Int32Array(m);
  const upper = new Int32Array(m);
  const lowerWeight = new Float32Array(m);
  const upperWeight = new Float32Array(m);
  for (let k = 0; k < m; k++) {
    const x = n === m ? k : Math.max(samplePosition(n, m, k), 0);
    lower[k] = Math.min(Math.floor(x), n - 1);
    upper[k] = Math.min(lower[k] + 1, n - 1);
    upperWeight[k] = Math.min(x - lower[k], 1);
    lowerWeight[k] = 1 - upperWeight[k];
  }
  return { lower, upper, lowerWeight, upperWeight };
}

/** The input sample that lies nearest to each output sample (`nearest-exact`). */
function nearestSamples(n: number, m: number): Int32Array {
  return Int32Array.from({ length: m }, (_, k) => {
    const x = Math.max(samplePosition(n, m, k), 0);
    return n === m ? k : Math.min(Math.floor(fround(x + 0.5)), n - 1);
  });
}

/** In float32, product and difference fused: the nearest of two samples depends on the last bit. */
function samplePosition(n: number, m: number, k: number): number {
  return fround(fround(n / m) * (k + 0.5) - 0.5);
}

/** `a·w + b·v`, the sum fused: products of two float32 are exact in a double. */
function mix(a: number, w: number, b: number, v: number): number {
  return fround(a * w + fround(b * v));
}

/** Resizes slice by slice; those that the next one needs again are kept. */
function resizeImage(
  from: Float32Array,
  [depth, height, width]: Shape3,
  to: Float32Array,
  [newDepth, newHeight, newWidth]: Shape3,
): void {
  const { lower, upper, lowerWeight, upperWeight } = linearTaps(depth, newDepth);
  const rowTaps = linearTaps(height, newHeight);
  const columnTaps = linearTaps(width, newWidth);
  const newSize = newHeight * newWidth;
  const slices = new Map<number, Float32Array>();
  const resizedSlice = (z: number): Float32Array => {
    if (!slices.has(z)) {
      const slice = from.subarray(z * height * width, (z + 1) * height * width);
      slices.set(z, resizeSlice(slice, width, columnTaps, rowTaps));
    }
    return slices.get(z)!;
  };
  for (let z = 0; z < newDepth; z++) {
    const below = resizedSlice(lower[z]);
    const above = resizedSlice(upper[z]);
    const [w, v] = [lowerWeight[z], upperWeight[z]];
    for (let i = 0; i < newSize; i++) to[z * newSize + i] = mix(below[i], w, above[i], v);
    for (const done of slices.keys()) if (done < lower[z]) slices.delete(done);
  }
}

function resizeSlice(
  slice: Float32Array,
  width: number,
  columnTaps: LinearTaps,
  rowTaps: LinearTaps,
): Float32Array {
  const height = slice.length / width;
  const newWidth = columnTaps.lower.length;
  const newHeight = rowTaps.lower.length;
  const rows = new Float32Array(height * newWidth);
  for (let y = 0, at = 0; y < height; y++) {
    const { lower, upper, lowerWeight, upperWeight } = columnTaps;
    for (let x = 0; x < newWidth; x++, at++) {
      const [a, b] = [slice[y * width + lower[x]], slice[y * width + upper[x]]];
      rows[at] = mix(a, lowerWeight[x], b, upperWeight[x]);
    }
  }
  const resized = new Float32Array(newHeight * newWidth);
  for (let y = 0, at = 0; y < newHeight; y++) {
    const [a, b] = [rowTaps.lower[y] * newWidth, rowTaps.upper[y] * newWidth];
    const [w, v] = [rowTaps.lowerWeight[y], rowTaps.upperWeight[y]];
    for (let x = 0; x < newWidth; x++, at++) resized[at] = mix(rows[a + x], w, rows[b + x], v);
  }
  return resized;
}

/** What a voxel of one label is worth; above {@linkcode DECIDED} no other label is looked at. */
const FULL = 1000;
const DECIDED = 700;

/**
 * The masks of the labels are interpolated, then rounded to float16; the largest wins, and among
 * equals the smallest label.
 */
function resizeLabels(
  from: LabelArray,
  shape: Shape3,
  to: LabelArray,
  [newDepth, newHeight, newWidth]: Shape3,
): void {
  const [, height, width] = shape;
  const zTaps = linearTaps(shape[0], newDepth);
  const yTaps = linearTaps(height, newHeight);
  const xTaps = linearTaps(width, newWidth);
  const cell = new Cell();
  let at = 0;
  for (let z = 0; z < newDepth; z++) {
    cell.setWeights(0, zTaps, z);
    for (let y = 0; y < newHeight; y++) {
      cell.setWeights(1, yTaps, y);
      const rows = [
        (zTaps.lower[z] * height + yTaps.lower[y]) * width,
        (zTaps.lower[z] * height + yTaps.upper[y]) * width,
        (zTaps.upper[z] * height + yTaps.lower[y]) * width,
        (zTaps.upper[z] * height + yTaps.upper[y]) * width,
      ];
      for (let x = 0; x < newWidth; x++) {
        for (let i = 0; i < 4; i++) {
          cell.labels[2 * i] = from[rows[i] + xTaps.lower[x]];
          cell.labels[2 * i + 1] = from[rows[i] + xTaps.upper[x]];
        }
        cell.setWeights(2, xTaps, x);
        to[at++] = cell.winner();
      }
    }
  }
}

/** The eight voxels around an output voxel. */
class Cell {
  /** Last axis fastest. */
  readonly labels = new Int16Array(8);
  /** Lower and upper one of each axis. */
  readonly #weights = new Float32Array(6);

  setWeights(axis: number, { lowerWeight, upperWeight }: LinearTaps, k: number): void {
    this.#weights[2 * axis] = lowerWeight[k];
    this.#weights[2 * axis + 1] = upperWeight[k];
  }

  winner(): number {
    const [first] = this.labels;
    if (this.labels.every((label) => label === first)) return first;
    let winner = first;
    let highest = -1;
    for (const label of this.labels) {
      const value = Math.f16round(this.#valueOf(label));
      if (value > DECIDED) return label;
      if (value > highest || value === highest && label < winner) {
        highest = value;
        winner = label;
      }
    }
    return winner;
  }

  #valueOf(label: number): number {
    const [z0, z1, y0, y1, x0, x1] = this.#weights;
    const { labels } = this;
    const at = (i: number): number => labels[i] === label ? FULL : 0;
    const row = (i: number): number => mix(at(i), x0, at(i + 1), x1);
    const slice = (i: number): number => mix(row(i), y0, row(i + 2), y1);
    return mix(slice(0), z0, slice(4), z1);
  }
}
