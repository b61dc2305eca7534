/** Order of the three spatial axes: entry `k` says which axis of the input becomes axis `k`. */
export type AxisOrder = readonly number[];

/** Permutes a triple: shapes, spacings, boxes. */
export function permute<T>(values: readonly T[], order: AxisOrder): [T, T, T] {
  return [values[order[0]], values[order[1]], values[order[2]]];
}
