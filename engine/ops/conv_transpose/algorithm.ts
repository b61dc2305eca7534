import type { Gpu } from "../../gpu.ts";
import type { Tensor } from "../../tensor.ts";
import type { Extents } from "../convolution/algorithm.ts";

/** One transposed convolution whose stride is its kernel. */
export interface ConvTransposeShape {
  n: number;
  inChannels: number;
  outChannels: number;
  input: Extents;
  /** Each 1 or 2. */
  kernel: readonly [number, number, number];
}

/**
 * A way to compute transposed convolutions. Feature maps are packed, weights `[Cin, Cout, kd, kh, kw]`
 * and biases flat. Outputs are written whole, lanes beyond the last channel as 0.
 */
export interface ConvTransposeAlgorithm {
  readonly name: string;
  /** Whether this algorithm can do this shape on this device. */
  supports(gpu: Gpu, shape: ConvTransposeShape): boolean;
  /** `y = convTranspose(x) + bias` */
  forward(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | undefined,
    y: Tensor,
    shape: ConvTransposeShape,
  ): void;
  /** Writes the gradient of `x`. */
  gradInput(gradY: Tensor, weight: Tensor, gradX: Tensor, shape: ConvTransposeShape): void;
  /** Writes the gradient of the weight. */
  gradWeight(x: Tensor, gradY: Tensor, gradWeight: Tensor, shape: ConvTransposeShape): void;
}
