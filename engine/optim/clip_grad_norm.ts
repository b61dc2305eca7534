import { clipByNorm } from "../ops/clip_by_norm.ts";
import type { Tensor } from "../tensor.ts";
import { joinNeighbours } from "./runs.ts";

/**
 * Scales gradients in place by `min(1, maxNorm / (norm + 1e-6))`, where `norm` is the L2 norm of all of
 * them together, as PyTorch's `clip_grad_norm_` does. Returns the norm before, `[1]`; nothing is read
 * back. Pass gradients through {@linkcode gather} first: it takes few dispatches then.
 *
 * @throws {TypeError} if there is no gradient at all.
 */
export function clipGradNorm(grads: readonly (Tensor | undefined)[], maxNorm: number): Tensor {
  const present = grads.filter((grad) => grad !== undefined);
  if (!present.length) throw new TypeError("Cannot clip gradients: there are none");
  return clipByNorm(joinNeighbours([present]).map(([run]) => run), maxNorm);
}
