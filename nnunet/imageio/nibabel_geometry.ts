import { damaged } from "./damaged.ts";
import {
  columnLengths,
  determinant,
  type Matrix3,
  nearestOrthogonal,
  normalizeColumns,
  quaternionOfRotation,
  rotationOfQuaternion,
} from "./matrix.ts";
import type { NiftiHeader } from "./nifti_file.ts";
import { permuteAndFlip } from "./permute_axes.ts";
import type { Voxels } from "./voxels.ts";

/** For each voxel axis, the world axis it runs along, and whether it runs against it. */
export interface AxisOrientation {
  axis: number[];
  flip: boolean[];
}

/** Voxel sizes as nibabel's `get_zooms` gives them: no zeros, no signs. */
export function zoomsOf({ pixdim, dim }: NiftiHeader): number[] {
  return dim.map((_, i) => Math.abs(pixdim[i + 1] || 1));
}

/**
 * Affine (4 × 4, voxel index to mm, RAS) as nibabel chooses it: the sform for any code above 0,
 * else the qform, else voxel sizes centred on the volume with x flipped.
 *
 * @throws {DataError} when the quaternion is no rotation
 */
export function affineOf(path: string, header: NiftiHeader): number[][] {
  if (header.sformCode > 0) {
    return affine(
      header.srow.map((row) => row.slice(0, 3)),
      header.srow.map((row) => row[3]),
    );
  }
  const zooms = zoomsOf(header);
  if (header.qformCode > 0) {
    const [b, c, d] = header.quaternion;
    const square = 1 - (b * b + c * c + d * d);
    // nibabel forgives three roundings of the header's own precision.
    const tolerance = 3 * (header.version === 2 ? 2 ** -52 : 2 ** -23);
    if (square < -tolerance) {
      throw damaged(path, `its qform holds no rotation (1 - b² - c² - d² is ${square})`);
    }
    const rotation = rotationOfQuaternion([square < tolerance ? 0 : Math.sqrt(square), b, c, d]);
    const qfac = header.pixdim[0] === -1 ? -1 : 1;
    const [x, y, z] = zooms;
    return affine(scaleColumns(rotation, [x, y, z * qfac]), header.qoffset);
  }
  const [x, y, z] = zooms;
  const scale = [-x, y, z];
  return affine(
    scale.map((s, i) => scale.map((_, j) => i === j ? s : 0)),
    scale.map((s, i) => -s * (header.dim[i] - 1) / 2),
  );
}

/** Axes of an affine after nibabel's `io_orientation`; `undefined` when it is singular. */
export function axisOrientation(affine: number[][]): AxisOrientation | undefined {
  const rotation = nearestOrthogonal(normalizeColumns(upperLeft(affine)));
  if (!rotation) return undefined;
  const axis = [0, 0, 0], flip = [false, false, false];
  const free = new Set([0, 1, 2]);
  // The axes that are clearest come first.
  const largest = [0, 1, 2].map((j) => Math.max(...rotation.map((row) => row[j] ** 2)));
  for (const j of [0, 1, 2].sort((a, b) => largest[b] - largest[a])) {
    let best = -1;
    for (const i of free) {
      if (best < 0 || Math.abs(rotation[i][j]) > Math.abs(rotation[best][j])) best = i;
    }
    free.delete(best);
    axis[j] = best;
    flip[j] = rotation[best][j] < 0;
  }
  return { axis, flip };
}

/** Whether the axes are R, A, S already. */
export function isCanonical({ axis, flip }: AxisOrientation): boolean {
  return axis.every((a, i) => a === i) && !flip.some(Boolean);
}

/** A volume turned so that its axes run along R, A, S (nibabel's `as_reoriented`). */
export function toCanonical<T extends Voxels>(
  voxels: T,
  size: number[],
  affine: number[][],
  { axis, flip }: AxisOrientation,
): { voxels: T; size: number[]; affine: number[][] } {
  const order = [0, 1, 2].map((world) => axis.indexOf(world));
  const turned = order.map((a) => flip[a]);
  return {
    voxels: permuteAndFlip(voxels, size, order, turned),
    size: order.map((a) => size[a]),
    affine: affine.map((row) => [
      ...order.map((a, i) => turned[i] ? -row[a] : row[a]),
      order.reduce((sum, a, i) => turned[i] ? sum + row[a] * (size[a] - 1) : sum, row[3]),
    ]),
  };
}

/** The turn of {@linkcode toCanonical} undone; `size` is that of the turned volume. */
export function fromCanonical<T extends Voxels>(
  voxels: T,
  size: number[],
  { axis, flip }: AxisOrientation,
): { voxels: T; size: number[] } {
  return {
    voxels: permuteAndFlip(voxels, size, axis, flip),
    size: axis.map((a) => size[a]),
  };
}

/**
 * Quaternion (b, c, d), qfac and voxel sizes of an affine as nibabel's `set_qform` stores them;
 * `undefined` when the affine is singular.
 */
export function qformOf(
  affine: number[][],
): { quaternion: number[]; qfac: number; zooms: number[] } | undefined {
  const zooms = columnLengths(upperLeft(affine));
  const normal = normalizeColumns(upperLeft(affine));
  const qfac = determinant(normal) < 0 ? -1 : 1;
  const rotation = nearestOrthogonal(scaleColumns(normal, [1, 1, qfac]));
  if (!rotation) return undefined;
  return { quaternion: quaternionOfRotation(rotation).slice(1), qfac, zooms };
}

/** Voxel sizes of an affine, rounded as a NIfTI-1 header stores them. */
export function storedZooms(affine: number[][]): number[] {
  return columnLengths(upperLeft(affine)).map(Math.fround);
}

function upperLeft(affine: number[][]): Matrix3 {
  return affine.slice(0, 3).map((row) => row.slice(0, 3));
}

function affine(matrix: Matrix3, offset: number[]): number[][] {
  return [...matrix.map((row, i) => [...row, offset[i]]), [0, 0, 0, 1]];
}

function scaleColumns(m: Matrix3, scale: number[]): Matrix3 {
  return m.map((row) => row.map((x, j) => x * scale[j]));
}
