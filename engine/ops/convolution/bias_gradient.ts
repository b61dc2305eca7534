import source from "../../../shaders/convolution/bias_gradient.wgsl" with { type: "text" };
import { Kernel } from "../../kernel.ts";
import { featureShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";

const sumChunks = new Kernel("bias_gradient", source, "sum_chunks");
const sumPartial = new Kernel("bias_gradient", source, "sum_partial");

/** The gradient `[C]` of a bias from that of the feature map `[N, C, …]` it was added to. */
export function biasGradient(gradY: Tensor): Tensor {
  const { gpu } = gradY;
  const { n, c, blocks, voxels } = featureShape(gradY.shape);
  // About the square root, so that neither pass loops long.
  const chunk = Math.ceil(Math.sqrt(n * voxels));
  const chunks = Math.ceil(voxels / chunk);
  const params = { n, blocks, channels: c, voxels, chunk, chunks };
  return gpu.scope(() => {
    const partial = gpu.empty([4 * blocks * n * chunks], "flat");
    gpu.dispatch(sumChunks, {
      params,
      buffers: { grad_y: gradY, partial },
      threads: blocks * n * chunks,
    });
    const gradBias = gpu.empty([c], "flat");
    gpu.dispatch(sumPartial, {
      params,
      buffers: { partial_sums: partial, grad_bias: gradBias },
      threads: c,
    });
    return gradBias;
  });
}
