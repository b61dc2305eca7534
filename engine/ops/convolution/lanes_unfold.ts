import source from "../../../shaders/convolution/lanes_unfold.wgsl" with { type: "text" };
import { Kernel } from "../../kernel.ts";
import { featureShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { ConvolutionShape } from "./algorithm.ts";

const unfoldKernel = new Kernel("convolution_lanes_unfold", source, "unfold");

/** With more channels unfolding saves no products. */
const MOST_CHANNELS = 2;

/**
 * Turns a convolution of one or two channels, which would multiply mostly by the zeros of an unfilled
 * block, into one of three times as many that has one axis less. Weights and their gradients keep their
 * place: `[Cout, C, 3, …]` is `[Cout, 3 C, …]`.
 *
 * @returns the input (a new tensor, or `x` itself where this gains nothing) and the shape to go with it
 */
export function unfoldFewChannels(
  x: Tensor,
  shape: ConvolutionShape,
): { x: Tensor; shape: ConvolutionShape } {
  const { inChannels, kernel, stride } = shape;
  const axis = kernel.indexOf(3);
  if (inChannels > MOST_CHANNELS || axis < 0 || axis > 1 || stride.some((step) => step !== 1)) {
    return { x, shape };
  }
  const { gpu } = x;
  const { n, d, h, w, voxels } = featureShape(x.shape);
  const unfolded = gpu.empty([n, 3 * inChannels, d, h, w]);
  gpu.dispatch(unfoldKernel, {
    params: {
      voxels,
      samples: n,
      extent: axis === 0 ? d : h,
      step: axis === 0 ? h * w : w,
    },
    buffers: { x, unfolded },
    overrides: { CHANNELS: inChannels },
    threads: n * voxels,
  });
  return {
    x: unfolded,
    shape: {
      ...shape,
      inChannels: 3 * inChannels,
      inChannelOffset: 3 * shape.inChannelOffset,
      weightInChannels: 3 * shape.weightInChannels,
      kernel: kernel.with(axis, 1) as unknown as ConvolutionShape["kernel"],
    },
  };
}
