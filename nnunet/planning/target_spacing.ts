import type { Fingerprint } from "../fingerprint.ts";
import { median, percentile } from "../numerics/percentile.ts";

/** From this ratio on, the coarsest axis counts as anisotropic. */
const ANISOTROPY_THRESHOLD = 3;

/** The values of one axis over all cases. */
export function axisOf(values: number[][], axis: number): number[] {
  return values.map((value) => value[axis]);
}

/** Index of the largest value, the first of equals. */
export function argmax(values: number[]): number {
  return values.indexOf(Math.max(...values));
}

/**
 * The spacing of the full-resolution configurations in the reader's axis order: the median per axis,
 * but finer (10th percentile) along an axis that is much coarser and has few slices (nnU-Net's
 * `determine_fullres_target_spacing`; spec 02, section 3).
 */
export function fullresTargetSpacing({ spacings, shapes_after_crop }: Fingerprint): number[] {
  const target = [0, 1, 2].map((axis) => percentile(axisOf(spacings, axis), 50));
  const size = [0, 1, 2].map((axis) => median(axisOf(shapes_after_crop, axis)));
  const coarsest = argmax(target);
  const others = [0, 1, 2].filter((axis) => axis !== coarsest);
  const coarsestOther = Math.max(...others.map((axis) => target[axis]));
  const smallestOther = Math.min(...others.map((axis) => size[axis]));

  const anisotropicSpacing = target[coarsest] > ANISOTROPY_THRESHOLD * coarsestOther;
  const anisotropicSize = size[coarsest] * ANISOTROPY_THRESHOLD < smallestOther;
  if (anisotropicSpacing && anisotropicSize) {
    const finer = percentile(axisOf(spacings, coarsest), 10);
    // It must stay the coarsest axis.
    target[coarsest] = finer < coarsestOther ? coarsestOther + 1e-5 : finer;
  }
  return target;
}

/** Order of the axes that puts the coarsest first, and the order that undoes it. */
export function determineTranspose(targetSpacing: number[]): {
  forward: number[];
  backward: number[];
} {
  const coarsest = argmax(targetSpacing);
  const forward = [coarsest, ...[0, 1, 2].filter((axis) => axis !== coarsest)];
  return { forward, backward: [0, 1, 2].map((axis) => forward.indexOf(axis)) };
}
