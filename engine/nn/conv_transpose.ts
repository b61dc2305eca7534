import { convTranspose } from "../ops/conv_transpose.ts";
import type { Tensor } from "../tensor.ts";
import { heStd, Parameter } from "./parameter.ts";

/** A transposed convolution whose stride is its kernel, with its weight and bias. */
export class ConvTranspose {
  readonly weight: Parameter;
  readonly bias?: Parameter;

  /** @param kernel sizes and strides, 1 or 2, one per spatial axis */
  constructor(inChannels: number, outChannels: number, kernel: readonly number[], bias = true) {
    const shape = [inChannels, outChannels, ...kernel];
    this.weight = new Parameter(shape, { std: heStd(shape) });
    if (bias) this.bias = new Parameter([outChannels], { constant: 0 });
  }

  forward(x: Tensor): Tensor {
    return convTranspose(x, this.weight.tensor, this.bias?.tensor);
  }
}
