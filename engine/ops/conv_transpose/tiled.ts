import { convolutionAxis, runGather, scatterAxis } from "../convolution/tiled_gather.ts";
import { runWeightGradient } from "../convolution/tiled_weight_gradient.ts";
import type { ConvTransposeAlgorithm, ConvTransposeShape } from "./algorithm.ts";

/** The kernels of the tiled convolution, with kernel = stride and without padding. */
export const tiled: ConvTransposeAlgorithm = {
  name: "tiled",
  supports: () => true,

  forward(x, weight, bias, y, shape) {
    const { inChannels, outChannels, kernel } = shape;
    const taps = volume(kernel);
    runGather({
      source: x,
      weight,
      view: {
        targetChannels: outChannels,
        sourceChannels: inChannels,
        taps,
        targetStep: taps,
        sourceStep: outChannels * taps,
      },
      kernel,
      bias,
      target: y,
      accumulate: false,
      parts: [axes(shape, scatterAxis)],
    });
  },

  gradInput(gradY, weight, gradX, shape) {
    const { inChannels, outChannels, kernel } = shape;
    const taps = volume(kernel);
    runGather({
      source: gradY,
      weight,
      view: {
        targetChannels: inChannels,
        sourceChannels: outChannels,
        taps,
        targetStep: outChannels * taps,
        sourceStep: taps,
      },
      kernel,
      target: gradX,
      accumulate: false,
      parts: [axes(shape, (extent, stride) => convolutionAxis(extent, stride, stride, 0))],
    });
  },

  gradWeight(x, gradY, gradWeight, { inChannels, outChannels, kernel }) {
    const taps = volume(kernel);
    // y is what a convolution of this kernel and stride would read, x what it would write
    runWeightGradient({
      x: gradY,
      gradY: x,
      gradient: gradWeight,
      view: {
        targetChannels: inChannels,
        sourceChannels: outChannels,
        taps,
        targetStep: outChannels * taps,
        sourceStep: taps,
      },
      kernel,
      stride: kernel,
      padding: [0, 0, 0],
    });
  },
};

function axes<Axis>(
  { input: { d, h, w }, kernel }: ConvTransposeShape,
  axis: (extent: number, stride: number) => Axis,
): [Axis, Axis, Axis] {
  return [axis(d, kernel[0]), axis(h, kernel[1]), axis(w, kernel[2])];
}

function volume([d, h, w]: readonly [number, number, number]): number {
  return d * h * w;
}
