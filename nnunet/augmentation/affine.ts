import type { SpatialTransform } from "../../engine/mod.ts";

/** Rotation and scaling of a patch; either may be absent. */
export interface AffineDraw {
  /** Radians: one per axis in 3D, one in all for slices. */
  angles?: readonly number[];
  /** Above 1 things look smaller. */
  scale?: number;
}

/**
 * Where the voxels of a patch come from when it is turned and scaled about the centre of the input, or,
 * with neither, cut out of the middle without interpolation (batchgeneratorsv2 `SpatialTransform`; spec
 * 05, section 6.1).
 *
 * @param inputSize two or three extents
 * @param size extents of the patch; where the first axis of three is left alone (`slices`) it equals
 *   that of the input
 * @param slices turn and scale within slices: 2D, and 3D with dummy 2D augmentation
 */
export function affineTransform(
  inputSize: readonly number[],
  size: readonly number[],
  { angles, scale }: AffineDraw,
  slices: boolean,
): SpatialTransform {
  const from = [1, ...inputSize].slice(-3);
  const to = [1, ...size].slice(-3);
  if (angles === undefined && scale === undefined) {
    const centre = from.map((n, axis) =>
      Math.floor(n / 2) - Math.floor(to[axis] / 2) + (to[axis] - 1) / 2
    );
    return { matrix: IDENTITY, centre, size };
  }
  const rotation = angles === undefined
    ? IDENTITY
    : slices
    ? rotationAbout(0, angles[0])
    : multiply(
      rotationAbout(2, angles[2]),
      multiply(rotationAbout(1, angles[1]), rotationAbout(0, angles[0])),
    );
  const factors = [slices ? 1 : scale ?? 1, scale ?? 1, scale ?? 1];
  return {
    matrix: rotation.map((row) => row.map((value, axis) => value * factors[axis])),
    centre: from.map((n) => (n - 1) / 2),
    size,
  };
}

type Matrix = readonly (readonly number[])[];

const IDENTITY: Matrix = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];

function rotationAbout(axis: number, angle: number): Matrix {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return [
    [[1, 0, 0], [0, c, -s], [0, s, c]],
    [[c, 0, s], [0, 1, 0], [-s, 0, c]],
    [[c, -s, 0], [s, c, 0], [0, 0, 1]],
  ][axis];
}

function multiply(a: Matrix, b: Matrix): Matrix {
  return a.map((row) =>
    row.map((_, column) => row.reduce((sum, v, k) => sum + v * b[k][column], 0))
  );
}
