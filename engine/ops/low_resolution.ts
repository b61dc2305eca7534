import source from "../../shaders/low_resolution.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import { featureShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

const forward = new Kernel("low_resolution", source, "forward");

/**
 * Resizes channels of a feature map to fewer voxels (nearest) and back (linear), which loses detail.
 * Not differentiated.
 *
 * @param sizes by channel: the smaller spatial extents; `undefined` leaves a channel as it is
 */
export function lowResolution(
  x: Tensor,
  sizes: readonly (readonly number[] | undefined)[],
): Tensor {
  const { gpu, shape } = x;
  const { d, h, w, blocks, voxels } = featureShape(shape);
  const vectors = x.byteLength / 16;
  return gpu.scope(() => {
    const perBlock = new Float32Array(12 * blocks);
    for (let channel = 0; channel < 4 * blocks; channel++) {
      const size = [1, ...sizes[channel] ?? shape.slice(2)].slice(-3);
      size.forEach((m, axis) => perBlock[12 * (channel >> 2) + 4 * axis + (channel & 3)] = m);
    }
    const y = gpu.empty(shape);
    gpu.dispatch(forward, {
      params: { vectors, voxels, blocks, d, h, w },
      buffers: { x, sizes: gpu.tensor(perBlock, [perBlock.length]), y },
      threads: vectors,
    });
    return y;
  });
}
