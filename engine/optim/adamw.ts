import { adamwUpdate } from "../ops/adamw_update.ts";
import type { Tensor } from "../tensor.ts";
import { checkGradients } from "./check_gradients.ts";
import { joinNeighbours } from "./runs.ts";

/** Options for {@linkcode AdamW}. */
export interface AdamWOptions {
  /** Decay of the means of gradients and of their squares. @default {[0.9, 0.999]} */
  betas?: readonly [number, number];
  /** Added to the root of the mean square. @default {1e-8} */
  eps?: number;
  /** Pulls every parameter towards 0, apart from the gradient. @default {0.01} */
  weightDecay?: number;
}

/**
 * Adam with decoupled weight decay, as `torch.optim.AdamW` computes it for parameters that have a
 * gradient at every step or never. The means live until {@linkcode AdamW.dispose}, or until the scope
 * ends in which the optimizer was made.
 */
export class AdamW {
  /** Steps done. */
  steps = 0;
  /** Means of the gradients and of their squares, by parameter index. */
  readonly means: readonly Tensor[];
  readonly squares: readonly Tensor[];
  readonly #parameters: readonly Tensor[];
  readonly #arenas: Tensor[];
  readonly #options: Required<AdamWOptions>;

  constructor(
    parameters: readonly Tensor[],
    { betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0.01 }: AdamWOptions = {},
  ) {
    this.#parameters = parameters;
    this.#options = { betas, eps, weightDecay };
    const { gpu } = parameters[0];
    const shapes = parameters.map(({ shape }) => shape);
    const [means, squares] = [gpu.arena(shapes), gpu.arena(shapes)];
    this.means = means.parts;
    this.squares = squares.parts;
    this.#arenas = [means.whole, squares.whole];
  }

  /**
   * Updates the parameters with gradients of the same order; those without a gradient stay as they are.
   *
   * @throws {TypeError} if the gradients do not belong to the parameters.
   */
  step(grads: readonly (Tensor | undefined)[], { lr }: { lr: number }): void {
    const present = checkGradients(this.#parameters, grads);
    this.steps++;
    const lists = [this.#parameters, grads as Tensor[], this.means, this.squares];
    for (
      const [parameters, grads, means, squares] of joinNeighbours(
        lists.map((list) => present.map((i) => list[i])),
      )
    ) {
      adamwUpdate(parameters, grads, means, squares, { lr, step: this.steps, ...this.#options });
    }
  }

  /** Continues from stored means and the number of steps that made them, by parameter index. */
  restore(
    means: readonly (Float32Array | undefined)[],
    squares: readonly (Float32Array | undefined)[],
    steps: number,
  ): void {
    this.steps = steps;
    for (const [stored, tensors] of [[means, this.means], [squares, this.squares]] as const) {
      stored.forEach((data, i) => data && tensors[i].gpu.write(tensors[i], data));
    }
  }

  dispose(): void {
    for (const tensor of [...this.means, ...this.squares, ...this.#arenas]) tensor.dispose();
  }
}
