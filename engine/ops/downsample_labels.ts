import source from "../../shaders/downsample_labels.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import { featureShape, formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

const forward = new Kernel("downsample_labels", source, "forward");

/**
 * Resizes label maps, flat `[N, C, ...]`, to the spatial extents `size`: voxel i of m takes the label
 * of voxel `floor((i + 0.5) * n / m)` (PyTorch's `nearest-exact`). Gives the targets of deep
 * supervision.
 *
 * @throws {TypeError} if `size` does not have one positive extent per spatial axis.
 */
export function downsampleLabels(labels: Tensor, size: readonly number[]): Tensor {
  const { gpu, shape } = labels;
  if (size.length !== shape.length - 2 || !size.every((m) => Number.isInteger(m) && m > 0)) {
    throw new TypeError(
      `Cannot resize labels ${formatShape(shape)} to ${formatShape(size)}: ` +
        `need ${shape.length - 2} positive extents`,
    );
  }
  const y = gpu.empty([...shape.slice(0, 2), ...size], "flat");
  const from = featureShape(shape);
  const to = featureShape(y.shape);
  gpu.dispatch(forward, {
    params: {
      size: y.size,
      in_d: from.d,
      in_h: from.h,
      in_w: from.w,
      out_d: to.d,
      out_h: to.h,
      out_w: to.w,
      scale_d: from.d / to.d,
      scale_h: from.h / to.h,
      scale_w: from.w / to.w,
    },
    buffers: { x: labels, y },
    threads: y.size,
  });
  return y;
}
