import source from "../../shaders/add.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import { formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

const flatForward = new Kernel("add", source, "flat_forward");
const packedForward = new Kernel("add", source, "packed_forward");

/**
 * Returns `a + b`.
 *
 * @throws {TypeError} if shapes or layouts differ.
 */
export function add(a: Tensor, b: Tensor): Tensor {
  const { gpu, shape, layout } = a;
  if (!sameShape(shape, b.shape) || layout !== b.layout) {
    throw new TypeError(
      `Cannot add ${formatShape(shape)} ${layout} and ${formatShape(b.shape)} ${b.layout}`,
    );
  }
  const y = gpu.empty(shape, layout);
  if (layout === "flat") {
    const threads = a.size;
    gpu.dispatch(flatForward, { params: { size: threads }, buffers: { a, b, y }, threads });
  } else {
    const threads = a.byteLength / 16;
    gpu.dispatch(packedForward, {
      params: { size: threads },
      buffers: { a4: a, b4: b, y4: y },
      threads,
    });
  }
  return gpu.record(y, {
    inputs: { a, b },
    backward: (gradY) => ({ a: () => gradY, b: () => gradY }),
  });
}
