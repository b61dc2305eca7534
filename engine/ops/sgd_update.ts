import source from "../../shaders/sgd_update.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import type { Tensor } from "../tensor.ts";

const update = new Kernel("sgd_update", source, "update");

/** Settings of one {@linkcode sgdUpdate}. */
export interface SgdUpdateOptions {
  lr: number;
  momentum: number;
  nesterov: boolean;
  weightDecay: number;
}

/** One step of SGD on flat tensors of the same size, `parameters` and `momenta` in place. */
export function sgdUpdate(
  parameters: Tensor,
  grads: Tensor,
  momenta: Tensor,
  { lr, momentum, nesterov, weightDecay }: SgdUpdateOptions,
): void {
  const vectors = Math.ceil(parameters.size / 4);
  parameters.gpu.dispatch(update, {
    params: { vectors, lr, momentum, weight_decay: weightDecay, nesterov: Number(nesterov) },
    buffers: { parameters, grads, momenta },
    threads: vectors,
  });
}
