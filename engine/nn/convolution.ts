import { convolution, type ConvolutionOptions } from "../ops/convolution.ts";
import type { Tensor } from "../tensor.ts";
import { heStd, Parameter } from "./parameter.ts";

/** Options for {@linkcode Convolution}. */
export interface ConvolutionLayerOptions extends Omit<ConvolutionOptions, "algorithm"> {
  /** Whether the layer has a bias. @default {true} */
  bias?: boolean;
}

/** A convolution with its weight and bias; sizes as in {@linkcode convolution}. */
export class Convolution {
  readonly weight: Parameter;
  readonly bias?: Parameter;
  readonly #options: ConvolutionOptions;

  /** @param kernel sizes, one per spatial axis */
  constructor(
    inChannels: number,
    outChannels: number,
    kernel: readonly number[],
    { bias = true, ...options }: ConvolutionLayerOptions = {},
  ) {
    const shape = [outChannels, inChannels, ...kernel];
    this.weight = new Parameter(shape, { std: heStd(shape) });
    if (bias) this.bias = new Parameter([outChannels], { constant: 0 });
    this.#options = options;
  }

  /** Convolves a feature map, or two that count as concatenated. */
  forward(x: Tensor | readonly [Tensor, Tensor]): Tensor {
    return convolution(x, this.weight.tensor, this.bias?.tensor, this.#options);
  }
}
