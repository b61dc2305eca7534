import type { Gpu } from "../../gpu.ts";
import type { Tensor } from "../../tensor.ts";

/** Extents along the three axes; 2D has one plane, `d = 1`. */
export interface Extents {
  d: number;
  h: number;
  w: number;
}

/**
 * One convolution of one input. Where two inputs stand for their concatenation, each is a convolution
 * of its own with its share of the weight's channels. Padding is `(kernel - 1) / 2` on each side, so
 * `output = ceil(input / stride)`.
 */
export interface ConvolutionShape {
  n: number;
  /** Channels of this input. */
  inChannels: number;
  /** Where this input's channels begin among the weight's; any number, not only multiples of 4. */
  inChannelOffset: number;
  /** Input channels of the whole weight `[outChannels, weightInChannels, kd, kh, kw]`. */
  weightInChannels: number;
  outChannels: number;
  input: Extents;
  output: Extents;
  /** Each 1 or 3. */
  kernel: readonly [number, number, number];
  /** Each 1 or 2. */
  stride: readonly [number, number, number];
}

/** The three convolutions of a training step. */
export type ConvolutionPass = "forward" | "gradInput" | "gradWeight";

/**
 * A way to compute convolutions. Feature maps are packed, weights and biases flat. Outputs are written
 * whole, lanes beyond the last channel as 0.
 */
export interface ConvolutionAlgorithm {
  readonly name: string;
  /** Whether this algorithm can do `pass` for this shape on this device. */
  supports(gpu: Gpu, shape: ConvolutionShape, pass: ConvolutionPass): boolean;
  /** `y = convolution(x) + bias`, or `y += …` with `accumulate`. */
  forward(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | undefined,
    y: Tensor,
    shape: ConvolutionShape,
    accumulate: boolean,
  ): void;
  /** Writes the gradient of `x`. */
  gradInput(gradY: Tensor, weight: Tensor, gradX: Tensor, shape: ConvolutionShape): void;
  /**
   * Writes this input's part of the weight's gradient: channels `inChannelOffset` to
   * `inChannelOffset + inChannels` of each output channel. The rest stays as it is.
   */
  gradWeight(x: Tensor, gradY: Tensor, gradWeight: Tensor, shape: ConvolutionShape): void;
}
