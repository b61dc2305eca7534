import source from "../../shaders/replace_label.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import type { Tensor } from "../tensor.ts";

const forward = new Kernel("replace_label", source, "forward");

/** Flat label maps with one label written as another. */
export function replaceLabel(labels: Tensor, from: number, to: number): Tensor {
  const { gpu, shape, size } = labels;
  const y = gpu.empty(shape, "flat");
  gpu.dispatch(forward, {
    params: { size, from_label: from, to_label: to },
    buffers: { x: labels, y },
    threads: size,
  });
  return y;
}
