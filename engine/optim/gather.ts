import type { Tensor } from "../tensor.ts";

/**
 * Copies of gradients side by side in one piece of memory: clipping and the optimizers then need one
 * dispatch for all of them instead of one each.
 */
export function gather(grads: readonly (Tensor | undefined)[]): (Tensor | undefined)[] {
  const present = grads.filter((grad) => grad !== undefined);
  if (!present.length) return [...grads];
  const { gpu } = present[0];
  return gpu.scope(() => {
    const { parts } = gpu.arena(present.map(({ shape }) => shape));
    present.forEach((grad, i) => gpu.copy(grad, parts[i]));
    let next = 0;
    return grads.map((grad) => grad && parts[next++]);
  });
}
