import { formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/**
 * Joins tensors along their first axis: samples to a batch, scalars to a list. Only copies; not
 * differentiated, it is for what comes before a network and after it.
 *
 * @throws {TypeError} if other extents or the layouts differ.
 */
export function concatenate(tensors: readonly Tensor[]): Tensor {
  const [first] = tensors;
  if (!first) throw new TypeError("Cannot concatenate: no tensors were given");
  const { gpu, layout } = first;
  const rest = first.shape.slice(1);
  let length = 0;
  for (const { shape, layout: other } of tensors) {
    if (!sameShape(shape.slice(1), rest) || other !== layout) {
      throw new TypeError(
        `Cannot concatenate ${formatShape(first.shape)} ${layout} and ${
          formatShape(shape)
        } ${other}`,
      );
    }
    length += shape[0]!;
  }
  const joined = gpu.empty([length, ...rest], layout);
  let offset = 0;
  for (const tensor of tensors) {
    gpu.copy(tensor, joined, offset);
    offset += tensor.byteLength;
  }
  return joined;
}
