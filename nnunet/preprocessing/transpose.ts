import type { Shape4 } from "./crop.ts";

/** Order of the three spatial axes: entry `k` says which axis of the input becomes axis `k`. */
export type AxisOrder = readonly number[];

/** Permutes a triple: shapes, spacings, boxes. */
export function permute<T>(values: readonly T[], order: AxisOrder): [T, T, T] {
  return [values[order[0]], values[order[1]], values[order[2]]];
}

/**
 * Transposes the spatial axes of every channel. Returns `data` itself where the order stays.
 *
 * @param data `[C, x, y, z]`, shape `shape`, last axis fastest
 */
export function transposeSpatial<T extends Float32Array | Int16Array>(
  data: T,
  shape: Shape4,
  order: AxisOrder,
): T {
  if (order.every((axis, k) => axis === k)) return data;
  const [channels, ...extent] = shape;
  const strides = permute([extent[1] * extent[2], extent[2], 1], order);
  const [depth, height, width] = permute(extent, order);
  const transposed = data.slice() as T;
  let to = 0;
  for (let c = 0; c < channels; c++) {
    const channel = c * depth * height * width;
    for (let x = 0; x < depth; x++) {
      for (let y = 0; y < height; y++) {
        let from = channel + x * strides[0] + y * strides[1];
        for (let z = 0; z < width; z++, from += strides[2]) transposed[to++] = data[from];
      }
    }
  }
  return transposed;
}
