import type { ConvolutionAlgorithm, ConvolutionShape, Extents } from "./algorithm.ts";
import type { WeightView } from "./pack_weight.ts";
import { convolutionAxis, runGather, transposedAxes } from "./tiled_gather.ts";
import { runWeightGradient } from "./tiled_weight_gradient.ts";

/**
 * Matrix products in tiles that workgroups stage in their memory, the shape of graphics cards. Needs
 * nothing that a WebGPU device may lack.
 */
export const tiled: ConvolutionAlgorithm = {
  name: "tiled",
  supports: () => true,

  forward(x, weight, bias, y, shape, accumulate) {
    const { kernel, stride } = shape;
    const [d, h, w] = extents(shape.output).map((extent, axis) =>
      convolutionAxis(extent, kernel[axis], stride[axis], padding(shape)[axis])
    );
    const parts = [[d, h, w] as const];
    const view = weightView(shape);
    runGather({ source: x, weight, view, kernel, bias, target: y, accumulate, parts });
  },

  gradInput(gradY, weight, gradX, shape) {
    const { kernel, stride } = shape;
    const [d, h, w] = extents(shape.input).map((extent, axis) =>
      transposedAxes(extent, kernel[axis], stride[axis], padding(shape)[axis])
    );
    const parts = d.flatMap((z) => h.flatMap((y) => w.map((x) => [z, y, x] as const)));
    const { targetChannels, sourceChannels, targetStep, sourceStep, ...rest } = weightView(shape);
    const view = {
      ...rest,
      targetChannels: sourceChannels,
      sourceChannels: targetChannels,
      targetStep: sourceStep,
      sourceStep: targetStep,
    };
    runGather({ source: gradY, weight, view, kernel, target: gradX, accumulate: false, parts });
  },

  gradWeight(x, gradY, gradWeight, shape) {
    const { kernel, stride } = shape;
    runWeightGradient({
      x,
      gradY,
      gradient: gradWeight,
      view: weightView(shape),
      kernel,
      stride,
      padding: padding(shape),
    });
  },
};

/** This input's share of the weight, from input to output channels. */
function weightView(shape: ConvolutionShape): WeightView {
  const [d, h, w] = shape.kernel;
  const taps = d * h * w;
  return {
    targetChannels: shape.outChannels,
    sourceChannels: shape.inChannels,
    taps,
    offset: shape.inChannelOffset * taps,
    targetStep: shape.weightInChannels * taps,
    sourceStep: taps,
  };
}

function padding({ kernel: [d, h, w] }: ConvolutionShape): [number, number, number] {
  return [(d - 1) / 2, (h - 1) / 2, (w - 1) / 2];
}

function extents({ d, h, w }: Extents): number[] {
  return [d, h, w];
}
