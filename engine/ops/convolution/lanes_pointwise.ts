import gatherSource from "../../../shaders/convolution/lanes_pointwise.wgsl" with { type: "text" };
import gradientSource from "../../../shaders/convolution/lanes_pointwise_weight_gradient.wgsl" with {
  type: "text",
};
import { Kernel } from "../../kernel.ts";
import { featureShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { ConvolutionShape } from "./algorithm.ts";
import { sumSlabs } from "./lanes_weight_gradient.ts";
import { type WeightView, withWeights } from "./lanes_weights.ts";

const NAME = "convolution_lanes_pointwise";
const gather = new Kernel(NAME, gatherSource, "pointwise");
const gradient = new Kernel(`${NAME}_weight_gradient`, gradientSource, "pointwise");

/** A kernel that keeps all outputs of a voxel in registers pays off up to so many. */
const MOST_OUT_CHANNELS = 32;
/** Weight gradients of more channels on both sides profit from the broadcast of the general kernel. */
const FEW_CHANNELS = 8;

/** Voxels of a lane. */
const TILE = 8;

/** Input blocks and voxels of one iteration of the weight gradient. */
const BLOCKS = 4;
const GRADIENT_TILE = 4;
/** Runs of voxels that keep all cores busy to the end. */
const ENOUGH_RUNS = 96;

/** Whether {@linkcode runPointwise} is the kernel for `outChannels` outputs (inputs, in backward). */
export function isPointwise(shape: ConvolutionShape, outChannels: number): boolean {
  return hasOneTap(shape) && outChannels <= MOST_OUT_CHANNELS;
}

/** Whether {@linkcode runPointwiseWeightGradient} is the kernel for the weight gradient. */
export function isPointwiseWeightGradient(shape: ConvolutionShape): boolean {
  return hasOneTap(shape) && Math.min(shape.inChannels, shape.outChannels) <= FEW_CHANNELS;
}

function hasOneTap({ kernel, stride }: ConvolutionShape): boolean {
  return [...kernel, ...stride].every((size) => size === 1);
}

/** `y = convolution(x)` with one tap, or `y += …`. */
export function runPointwise(x: Tensor, view: WeightView, y: Tensor, accumulate: boolean): void {
  const { gpu } = x;
  const { lanes } = gpu.info;
  const { n, blocks, voxels } = featureShape(x.shape);
  const out = 4 * Math.ceil(view.outChannels / 4);
  withWeights(view, "plain", out, lanes, (weights) =>
    gpu.dispatch(gather, {
      params: { samples: n, voxels, in_blocks: blocks, out_blocks: out / 4 },
      buffers: { x, weights, y },
      overrides: { LANES: lanes, TILE, OUT: out, ACCUMULATE: +accumulate },
      threads: n * Math.ceil(voxels / (lanes * TILE)) * lanes,
    }));
}

/** Writes the weight's gradient for one tap. */
export function runPointwiseWeightGradient(
  x: Tensor,
  gradY: Tensor,
  gradWeight: Tensor,
  { weightInChannels, inChannelOffset }: ConvolutionShape,
): void {
  const { gpu } = x;
  const { lanes } = gpu.info;
  const { n, c: inChannels, blocks: inBlocks, voxels } = featureShape(x.shape);
  const { c: outChannels, blocks: outBlocks } = featureShape(gradY.shape);
  const multiple = lanes * GRADIENT_TILE;
  const run = Math.ceil(voxels / Math.ceil(ENOUGH_RUNS / n) / multiple) * multiple;
  const runs = Math.ceil(voxels / run);
  const slabs = n * runs * lanes;
  const blocks = Math.min(BLOCKS, inBlocks);
  gpu.scope(() => {
    const partial = gpu.empty([16 * slabs * outBlocks * inBlocks], "flat");
    gpu.dispatch(gradient, {
      params: { samples: n, voxels, in_blocks: inBlocks, out_blocks: outBlocks, runs, run },
      buffers: { x, grad_y: gradY, partial },
      overrides: { LANES: lanes, BLOCKS: blocks, TILE: GRADIENT_TILE },
      threads: slabs * outBlocks * Math.ceil(inBlocks / blocks),
    });
    sumSlabs(partial, gradWeight, {
      slabs,
      taps: 1,
      spread_channels: inChannels,
      broadcast_channels: outChannels,
      broadcast_room: 4 * outBlocks,
      spread_stride: 1,
      broadcast_stride: weightInChannels,
      offset: inChannelOffset,
    });
  });
}
