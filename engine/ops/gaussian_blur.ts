import source from "../../shaders/gaussian_blur.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import { featureShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

const forward = new Kernel("gaussian_blur", source, "forward");

/**
 * Blurs channels of a feature map, each with its own width along each axis; the border is reflected.
 * Not differentiated.
 *
 * @param sigmas by channel: standard deviations in voxels, one per spatial axis; `undefined` leaves a
 *   channel as it is
 */
export function gaussianBlur(
  x: Tensor,
  sigmas: readonly (readonly number[] | undefined)[],
): Tensor {
  const { gpu, shape } = x;
  const spatial = shape.slice(2);
  const { blocks, voxels } = featureShape(shape);
  const vectors = x.byteLength / 16;
  return gpu.scope(() => {
    let y = x;
    spatial.forEach((length, axis) => {
      const kernels = sigmas.map((of) => of ? gaussianKernel(of[axis]) : [1]);
      const radius = Math.max(...kernels.map(({ length }) => (length - 1) / 2));
      const taps = new Float32Array(4 * blocks * (2 * radius + 1));
      kernels.forEach((kernel, channel) => {
        const first = (channel >> 2) * (2 * radius + 1) + radius - (kernel.length - 1) / 2;
        kernel.forEach((tap, k) => taps[4 * (first + k) + (channel & 3)] = tap);
      });
      const step = spatial.slice(axis + 1).reduce((product, n) => product * n, 1);
      const blurred = gpu.empty(shape);
      gpu.dispatch(forward, {
        params: { vectors, voxels, blocks, length, step, radius },
        buffers: { x: y, taps: gpu.tensor(taps, [taps.length]), y: blurred },
        threads: vectors,
      });
      y = blurred;
    });
    return y;
  });
}

/** Normalised taps at whole offsets, cut off at about 3 sigma (batchgeneratorsv2 `blur_dimension`). */
export function gaussianKernel(sigma: number): number[] {
  const size = oddNear(6 * sigma + 0.5);
  const taps = Array.from(
    { length: size },
    (_, i) => Math.exp(-((i - (size - 1) / 2) ** 2) / (2 * sigma ** 2)),
  );
  const sum = taps.reduce((a, b) => a + b);
  return taps.map((tap) => tap / sum);
}

/** The odd number nearest to `value` (batchgeneratorsv2 `round_to_nearest_odd`). */
function oddNear(value: number): number {
  const floor = Math.floor(value);
  const isHalf = value - floor === 0.5;
  const rounded = isHalf ? floor + floor % 2 : Math.round(value);
  if (rounded % 2 === 1) return rounded;
  return value >= rounded ? rounded + 1 : rounded - 1;
}
