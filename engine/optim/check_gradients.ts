import { formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/**
 * Indices of the parameters that have a gradient.
 *
 * @throws {TypeError} if the gradients do not belong to the parameters.
 */
export function checkGradients(
  parameters: readonly Tensor[],
  grads: readonly (Tensor | undefined)[],
): number[] {
  if (grads.length !== parameters.length) {
    throw new TypeError(
      `Cannot update ${parameters.length} parameters: ${grads.length} gradients were given`,
    );
  }
  return parameters.flatMap(({ shape }, i) => {
    const grad = grads[i];
    if (!grad) return [];
    if (!sameShape(shape, grad.shape)) {
      throw new TypeError(
        `Cannot update parameter ${i} ${formatShape(shape)}: its gradient is ` +
          formatShape(grad.shape),
      );
    }
    return [i];
  });
}
