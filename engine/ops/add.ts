import source from "../../shaders/add.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import { formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

const forward = new Kernel("add", source, "forward");
const backward = new Kernel("add", source, "backward");

/** Options for {@linkcode add}. */
export interface AddOptions {
  /** Slope, not negative, of the leaky ReLU applied to the sum; without it there is none. */
  negativeSlope?: number;
}

/**
 * Returns `a + b`, with leaky ReLU applied if `negativeSlope` is given.
 *
 * @throws {TypeError} if shapes or layouts differ.
 */
export function add(a: Tensor, b: Tensor, { negativeSlope }: AddOptions = {}): Tensor {
  const { gpu, shape, layout } = a;
  if (!sameShape(shape, b.shape) || layout !== b.layout) {
    throw new TypeError(
      `Cannot add ${formatShape(shape)} ${layout} and ${formatShape(b.shape)} ${b.layout}`,
    );
  }
  const vectors = Math.ceil(a.byteLength / 16);
  const params = { vectors, negative_slope: negativeSlope ?? 1 };
  const y = gpu.empty(shape, layout);
  gpu.dispatch(forward, { params, buffers: { a, b, out: y }, threads: vectors });
  const isSum = negativeSlope === undefined;
  return gpu.record(y, {
    inputs: { a, b },
    saved: isSum ? [] : [y],
    backward: (gradY) => {
      let grad: Tensor | undefined;
      const gradSum = () => {
        if (isSum) return gradY;
        // both inputs get the same tensor, of which each is an owner
        if (grad) return grad.retain();
        grad = gpu.empty(shape, layout);
        const buffers = { y, grad_y: gradY, out: grad };
        gpu.dispatch(backward, { params, buffers, threads: vectors });
        return grad;
      };
      return { a: gradSum, b: gradSum };
    },
  });
}
