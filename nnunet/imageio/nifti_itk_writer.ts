import { DataError } from "../errors.ts";
import type { Store } from "../store.ts";
import type { ItkImage } from "./itk_image.ts";
import { determinant, type Matrix3, nearestOrthogonal, quaternionOfRotation } from "./matrix.ts";
import { writeNiftiFile } from "./nifti_writer.ts";

const MM_AND_SECONDS = 10;

/**
 * Writes a NIfTI-1 file as ITK does: sform and qform the same, both with code 1, directions made
 * orthogonal.
 *
 * @throws {DataError} when the directions are singular
 */
export async function writeNiftiAsItk(store: Store, path: string, image: ItkImage): Promise<void> {
  const n = image.size.length;
  const at = (i: number, j: number) => i < n && j < n ? image.direction[i * n + j] : +(i === j);
  // LPS to RAS: x and y change sign.
  const sign = [-1, -1, 1];
  const rotation = nearestOrthogonal(sign.map((s, i) => [0, 1, 2].map((j) => s * at(i, j))));
  if (!rotation) {
    throw new DataError(
      `Cannot write "${path}": its directions lie in one plane, repair the header of the image`,
    );
  }
  const offset = sign.map((s, i) => s * (image.origin[i] ?? 0));
  const spacing = [0, 1, 2].map((i) => image.spacing[i] ?? 1);
  const qfac = determinant(rotation) < 0 ? -1 : 1;
  const proper: Matrix3 = rotation.map(([a, b, c]) => [a, b, c * qfac]);
  await writeNiftiFile(store, path, {
    dim: image.size,
    pixdim: [qfac, ...spacing, ...image.spacing.slice(3), ...Array(7 - Math.max(n, 3)).fill(0)],
    units: MM_AND_SECONDS,
    sformCode: 1,
    qformCode: 1,
    srow: rotation.map((row, i) => [...row.map((r, j) => r * spacing[j]), offset[i]]),
    quaternion: quaternionOfRotation(proper).slice(1),
    qoffset: offset,
    voxels: image.voxels,
  });
}
