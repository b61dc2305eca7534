import { roundHalfEven } from "../numerics/rounding.ts";
import type { RandomSource } from "../numerics/random_source.ts";
import type { ClassLocations, LabelKey } from "../preprocessing/class_locations.ts";

/** How patches are cut out of cases. Extents have three entries; 2D patches have a 1 first. */
export interface PatchSampling {
  /** Extents of the patches that are cut out: enlarged for augmentation in training. */
  loaderPatchSize: readonly number[];
  /** Extents that the network gets. */
  patchSize: readonly number[];
  /** The class-location key of all annotated voxels, if the dataset has an ignore label. */
  annotatedKey?: LabelKey;
}

/**
 * Which samples of a batch must hold foreground: the last ones, so many that their share is about
 * `fraction` (nnU-Net's `_oversample_last_XX_percent`; spec 05, section 4).
 */
export function forcedForeground(batchSize: number, fraction: number): boolean[] {
  const firstForced = roundHalfEven(batchSize * (1 - fraction));
  return Array.from({ length: batchSize }, (_, sample) => sample >= firstForced);
}

/**
 * Draws where a patch begins; it may begin before the image and end after it (nnU-Net's
 * `nnUNetDataLoader.get_bbox`). Forced foreground centres the patch on a voxel of a class, so does an
 * ignore label on an annotated one.
 *
 * @param shape extents of the case
 * @returns first voxel of the patch along each axis
 */
export function samplePatch(
  shape: readonly number[],
  locations: readonly ClassLocations[],
  forceForeground: boolean,
  { loaderPatchSize, patchSize, annotatedKey }: PatchSampling,
  random: RandomSource,
): number[] {
  const bounds = shape.map((n, axis) => positionBounds(n, loaderPatchSize[axis], patchSize[axis]));
  const isAnnotated = ({ key }: ClassLocations) => String(key) === String(annotatedKey);
  let places: ClassLocations | undefined;
  if (forceForeground) {
    let eligible = locations.filter(({ coordinates }) => coordinates.length > 0);
    if (annotatedKey !== undefined && eligible.length > 1) {
      eligible = eligible.filter((entry) => !isAnnotated(entry));
    }
    if (eligible.length) places = eligible[random.integer(0, eligible.length)];
  } else if (annotatedKey !== undefined) {
    places = locations.find(isAnnotated);
  }
  if (!places?.coordinates.length) {
    return bounds.map(([lower, upper]) => random.integer(lower, upper + 1));
  }
  const voxel = 4 * random.integer(0, places.coordinates.length / 4);
  return bounds.map(([lower], axis) => {
    const centred = places.coordinates[voxel + 1 + axis] - Math.floor(loaderPatchSize[axis] / 2);
    return Math.max(lower, centred);
  });
}

/** First and last position of a patch along an axis of `n` voxels. */
function positionBounds(n: number, loaderPatch: number, patch: number): [number, number] {
  let need = loaderPatch - patch;
  if (need + n < loaderPatch) need = loaderPatch - n;
  const half = Math.floor(need / 2);
  return [half - need, n + half + need % 2 - loaderPatch];
}
