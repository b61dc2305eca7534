import { sgdUpdate } from "../ops/sgd_update.ts";
import type { Tensor } from "../tensor.ts";
import { joinNeighbours } from "./runs.ts";
import { checkGradients } from "./check_gradients.ts";

/** Options for {@linkcode Sgd}. */
export interface SgdOptions {
  /** Share of the former steps in the next. @default {0} */
  momentum?: number;
  /** Looks ahead along the momentum. @default {false} */
  nesterov?: boolean;
  /** Pulls every parameter towards 0. @default {0} */
  weightDecay?: number;
}

/**
 * Stochastic gradient descent with momentum, as `torch.optim.SGD` computes it. Parameters that lie in
 * one arena are updated in one dispatch. The momenta live until {@linkcode Sgd.dispose}, or until the
 * scope ends in which the optimizer was made.
 */
export class Sgd {
  /** By parameter index; `undefined` for a parameter that never had a gradient. */
  readonly momenta: (Tensor | undefined)[];
  readonly #parameters: readonly Tensor[];
  readonly #momenta: Tensor[];
  readonly #arena: Tensor;
  readonly #options: Required<SgdOptions>;

  constructor(
    parameters: readonly Tensor[],
    { momentum = 0, nesterov = false, weightDecay = 0 }: SgdOptions = {},
  ) {
    this.#parameters = parameters;
    this.#options = { momentum, nesterov, weightDecay };
    this.momenta = parameters.map(() => undefined);
    const { whole, parts } = parameters[0].gpu.arena(parameters.map(({ shape }) => shape));
    this.#arena = whole;
    this.#momenta = parts;
  }

  /**
   * Updates the parameters with gradients of the same order; those without a gradient stay as they are.
   *
   * @throws {TypeError} if the gradients do not belong to the parameters.
   */
  step(grads: readonly (Tensor | undefined)[], { lr }: { lr: number }): void {
    const present = checkGradients(this.#parameters, grads);
    for (const i of present) this.momenta[i] = this.#momenta[i];
    const lists = [this.#parameters, grads as Tensor[], this.#momenta];
    for (
      const [parameters, grads, momenta] of joinNeighbours(
        lists.map((list) => present.map((i) => list[i])),
      )
    ) {
      sgdUpdate(parameters, grads, momenta, { lr, ...this.#options });
    }
  }

  /** Continues from stored momenta, by parameter index. */
  restore(momenta: readonly (Float32Array | undefined)[]): void {
    momenta.forEach((stored, i) => {
      if (!stored) return;
      this.momenta[i] = this.#momenta[i];
      this.#momenta[i].gpu.write(this.#momenta[i], stored);
    });
  }

  dispose(): void {
    for (const tensor of [...this.#momenta, this.#arena]) tensor.dispose();
  }
}
