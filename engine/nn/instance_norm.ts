import { instanceNorm, type InstanceNormOptions } from "../ops/instance_norm.ts";
import type { Tensor } from "../tensor.ts";
import { Parameter } from "./parameter.ts";

/** Instance norm with its scale and shift, fused with leaky ReLU if `negativeSlope` is given. */
export class InstanceNorm {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly #options: InstanceNormOptions;

  constructor(channels: number, options: InstanceNormOptions = {}) {
    this.weight = new Parameter([channels], { constant: 1 });
    this.bias = new Parameter([channels], { constant: 0 });
    this.#options = options;
  }

  forward(x: Tensor): Tensor {
    return instanceNorm(x, this.weight.tensor, this.bias.tensor, this.#options);
  }
}
