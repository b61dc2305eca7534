import type { Tensor } from "../../engine/tensor.ts";
import { valueAndGrad } from "../../engine/value_and_grad.ts";

/**
 * Result of `fn` and the gradients of its inputs for a given gradient of the result, read back and
 * freed. Gradients are `undefined` where the result does not depend on an input.
 */
export async function vectorJacobian(
  inputs: readonly Tensor[],
  fn: () => Tensor,
  gradY: ArrayLike<number>,
): Promise<{ y: Float32Array; grads: (Float32Array | undefined)[] }> {
  const { gpu } = inputs[0];
  let y: Promise<Float32Array> | undefined;
  const { value, grads } = valueAndGrad(inputs, () => {
    const result = fn();
    y = result.read();
    const make = () =>
      result.layout === "packed"
        ? gpu.featureMap(gradY, result.shape)
        : gpu.tensor(gradY, result.shape);
    return gpu.record(gpu.zeros([1]), {
      inputs: { result },
      backward: () => ({ result: make }),
    });
  });
  const read = await Promise.all(grads.map((grad) => grad?.read()));
  for (const tensor of [value, ...grads]) tensor?.dispose();
  return { y: await y!, grads: read };
}
