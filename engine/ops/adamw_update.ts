import source from "../../shaders/adamw_update.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import type { Tensor } from "../tensor.ts";

const update = new Kernel("adamw_update", source, "update");

/** Settings of one {@linkcode adamwUpdate}. */
export interface AdamwUpdateOptions {
  lr: number;
  betas: readonly [number, number];
  eps: number;
  weightDecay: number;
  /** Number of this step, from 1. */
  step: number;
}

/** One step of AdamW on flat tensors of the same size, all but `grads` in place. */
export function adamwUpdate(
  parameters: Tensor,
  grads: Tensor,
  means: Tensor,
  squares: Tensor,
  { lr, betas: [beta1, beta2], eps, weightDecay, step }: AdamwUpdateOptions,
): void {
  const vectors = Math.ceil(parameters.size / 4);
  parameters.gpu.dispatch(update, {
    params: {
      vectors,
      decay: 1 - lr * weightDecay,
      beta1,
      beta2,
      step_size: lr / (1 - beta1 ** step),
      correction2: Math.sqrt(1 - beta2 ** step),
      eps,
    },
    buffers: { parameters, grads, means, squares },
    threads: vectors,
  });
}
