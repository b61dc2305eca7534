import type { ImageProperties } from "../imageio/image.ts";
import { orientationCode } from "../imageio/itk_orientation.ts";

/** Voxel index (x, y, z) to mm: `origin + columns · index`; ITK's or nibabel's axes. */
interface Affine {
  origin: number[];
  /** One vector per voxel axis, as long as a voxel. */
  columns: number[][];
}

/**
 * How far two grids of one shape are apart, at the corner of the volume where that is most.
 *
 * @param shape z, y, x
 * @returns mm between the centres of corresponding voxels
 */
export function cornerDistance(
  a: ImageProperties,
  b: ImageProperties,
  shape: readonly number[],
): number {
  const [from, to] = [affineOf(a), affineOf(b)];
  const size = [...shape].reverse();
  let farthest = 0;
  for (let corner = 0; corner < 8; corner++) {
    const index = size.map((n, axis) => corner >> axis & 1 ? n - 1 : 0);
    farthest = Math.max(farthest, distance(place(from, index), place(to, index)));
  }
  return farthest;
}

/** Orientation of the voxel axes such as `LPS`; `undefined` for pictures, which have none. */
export function orientationOf({ sitk_stuff, nibabel_stuff }: ImageProperties): string | undefined {
  if (sitk_stuff) {
    return sitk_stuff.direction.length === 9 ? orientationCode(sitk_stuff.direction) : undefined;
  }
  if (!nibabel_stuff) return undefined;
  // To ITK's axes: left and back grow there.
  const [x, y, z] = nibabel_stuff.original_affine;
  const lps = [x.map((value) => -value), y.map((value) => -value), z];
  return orientationCode(lps.flatMap((row) => row.slice(0, 3)));
}

function affineOf({ spacing, sitk_stuff, nibabel_stuff }: ImageProperties): Affine {
  if (sitk_stuff) {
    const { direction, origin, spacing } = sitk_stuff;
    const n = spacing.length;
    const columns = spacing.map((s, axis) => origin.map((_, row) => direction[row * n + axis] * s));
    return { origin, columns };
  }
  if (nibabel_stuff) {
    const rows = nibabel_stuff.original_affine.slice(0, 3);
    return {
      origin: rows.map((row) => row[3]),
      columns: [0, 1, 2].map((axis) => rows.map((row) => row[axis])),
    };
  }
  const sizes = [...spacing].reverse();
  return {
    origin: sizes.map(() => 0),
    columns: sizes.map((s, axis) => sizes.map((_, row) => row === axis ? s : 0)),
  };
}

function place({ origin, columns }: Affine, index: number[]): number[] {
  return origin.map((o, row) =>
    columns.reduce((sum, column, axis) => sum + column[row] * index[axis], o)
  );
}

function distance(a: number[], b: number[]): number {
  return Math.hypot(...a.map((x, i) => x - b[i]));
}
