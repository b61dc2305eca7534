import source from "../../shaders/leaky_relu.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import type { Tensor } from "../tensor.ts";

const forward = new Kernel("leaky_relu", source, "forward");
const backward = new Kernel("leaky_relu", source, "backward");

/** Options for {@linkcode leakyRelu}. */
export interface LeakyReluOptions {
  /** Slope where `x` is negative. @default {0.01} */
  negativeSlope?: number;
}

/** Returns `x` where it is positive and `negativeSlope * x` elsewhere, for a feature map. */
export function leakyRelu(x: Tensor, { negativeSlope = 0.01 }: LeakyReluOptions = {}): Tensor {
  const { gpu } = x;
  const vectors = x.byteLength / 16;
  const params = { vectors, negative_slope: negativeSlope };
  const y = gpu.empty(x.shape);
  gpu.dispatch(forward, { params, buffers: { x, out: y }, threads: vectors });
  return gpu.record(y, {
    inputs: { x },
    saved: [x],
    backward: (gradY) => ({
      x: () => {
        const gradX = gpu.empty(x.shape);
        gpu.dispatch(backward, {
          params,
          buffers: { x, grad_y: gradY, out: gradX },
          threads: vectors,
        });
        return gradX;
      },
    }),
  });
}
