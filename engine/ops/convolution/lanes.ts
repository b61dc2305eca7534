import type { Tensor } from "../../tensor.ts";
import type { ConvolutionAlgorithm, ConvolutionShape } from "./algorithm.ts";
import { runLanes, supportsLanes } from "./lanes_kernels.ts";
import {
  isPointwise,
  isPointwiseWeightGradient,
  runPointwise,
  runPointwiseWeightGradient,
} from "./lanes_pointwise.ts";
import { unfoldFewChannels } from "./lanes_unfold.ts";
import { runLanesWeightGradient } from "./lanes_weight_gradient.ts";

/**
 * Kernels shaped for software adapters, where a subgroup is a vector register of the processor:
 * textures for inputs and weights, weights passed on by shuffles, Winograd along x.
 */
export const lanes: ConvolutionAlgorithm = {
  name: "lanes",

  supports(gpu, { input, inChannels, output, outChannels }) {
    return supportsLanes(gpu, { ...input, channels: inChannels }) &&
      supportsLanes(gpu, { ...output, channels: outChannels });
  },

  forward(x, weight, bias, y, shape, accumulate) {
    x.gpu.scope(() => runForward(unfoldFewChannels(x, shape), weight, bias, y, accumulate));
  },

  gradInput(gradY, weight, gradX, shape) {
    const taps = product(shape.kernel);
    // With stride 1 a transposed convolution is a convolution with the taps in reverse order.
    const transposed = shape.stride.some((step) => step !== 1);
    const view = {
      weight,
      outChannels: shape.inChannels,
      inChannels: shape.outChannels,
      outStride: taps,
      inStride: shape.weightInChannels * taps,
      offset: shape.inChannelOffset * taps,
      kernel: shape.kernel,
      flip: !transposed,
    };
    if (isPointwise(shape, shape.inChannels)) return runPointwise(gradY, view, gradX, false);
    runLanes({
      x: gradY,
      view,
      y: gradX,
      stride: shape.stride,
      pad: padding(shape),
      transposed,
      accumulate: false,
    });
  },

  gradWeight(x, gradY, gradWeight, shape) {
    if (isPointwiseWeightGradient(shape)) {
      return runPointwiseWeightGradient(x, gradY, gradWeight, shape);
    }
    x.gpu.scope(() => runGradWeight(unfoldFewChannels(x, shape), gradY, gradWeight));
  },
};

function runForward(
  { x, shape }: { x: Tensor; shape: ConvolutionShape },
  weight: Tensor,
  bias: Tensor | undefined,
  y: Tensor,
  accumulate: boolean,
): void {
  const taps = product(shape.kernel);
  const view = {
    weight,
    outChannels: shape.outChannels,
    inChannels: shape.inChannels,
    outStride: shape.weightInChannels * taps,
    inStride: taps,
    offset: shape.inChannelOffset * taps,
    kernel: shape.kernel,
    flip: false,
    bias,
  };
  if (isPointwise(shape, shape.outChannels)) return runPointwise(x, view, y, accumulate);
  runLanes({
    x,
    view,
    y,
    stride: shape.stride,
    pad: padding(shape),
    transposed: false,
    accumulate,
  });
}

function runGradWeight(
  { x, shape }: { x: Tensor; shape: ConvolutionShape },
  gradY: Tensor,
  gradWeight: Tensor,
): void {
  const { kernel, stride } = shape;
  const taps = product(kernel);
  const input = { tensor: x, step: taps };
  const output = { tensor: gradY, step: shape.weightInChannels * taps };
  const winograd = kernel[1] === 3 && kernel[2] === 3 && stride.every((step) => step === 1);
  const [spread, broadcast] = winograd ? [input, output] : [output, input];
  runLanesWeightGradient({
    spread: spread.tensor,
    spreadStride: spread.step,
    broadcast: broadcast.tensor,
    broadcastStride: broadcast.step,
    gradient: gradWeight,
    offset: shape.inChannelOffset * taps,
    kernel,
    stride,
    pad: padding(shape),
    winograd,
  });
}

function padding({ kernel }: ConvolutionShape): readonly [number, number, number] {
  return kernel.map((size) => (size - 1) / 2) as [number, number, number];
}

function product(values: readonly number[]): number {
  return values.reduce((a, b) => a * b, 1);
}
