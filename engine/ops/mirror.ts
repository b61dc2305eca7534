import source from "../../shaders/mirror.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import { featureShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

const flat = new Kernel("mirror", source, "flat");
const packed = new Kernel("mirror", source, "packed");

/**
 * Reverses spatial axes of a feature map or of flat label maps `[N, C, ...]`. Not differentiated.
 *
 * @param axes counted from the first spatial axis
 */
export function mirror(x: Tensor, axes: readonly number[]): Tensor {
  const { gpu, shape, layout } = x;
  const { d, h, w } = featureShape(shape);
  const [flip_d, flip_h, flip_w] = [0, 1, 2].map((axis) =>
    Number(axes.includes(axis - (5 - shape.length)))
  );
  const y = gpu.empty(shape, layout);
  const size = layout === "flat" ? x.size : x.byteLength / 16;
  gpu.dispatch(layout === "flat" ? flat : packed, {
    params: { size, d, h, w, flip_d, flip_h, flip_w },
    buffers: layout === "flat" ? { x, y } : { x4: x, y4: y },
    threads: size,
  });
  return y;
}
