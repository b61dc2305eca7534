import { featureShape, formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { biasGradient } from "./convolution/bias_gradient.ts";
import type { ConvTransposeShape } from "./conv_transpose/algorithm.ts";
import { chooseConvTranspose } from "./conv_transpose/chooser.ts";

/** Options for {@linkcode convTranspose}. */
export interface ConvTransposeOptions {
  /** Name of the algorithm to use if it can; for tests and benches. @default {the first that can} */
  algorithm?: string;
}

/**
 * Transposed convolution without padding whose stride is its kernel, 1 or 2 along each axis:
 * `[N, Cin, d, h, w]` to `[N, Cout, d·kd, h·kh, w·kw]`.
 *
 * @param weight `[Cin, Cout, kd, kh, kw]`, in 2D `[Cin, Cout, kh, kw]`
 * @param bias `[Cout]`
 * @throws {TypeError} if shapes do not fit.
 * @throws {RangeError} if a kernel size is not 1 or 2, or there is no algorithm of the given name.
 */
export function convTranspose(
  x: Tensor,
  weight: Tensor,
  bias?: Tensor,
  { algorithm: preferred }: ConvTransposeOptions = {},
): Tensor {
  checkShapes(x, weight, bias);
  const { gpu } = x;
  const { n, c, d, h, w } = featureShape(x.shape);
  const [, outChannels, ...kernel] = weight.shape;
  const shape: ConvTransposeShape = {
    n,
    inChannels: c,
    outChannels,
    input: { d, h, w },
    kernel: [...kernel.length === 2 ? [1] : [], ...kernel] as [number, number, number],
  };
  const algorithm = chooseConvTranspose(gpu, shape, preferred);
  const spatial = x.shape.slice(2).map((extent, axis) => extent * kernel[axis]);
  const y = gpu.empty([n, outChannels, ...spatial]);
  algorithm.forward(x, weight, bias, y, shape);

  return gpu.record(y, {
    inputs: { x, weight, bias },
    saved: [x, weight],
    backward: (gradY) => ({
      x: () => {
        const gradX = gpu.empty(x.shape);
        algorithm.gradInput(gradY, weight, gradX, shape);
        return gradX;
      },
      weight: () => {
        const gradWeight = gpu.empty(weight.shape, "flat");
        algorithm.gradWeight(x, gradY, gradWeight, shape);
        return gradWeight;
      },
      bias: () => biasGradient(gradY),
    }),
  });
}

function checkShapes(x: Tensor, weight: Tensor, bias?: Tensor): void {
  const fail = (Kind: typeof TypeError | typeof RangeError, why: string): never => {
    throw new Kind(
      `Cannot convolve x ${formatShape(x.shape)} with transposed weight ` +
        `${formatShape(weight.shape)}: ${why}`,
    );
  };
  const [inChannels, outChannels, ...kernel] = weight.shape;
  if (weight.shape.length !== x.shape.length) fail(TypeError, "they need the same number of axes");
  const { c } = featureShape(x.shape);
  if (c !== inChannels) fail(TypeError, `x has ${c} channels, weight expects ${inChannels}`);
  if (bias && (bias.shape.length !== 1 || bias.size !== outChannels)) {
    fail(TypeError, `bias ${formatShape(bias.shape)} needs to be [${outChannels}]`);
  }
  if (kernel.some((size) => size !== 1 && size !== 2)) {
    fail(RangeError, "kernel sizes need to be 1 or 2");
  }
}
