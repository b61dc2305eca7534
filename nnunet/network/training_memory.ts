import type { Configuration } from "../plans.ts";

/** Buffers come in eight sizes an octave. */
const ROUNDING = 9 / 8;
/** Parameter and momentum; gradients come as feature maps that take more are freed. */
const ARRAYS_PER_PARAMETER = 2;
/** Gradients of a layer's output and of its input. */
const LARGEST_GRADIENTS = 2;
/** Sums of slices, statistics, what else a kernel hands to the next. */
const SCRATCH_BYTES = 2 ** 20;

/**
 * Bytes that tensors take at most in a training step of a `PlainConvUNet`: what forward keeps for
 * backward (the result of every convolution and of every norm), the largest gradients, the parameters
 * with their optimizer. Copies in textures are not counted.
 */
export function trainingMemory(
  { architecture, patch_size }: Pick<Configuration, "architecture" | "patch_size">,
  { batchSize, inputChannels, outputChannels }: {
    batchSize: number;
    inputChannels: number;
    outputChannels: number;
  },
): number {
  const { features_per_stage, strides, kernel_sizes, ...counts } = architecture.arch_kwargs;
  const { n_conv_per_stage = [], n_conv_per_stage_decoder } = counts;
  let voxels = product(patch_size);
  let below = inputChannels;
  const map = (channels: number) => 16 * Math.ceil(channels / 4) * batchSize * voxels;
  let maps = 2 * map(inputChannels); // the image and, no larger, the labels
  let parameters = 0;
  let largest = 0;
  features_per_stage.forEach((features, stage) => {
    voxels /= product(strides[stage]);
    const taps = product(kernel_sizes[stage]);
    const norms = n_conv_per_stage[stage] + (n_conv_per_stage_decoder[stage] ?? 0);
    maps += 2 * norms * map(features);
    largest = Math.max(largest, map(features));
    parameters += taps * features * (below + (norms - 1) * features) + 3 * norms * features;
    below = features;
    if (stage + 1 === features_per_stage.length) return;
    maps += map(features) + 2 * map(outputChannels); // transposed convolution; logits, their gradient
    // The first convolution of the decoder also reads the skip connection.
    const up = product(strides[stage + 1]) * features_per_stage[stage + 1];
    parameters += features * (taps * features + up + outputChannels + 1) + outputChannels;
  });
  const temporary = LARGEST_GRADIENTS * largest + SCRATCH_BYTES;
  return ROUNDING * (maps + 4 * ARRAYS_PER_PARAMETER * parameters + temporary);
}

function product(values: readonly number[]): number {
  return values.reduce((a, b) => a * b, 1);
}
