import source from "../../shaders/average_pool.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import { featureShape, formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

const forward = new Kernel("average_pool", source, "forward");
const backward = new Kernel("average_pool", source, "backward");

/** Options for {@linkcode averagePool}. */
export interface AveragePoolOptions {
  /** Extents of the blocks that are averaged, one per spatial axis. */
  stride: readonly number[];
}

/**
 * Returns the means over blocks of `stride` voxels of a feature map (kernel = stride, no padding).
 * Voxels after the last whole block are left out.
 *
 * @throws {TypeError} if `stride` does not have one positive integer per spatial axis.
 * @throws {RangeError} if an axis is shorter than its stride.
 */
export function averagePool(x: Tensor, { stride }: AveragePoolOptions): Tensor {
  const { gpu, shape } = x;
  const spatial = shape.slice(2);
  if (stride.length !== spatial.length || !stride.every((s) => Number.isInteger(s) && s > 0)) {
    throw new TypeError(
      `Cannot pool x ${formatShape(shape)} with stride ${formatShape(stride)}: ` +
        `need ${spatial.length} positive integers`,
    );
  }
  const pooled = spatial.map((extent, axis) => Math.floor(extent / stride[axis]));
  if (pooled.includes(0)) {
    throw new RangeError(
      `Cannot pool x ${formatShape(shape)} with stride ${formatShape(stride)}: an axis is shorter`,
    );
  }
  const y = gpu.empty([...shape.slice(0, 2), ...pooled]);
  const from = featureShape(shape);
  const to = featureShape(y.shape);
  const [strideD, strideH, strideW] = stride.length === 3 ? stride : [1, ...stride];
  const run = (kernel: Kernel, out: Tensor, buffers: Record<string, Tensor>) => {
    const vectors = out.byteLength / 16;
    gpu.dispatch(kernel, {
      params: {
        vectors,
        in_d: from.d,
        in_h: from.h,
        in_w: from.w,
        out_d: to.d,
        out_h: to.h,
        out_w: to.w,
        stride_d: strideD,
        stride_h: strideH,
        stride_w: strideW,
      },
      buffers: { ...buffers, out },
      threads: vectors,
    });
    return out;
  };
  run(forward, y, { x });
  return gpu.record(y, {
    inputs: { x },
    backward: (gradY) => ({ x: () => run(backward, gpu.empty(shape), { grad_y: gradY }) }),
  });
}
