import source from "../../../shaders/convolution/tiled.wgsl" with { type: "text" };
import { Kernel } from "../../kernel.ts";
import { featureShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { packWeight, type WeightView } from "./pack_weight.ts";
import { type GatherExtents, planGather, type TilePlan } from "./tiled_plan.ts";

const gather = new Kernel("convolution_tiled", source, "gather");
const sumSlices = new Kernel("convolution_tiled", source, "sum_slices");

/** How target and source voxels correspond along one axis, see tiled.wgsl. */
export interface GatherAxis {
  /** Target voxels that are computed. */
  grid: number;
  targetStep: number;
  targetStart: number;
  sourceStep: number;
  sourceStart: number;
  /** Taps that each target voxel sums. */
  taps: number;
  tapStart: number;
  tapStep: number;
  /** Phases of the target with a tap of their own each; else 1. */
  phases: number;
}

type Axes = readonly [GatherAxis, GatherAxis, GatherAxis];

/** One gather, in one or more parts that together write the whole target. */
export interface Gather {
  source: Tensor;
  weight: Tensor;
  view: WeightView;
  /** The weight's taps along each axis. */
  kernel: readonly [number, number, number];
  bias?: Tensor;
  target: Tensor;
  accumulate: boolean;
  parts: readonly Axes[];
}

/** A convolution's `extent` outputs along one axis. */
export function convolutionAxis(
  extent: number,
  kernel: number,
  stride: number,
  padding: number,
): GatherAxis {
  return {
    grid: extent,
    targetStep: 1,
    targetStart: 0,
    sourceStep: stride,
    sourceStart: -padding,
    taps: kernel,
    tapStart: 0,
    tapStep: 1,
    phases: 1,
  };
}

/**
 * The inverse, back to `extent` voxels. With stride 2, even and odd voxels meet different taps; they are
 * a convolution of their own each, so that no tap is multiplied by an inserted zero.
 */
export function transposedAxes(
  extent: number,
  kernel: number,
  stride: number,
  padding: number,
): GatherAxis[] {
  return Array.from({ length: Math.min(stride, extent) }, (_, phase) => {
    const taps = Array.from({ length: kernel }, (_, i) => kernel - 1 - i)
      .filter((tap) => (phase + padding - tap) % stride === 0);
    const meets = taps.length > 0;
    return {
      grid: Math.ceil((extent - phase) / stride),
      targetStep: stride,
      targetStart: phase,
      sourceStep: 1,
      // Where no tap meets a voxel its sum is 0, as if everything that it reads lay outside.
      sourceStart: meets ? (phase + padding - taps[0]) / stride : -extent,
      taps: meets ? taps.length : 1,
      tapStart: meets ? taps[0] : 0,
      tapStep: -stride,
      phases: 1,
    };
  });
}

/** From `extent` voxels to `stride` times as many, each with a tap of its own: kernel = stride. */
export function scatterAxis(extent: number, stride: number): GatherAxis {
  return {
    grid: extent,
    targetStep: stride,
    targetStart: 0,
    sourceStep: 1,
    sourceStart: 0,
    taps: 1,
    tapStart: 0,
    tapStep: 1,
    phases: stride,
  };
}

/** Runs tiled.wgsl on every part. */
export function runGather(given: Gather): void {
  const { source, target, weight, bias, accumulate } = given;
  const { gpu } = source;
  const parts = given.parts.map((axes) => ({ axes, plan: planGather(extentsOf(given, axes)) }));
  const slices = Math.max(...parts.map(({ plan }) => plan.slices));
  const finish = { has_bias: bias ? 1 : 0, accumulate: accumulate ? 1 : 0 };
  const unfinished = { has_bias: 0, accumulate: 0 };
  const boundBias = bias ?? weight; // a binding needs something bound, even when has_bias is 0
  gpu.scope(() => {
    const packedWeight = packWeight(weight, given.view);
    const [n, ...rest] = target.shape;
    const sliceMaps = slices > 1 ? gpu.empty([slices * n, ...rest]) : undefined;
    for (const { axes, plan } of parts) {
      gpu.dispatch(gather, {
        params: { ...paramsOf(given, axes, slices, plan), ...sliceMaps ? unfinished : finish },
        buffers: {
          packed_weight: packedWeight,
          bias: boundBias,
          source,
          target_map: sliceMaps ?? target,
        },
        overrides: plan.constants,
        threads: slices * plan.groups * plan.constants.WORKGROUP_SIZE,
      });
    }
    if (sliceMaps) {
      const { n, blocks, voxels } = featureShape(target.shape);
      const [{ axes, plan }] = parts;
      gpu.dispatch(sumSlices, {
        params: { ...paramsOf(given, axes, slices, plan), ...finish },
        buffers: { bias: boundBias, target_map: target, slice_maps: sliceMaps },
        threads: n * blocks * voxels,
      });
    }
  });
}

function extentsOf({ source, target }: Gather, [d, h, w]: Axes): GatherExtents {
  return {
    n: target.shape[0],
    grid: [d.grid, h.grid, w.grid],
    taps: [d.taps, h.taps, w.taps],
    step: [d.sourceStep, h.sourceStep, w.sourceStep],
    phases: d.phases * h.phases * w.phases,
    sourceBlocks: featureShape(source.shape).blocks,
    targetBlocks: featureShape(target.shape).blocks,
  };
}

function paramsOf(
  { source, target, kernel }: Gather,
  [d, h, w]: Axes,
  slices: number,
  { constants }: TilePlan,
): Record<string, number> {
  const to = featureShape(target.shape);
  const from = featureShape(source.shape);
  const steps = Math.ceil(from.blocks / constants.STAGED) * d.taps;
  return {
    n: to.n,
    target_channels: to.c,
    target_blocks: to.blocks,
    target_d: to.d,
    target_h: to.h,
    target_w: to.w,
    source_blocks: from.blocks,
    source_d: from.d,
    source_h: from.h,
    source_w: from.w,
    grid_d: d.grid,
    grid_h: h.grid,
    grid_w: w.grid,
    target_step_d: d.targetStep,
    target_step_h: h.targetStep,
    target_step_w: w.targetStep,
    target_start_d: d.targetStart,
    target_start_h: h.targetStart,
    target_start_w: w.targetStart,
    source_step_d: d.sourceStep,
    source_start_d: d.sourceStart,
    source_start_h: h.sourceStart,
    source_start_w: w.sourceStart,
    taps_d: d.taps,
    tap_start_d: d.tapStart,
    tap_start_h: h.tapStart,
    tap_start_w: w.tapStart,
    tap_step_d: d.tapStep,
    tap_step_h: h.tapStep,
    tap_step_w: w.tapStep,
    weight_d: kernel[0],
    weight_h: kernel[1],
    weight_w: kernel[2],
    phases_d: d.phases,
    phases_h: h.phases,
    phases_w: w.phases,
    slices,
    slice_steps: Math.ceil(steps / slices),
  };
}
