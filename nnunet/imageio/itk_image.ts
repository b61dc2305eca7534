import type { Voxels } from "./voxels.ts";

/**
 * An image as ITK has it. Geometry in x, y, z order, mm, in the LPS system (x to the left, y to the
 * back, z up).
 */
export interface ItkImage {
  /** Extents, x first; two to four of them. */
  size: number[];
  spacing: number[];
  origin: number[];
  /** Square, row by row; column `j` is the unit vector along axis `j`. */
  direction: number[];
  /** Values per voxel; 1 unless the voxels are vectors or colours. */
  components: number;
  /** Components fastest, then x. */
  voxels: Voxels;
  /** Whether the file stores complex numbers; `voxels` are their real parts. */
  complex?: boolean;
}

/** Identity direction of `n` axes, row by row. */
export function identityDirection(n: number): number[] {
  return Array.from({ length: n * n }, (_, i) => i % (n + 1) === 0 ? 1 : 0);
}

/** As ITK's file reader does it: a negative spacing turns the axis instead. */
export function withPositiveSpacing(image: ItkImage): ItkImage {
  const n = image.size.length;
  return {
    ...image,
    spacing: image.spacing.map(Math.abs),
    direction: image.direction.map((x, i) => image.spacing[i % n] < 0 ? -x : x),
  };
}

/** Whether the direction matrix has determinant 0, which ITK refuses. */
export function isSingular({ direction, size }: ItkImage): boolean {
  const n = size.length;
  const rows = Array.from({ length: n }, (_, i) => direction.slice(i * n, (i + 1) * n));
  return !(Math.abs(determinantOf(rows)) > 0);
}

/** By the first row; there are at most four. */
function determinantOf(m: number[][]): number {
  if (m.length === 0) return 1;
  return m[0].reduce((sum, x, j) => {
    const minor = m.slice(1).map((row) => row.filter((_, k) => k !== j));
    return sum + (j % 2 === 0 ? x : -x) * determinantOf(minor);
  }, 0);
}
