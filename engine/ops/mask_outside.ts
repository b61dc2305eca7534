import source from "../../shaders/mask_outside.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import { featureShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

const forward = new Kernel("mask_outside", source, "forward");

/**
 * Sets channels of a feature map to 0 where the first channel of `labels`, flat `[N, K, ...]`, is
 * negative. Not differentiated.
 *
 * @param channels whether each channel is masked
 */
export function maskOutside(x: Tensor, labels: Tensor, channels: readonly boolean[]): Tensor {
  const { gpu, shape } = x;
  const { blocks, voxels } = featureShape(shape);
  const vectors = x.byteLength / 16;
  return gpu.scope(() => {
    const flags = Array.from({ length: 4 * blocks }, (_, channel) => Number(!!channels[channel]));
    const y = gpu.empty(shape);
    gpu.dispatch(forward, {
      params: { vectors, voxels, blocks, label_channels: labels.shape[1] },
      buffers: { x, labels, flags: gpu.tensor(flags, [flags.length]), y },
      threads: vectors,
    });
    return y;
  });
}
