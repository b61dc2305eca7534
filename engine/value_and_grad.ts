import { add } from "./ops/add.ts";
import { Tape } from "./tape.ts";
import type { Tensor } from "./tensor.ts";

/** A scalar and its gradients. */
export interface ValueAndGrads {
  value: Tensor;
  /** In the order of the parameters; `undefined` where the value does not depend on one. */
  grads: (Tensor | undefined)[];
}

/**
 * Runs `fn` and differentiates the scalar it returns (reverse mode). The only place where ops are
 * recorded; everything made on the way is freed.
 *
 * @throws {TypeError} if the value is not a scalar `[1]`.
 */
export function valueAndGrad(parameters: readonly Tensor[], fn: () => Tensor): ValueAndGrads {
  const gpu = parameters[0]?.gpu;
  if (!gpu) throw new TypeError("Cannot differentiate: no parameters were given");
  const tape = new Tape(parameters);
  return gpu.scope(() => {
    try {
      const value = gpu.withTape(tape, fn);
      if (value.size !== 1) {
        throw new TypeError(`Cannot differentiate a tensor [${value.shape}]: need a scalar [1]`);
      }
      const grads = tape.backward(value, gpu.tensor([1], value.shape), add);
      return { value, grads: parameters.map((parameter) => grads.get(parameter)) };
    } finally {
      tape.clear();
    }
  });
}
