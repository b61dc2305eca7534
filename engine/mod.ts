/**
 * Tensors, reverse-mode differentiation and the operations of convolutional networks on WebGPU.
 *
 * @module
 */
export * from "./errors.ts";
export { Gpu, type MemoryUse } from "./gpu.ts";
export type { GpuInfo } from "./gpu_info.ts";
export { openGpu } from "./request_gpu.ts";
export { type Shape } from "./shape.ts";
export { type Layout, Tensor } from "./tensor.ts";
export { valueAndGrad, type ValueAndGrads } from "./value_and_grad.ts";
export { add, type AddOptions } from "./ops/add.ts";
export { leakyRelu, type LeakyReluOptions } from "./ops/leaky_relu.ts";
export { extractWindows, type Window, WindowSum } from "./ops/sliding_window.ts";
export { concatenate } from "./ops/concatenate.ts";
export { instanceNorm, type InstanceNormOptions } from "./ops/instance_norm.ts";
export { convolution, type ConvolutionOptions } from "./ops/convolution.ts";
export {
  type ConvolutionChoice,
  type ConvolutionChoices,
  convolutionChoices,
  type ConvolutionWork,
  recordConvolutions,
  tuneConvolutions,
  useConvolutionChoices,
} from "./ops/convolution/choices.ts";
export { convTranspose } from "./ops/conv_transpose.ts";
export { averagePool, type AveragePoolOptions } from "./ops/average_pool.ts";
export { crossEntropyDice, type CrossEntropyDiceOptions } from "./ops/cross_entropy_dice.ts";
export { downsampleLabels } from "./ops/downsample_labels.ts";
export { weightedSum } from "./ops/weighted_sum.ts";
export { randomNormal, type RandomNormalOptions } from "./ops/random_normal.ts";
export { AdamW, type AdamWOptions } from "./optim/adamw.ts";
export { clipGradNorm } from "./optim/clip_grad_norm.ts";
export { gather } from "./optim/gather.ts";
export { Sgd, type SgdOptions } from "./optim/sgd.ts";
export { segmentationCounts, type SegmentationCountsOptions } from "./ops/segmentation_counts.ts";
export { Convolution, type ConvolutionLayerOptions } from "./nn/convolution.ts";
export { ConvTranspose } from "./nn/conv_transpose.ts";
export { InstanceNorm } from "./nn/instance_norm.ts";
export { allocate, heStd, type Initial, namedParameters, Parameter } from "./nn/parameter.ts";
export { gaussianNoise, type GaussianNoiseOptions } from "./ops/gaussian_noise.ts";
export { mirror } from "./ops/mirror.ts";
export { replaceLabel } from "./ops/replace_label.ts";
export { type SpatialTransform, transformImage, transformLabels } from "./ops/spatial_transform.ts";
export { channelStatistics } from "./ops/channel_statistics.ts";
export { gaussianBlur } from "./ops/gaussian_blur.ts";
export {
  changeContrast,
  changeGamma,
  type ChangeGammaOptions,
  scaleChannels,
} from "./ops/intensity.ts";
export { lowResolution } from "./ops/low_resolution.ts";
export { maskOutside } from "./ops/mask_outside.ts";
