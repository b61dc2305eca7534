/** No feature map gets smaller than this along a pooled axis. */
const MIN_EDGE = 4;

/** Strides and kernels of a U-Net that suit a patch, and the patch it can take. */
export interface PoolingTopology {
  /** Per stage and axis, 1 or 2; stage 0 has stride 1. */
  strides: number[][];
  /** Per stage and axis, 1 or 3. */
  kernelSizes: number[][];
  /** The patch, padded to a multiple of `divisor`. */
  patchSize: number[];
  /** Product of the strides, per axis. */
  divisor: number[];
}

/**
 * Chooses where a U-Net pools: again and again along all axes that are large enough and whose spacing
 * is within a factor of 2 of the finest of them (nnU-Net's `get_pool_and_conv_props`; spec 02,
 * section 5).
 *
 * @param spacing mm, 2 or 3 axes
 * @param patchSize may be fractional
 */
export function poolingTopology(spacing: number[], patchSize: number[]): PoolingTopology {
  const axes = spacing.map((_, axis) => axis);
  let currentSpacing = spacing;
  let currentSize = patchSize;
  let kernel = axes.map(() => 1);
  const strides = [axes.map(() => 1)];
  const kernelSizes: number[][] = [];

  while (true) {
    const largeEnough = axes.filter((axis) => currentSize[axis] >= 2 * MIN_EDGE);
    const finest = Math.min(...largeEnough.map((axis) => currentSpacing[axis]));
    const pooled = largeEnough.filter((axis) => currentSpacing[axis] / finest < 2);
    if (pooled.length === 0) break;
    // A single axis is pooled only if it stays well above the smallest size.
    if (pooled.length === 1 && currentSize[pooled[0]] < 3 * MIN_EDGE) break;

    const finestOfAll = Math.min(...currentSpacing);
    kernel = kernel.map((k, axis) => k === 3 || currentSpacing[axis] / finestOfAll < 2 ? 3 : 1);
    const stride = axes.map((axis) => pooled.includes(axis) ? 2 : 1);
    kernelSizes.push(kernel);
    strides.push(stride);
    currentSpacing = currentSpacing.map((value, axis) => value * stride[axis]);
    // Median sizes may end in .5, and axes that are not pooled keep that.
    currentSize = currentSize.map((size, axis) => stride[axis] === 2 ? Math.ceil(size / 2) : size);
  }
  kernelSizes.push(axes.map(() => 3));

  const divisor = axes.map((axis) => strides.reduce((product, s) => product * s[axis], 1));
  return {
    strides,
    kernelSizes,
    patchSize: patchSize.map((size, axis) => Math.ceil(size / divisor[axis]) * divisor[axis]),
    divisor,
  };
}
