/** σ as a share of the patch, and the value at the centre, as nnU-Net has them. */
const SIGMA_SCALE = 1 / 8;
const PEAK = 10;

/**
 * How much each voxel of a window counts where windows overlap: a unit impulse at the patch's centre
 * (index `q // 2`), blurred with σ = q/8 on each axis and scaled to a peak of 10 (spec 06/4,
 * `compute_gaussian`). In float32, where nnU-Net rounds to float16: corners of large patches would
 * underflow there.
 *
 * @param patchSize two or three axes
 * @returns weights in the shape of the patch, none of them 0
 */
export function gaussianImportanceMap(patchSize: readonly number[]): Float32Array {
  const profiles = patchSize.map(blurredImpulse);
  let map = [PEAK / profiles.reduce((product, p, axis) => product * p[patchSize[axis] >> 1], 1)];
  for (const profile of profiles) {
    map = map.flatMap((weight) => profile.map((value) => weight * value));
  }
  const weights = Float32Array.from(map);
  const smallest = weights.reduce((least, w) => w > 0 && w < least ? w : least, Infinity);
  return weights.map((w) => w > 0 ? w : smallest);
}

/** What SciPy's `gaussian_filter1d` (truncate 4, zeros outside) makes of an impulse at `size // 2`. */
function blurredImpulse(size: number): number[] {
  const sigma = size * SIGMA_SCALE;
  const radius = Math.floor(4 * sigma + 0.5);
  const kernel = (offset: number) => Math.exp(-0.5 / (sigma * sigma) * offset * offset);
  let sum = 0;
  for (let offset = -radius; offset <= radius; offset++) sum += kernel(offset);
  const centre = size >> 1;
  return Array.from({ length: size }, (_, i) => {
    const offset = i - centre;
    return Math.abs(offset) <= radius ? kernel(offset) / sum : 0;
  });
}
