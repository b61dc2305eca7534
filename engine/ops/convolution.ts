import { featureShape, formatShape, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { ConvolutionPass, ConvolutionShape } from "./convolution/algorithm.ts";
import { biasGradient } from "./convolution/bias_gradient.ts";
import { chooseConvolution } from "./convolution/chooser.ts";

/** Options for {@linkcode convolution}. */
export interface ConvolutionOptions {
  /** Step along each axis, 1 or 2. @default {all 1} */
  stride?: readonly number[];
  /**
   * Whether an instance norm follows, which takes every constant away: the bias then has gradient 0,
   * exactly, and nothing is summed for it.
   * @default {false}
   */
  beforeNorm?: boolean;
  /**
   * Name of the algorithm to use for the passes that it supports; for tests and benches.
   * @default {chosen by shape}
   */
  algorithm?: string;
}

/**
 * Convolves (cross-correlates, as PyTorch does) a feature map with kernels of 1 or 3 along each axis,
 * zero-padded by `(kernel - 1) / 2`: `[N, Cin, …in]` to `[N, Cout, …ceil(in / stride)]`.
 *
 * @param x a feature map, or two whose channels count as concatenated in that order
 * @param weight `[Cout, Cin, kd, kh, kw]`, in 2D `[Cout, Cin, kh, kw]`
 * @param bias `[Cout]`
 * @throws {TypeError} if shapes do not fit.
 * @throws {RangeError} if a kernel or stride has an unsupported value.
 */
export function convolution(
  x: Tensor | readonly [Tensor, Tensor],
  weight: Tensor,
  bias?: Tensor,
  { stride, beforeNorm = false, algorithm }: ConvolutionOptions = {},
): Tensor {
  const inputs = "gpu" in x ? [x] : x;
  const shapes = convolutionShapes(
    inputs.map((input) => input.shape),
    weight.shape,
    bias?.shape,
    stride,
  );
  const { gpu, shape: [n, , ...spatial] } = inputs[0];
  const { output, outChannels } = shapes[0];
  const choose = (i: number, pass: ConvolutionPass) =>
    chooseConvolution(gpu, shapes[i], pass, algorithm);

  const extents = [output.d, output.h, output.w].slice(3 - spatial.length);
  const y = gpu.empty([n, outChannels, ...extents]);
  inputs.forEach((input, i) =>
    choose(i, "forward").forward(input, weight, i ? undefined : bias, y, shapes[i], i > 0)
  );

  return gpu.record(y, {
    inputs: { x0: inputs[0], x1: inputs[1], weight, bias },
    saved: [...inputs, weight],
    backward: (gradY) => {
      const gradInput = (i: number) => () => {
        const gradX = gpu.empty(inputs[i].shape);
        choose(i, "gradInput").gradInput(gradY, weight, gradX, shapes[i]);
        return gradX;
      };
      return {
        x0: gradInput(0),
        x1: gradInput(1),
        weight: () => {
          const gradWeight = gpu.empty(weight.shape, "flat");
          inputs.forEach((input, i) =>
            choose(i, "gradWeight").gradWeight(input, gradY, gradWeight, shapes[i])
          );
          return gradWeight;
        },
        bias: () => beforeNorm ? gpu.zeros([outChannels]) : biasGradient(gradY),
      };
    },
  });
}

/** Checks the shapes of a convolution and describes each input's part of it. */
function convolutionShapes(
  inputs: readonly Shape[],
  weight: Shape,
  bias: Shape | undefined,
  stride: readonly number[] = weight.slice(2).map(() => 1),
): ConvolutionShape[] {
  const fail = (Kind: typeof TypeError | typeof RangeError, why: string): never => {
    const what = inputs.length === 1
      ? `x ${formatShape(inputs[0])}`
      : `x ${inputs.map(formatShape).join(" and ")}`;
    throw new Kind(`Cannot convolve ${what} with weight ${formatShape(weight)}: ${why}`);
  };
  const [first] = inputs;
  const axes = weight.length - 2;
  const [outChannels, weightInChannels, ...kernel] = weight;
  if (axes !== 2 && axes !== 3) fail(TypeError, "weight needs 4 or 5 axes");
  for (const input of inputs) {
    if (input.length !== weight.length) fail(TypeError, "they need the same number of axes");
    if (input.some((extent, axis) => axis !== 1 && extent !== first[axis])) {
      fail(TypeError, "the inputs need the same batch size and spatial shape");
    }
  }
  const channels = inputs.reduce((sum, input) => sum + input[1], 0);
  if (channels !== weightInChannels) {
    fail(TypeError, `x has ${channels} channels, weight expects ${weightInChannels}`);
  }
  if (bias && (bias.length !== 1 || bias[0] !== outChannels)) {
    fail(TypeError, `bias ${formatShape(bias)} needs to be [${outChannels}]`);
  }
  if (kernel.some((size) => size !== 1 && size !== 3)) {
    fail(RangeError, `kernel sizes need to be 1 or 3`);
  }
  if (stride.length !== axes || stride.some((step) => step !== 1 && step !== 2)) {
    fail(RangeError, `stride ${formatShape(stride)} needs ${axes} values of 1 or 2`);
  }
  const three = (values: readonly number[]) =>
    [...values.length === 2 ? [1] : [], ...values] as [number, number, number];
  const strides = three(stride);
  const { n, d, h, w } = featureShape(first);
  let inChannelOffset = 0;
  return inputs.map((input) => {
    const shape: ConvolutionShape = {
      n,
      inChannels: input[1],
      inChannelOffset,
      weightInChannels,
      outChannels,
      input: { d, h, w },
      output: {
        d: Math.ceil(d / strides[0]),
        h: Math.ceil(h / strides[1]),
        w: Math.ceil(w / strides[2]),
      },
      kernel: three(kernel),
      stride: strides,
    };
    inChannelOffset += input[1];
    return shape;
  });
}
