import { runLanes, supportsLanes } from "../convolution/lanes_kernels.ts";
import { runLanesWeightGradient } from "../convolution/lanes_weight_gradient.ts";
import type { ConvTransposeAlgorithm } from "./algorithm.ts";

/** The kernels of the lanes convolution, with kernel = stride and without padding. */
export const lanes: ConvTransposeAlgorithm = {
  name: "lanes",

  supports(gpu, { inChannels, outChannels, input: { d, h, w }, kernel: [kd, kh, kw] }) {
    const output = { d: d * kd, h: h * kh, w: w * kw };
    return supportsLanes(gpu, { ...output, channels: Math.max(inChannels, outChannels) });
  },

  forward(x, weight, bias, y, { inChannels, outChannels, kernel }) {
    const taps = kernel[0] * kernel[1] * kernel[2];
    runLanes({
      x,
      view: {
        weight,
        outChannels,
        inChannels,
        outStride: taps,
        inStride: outChannels * taps,
        offset: 0,
        kernel,
        flip: false,
        bias,
      },
      y,
      stride: kernel,
      pad: [0, 0, 0],
      transposed: true,
      accumulate: false,
    });
  },

  gradInput(gradY, weight, gradX, { inChannels, outChannels, kernel }) {
    const taps = kernel[0] * kernel[1] * kernel[2];
    runLanes({
      x: gradY,
      view: {
        weight,
        outChannels: inChannels,
        inChannels: outChannels,
        outStride: outChannels * taps,
        inStride: taps,
        offset: 0,
        kernel,
        flip: false,
      },
      y: gradX,
      stride: kernel,
      pad: [0, 0, 0],
      transposed: false,
      accumulate: false,
    });
  },

  gradWeight(x, gradY, gradWeight, { outChannels, kernel }) {
    const taps = kernel[0] * kernel[1] * kernel[2];
    runLanesWeightGradient({
      spread: x,
      spreadStride: outChannels * taps,
      broadcast: gradY,
      broadcastStride: taps,
      gradient: gradWeight,
      offset: 0,
      kernel,
      stride: kernel,
      pad: [0, 0, 0],
      winograd: false,
    });
  },
};
