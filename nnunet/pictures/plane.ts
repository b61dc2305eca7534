/** A volume `[z, y, x]` and where it lies in the patient. */
export interface Geometry {
  shape: readonly number[];
  /** mm, in the order z, y, x. */
  spacing: readonly number[];
  /** ITK's direction matrix: x, y, z, row-major, LPS. Without it the voxels' own order is shown. */
  direction?: readonly number[];
}

/** One slice as it is to be shown: which voxel lies at (row, column), and the size of a voxel. */
export interface Plane {
  rows: number;
  columns: number;
  /** mm. */
  rowSpacing: number;
  columnSpacing: number;
  /** Index in the volume of the voxel at (row, column). */
  voxelAt(row: number, column: number): number;
}

/**
 * The slice with the largest foreground area. Only slices across the axis with the coarsest spacing
 * come into question (within a fifth of it), so that the picture is as sharp as the scan.
 */
export function planeWithMostForeground(labels: ArrayLike<number>, geometry: Geometry): Plane {
  const { shape, spacing } = geometry;
  const coarsest = Math.max(...spacing);
  const candidates = [0, 1, 2].filter((axis) => spacing[axis] >= 0.8 * coarsest);
  const counts = candidates.map((axis) => new Float64Array(shape[axis]));
  for (let z = 0, i = 0; z < shape[0]; z++) {
    for (let y = 0; y < shape[1]; y++) {
      for (let x = 0; x < shape[2]; x++, i++) {
        if (labels[i] > 0) candidates.forEach((axis, k) => counts[k][[z, y, x][axis]]++);
      }
    }
  }
  let best = { axis: candidates[0], index: shape[candidates[0]] >> 1, count: 0 };
  candidates.forEach((axis, k) =>
    counts[k].forEach((count, index) => {
      if (count > best.count) best = { axis, index, count };
    })
  );
  return planeOf(geometry, best.axis, best.index);
}

/** Slice `index` across `axis`; the patient's front or head up, the patient's right on the left. */
export function planeOf(geometry: Geometry, axis: number, index: number): Plane {
  const { shape, spacing } = geometry;
  const [down, across] = [0, 1, 2].filter((other) => other !== axis);
  const strides = [shape[1] * shape[2], shape[2], 1];
  const [flipDown, flipAcross] = [isReversed(geometry, down), isReversed(geometry, across)];
  return {
    rows: shape[down],
    columns: shape[across],
    rowSpacing: spacing[down],
    columnSpacing: spacing[across],
    voxelAt: (row, column) =>
      index * strides[axis] +
      (flipDown ? shape[down] - 1 - row : row) * strides[down] +
      (flipAcross ? shape[across] - 1 - column : column) * strides[across],
  };
}

/** Whether the axis runs against the order of display: left, back and foot come last. */
function isReversed({ direction }: Geometry, axis: number): boolean {
  if (!direction) return false;
  const column = 2 - axis;
  const towards = [0, 1, 2].map((row) => direction[row * 3 + column]);
  const dominant = towards.reduce(
    (best, part, i) => Math.abs(part) > Math.abs(towards[best]) ? i : best,
    0,
  );
  const towardsHead = dominant === 2;
  return towardsHead ? towards[dominant] > 0 : towards[dominant] < 0;
}
