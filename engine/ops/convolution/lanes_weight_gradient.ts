import commonSource from "../../../shaders/convolution/lanes_weight_gradient_common.wgsl" with {
  type: "text",
};
import directSource from "../../../shaders/convolution/lanes_weight_gradient_direct.wgsl" with {
  type: "text",
};
import f23Source from "../../../shaders/convolution/lanes_f23.wgsl" with { type: "text" };
import f43Source from "../../../shaders/convolution/lanes_f43.wgsl" with { type: "text" };
import sumSource from "../../../shaders/convolution/lanes_weight_gradient_sum.wgsl" with {
  type: "text",
};
import winogradSource from "../../../shaders/convolution/lanes_weight_gradient_winograd.wgsl" with {
  type: "text",
};
import { Kernel } from "../../kernel.ts";
import { featureShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { planWeightGradient } from "./lanes_plan.ts";
import { sampleRuns, withStaged } from "./lanes_staging.ts";
import type { Transform } from "./lanes_weights.ts";

const NAME = "convolution_lanes_weight_gradient";
const GRADIENT: Record<Transform, Kernel> = {
  f23: new Kernel(`${NAME}_f23`, [commonSource, f23Source, winogradSource], "winograd"),
  f43: new Kernel(`${NAME}_f43`, [commonSource, f43Source, winogradSource], "winograd"),
  plain: new Kernel(`${NAME}_direct`, [commonSource, directSource], "direct"),
};
const sum = new Kernel(`${NAME}_sum`, sumSource, "sum_slabs");

/** Workgroups (of one subgroup each) that keep all cores busy to the end. */
const ENOUGH_WORKGROUPS = 96;
/** Software adapters stop an invocation after 65,535 iterations. */
const MOST_ITERATIONS = 60_000;

/** With more slabs the invocations that share out the taps are needed. */
const FEW_SLABS = 16;

/** A weight gradient: sums of products of two maps at all offsets of a kernel. */
export interface LanesWeightGradient {
  /** The map on the coarse side of the stride; with `winograd` the convolution's input. */
  spread: Tensor;
  /** The other one. */
  broadcast: Tensor;
  /** Flat; element `offset + s * spreadStride + b * broadcastStride + tap`. */
  gradient: Tensor;
  spreadStride: number;
  broadcastStride: number;
  offset: number;
  kernel: readonly [number, number, number];
  stride: readonly [number, number, number];
  pad: readonly [number, number, number];
  /** Whether to use Winograd's algorithm: 3 × 3 taps along (y, x), stride and padding 1. */
  winograd: boolean;
}

/** Computes a weight gradient in slabs and adds them up. */
export function runLanesWeightGradient(task: LanesWeightGradient): void {
  const { spread, broadcast, gradient } = task;
  const { gpu } = spread;
  const coarse = featureShape(spread.shape);
  const fine = featureShape(broadcast.shape);
  const [kernelDepth, kernelHeight, kernelWidth] = task.kernel;
  const { lanes } = gpu.info;
  const { transform, tile } = planWeightGradient(task.winograd, coarse.w);
  const channels = fine.c > 4 ? 8 : 4;
  const channelLanes = lanesForChannels(coarse.blocks, lanes);

  const runs = sampleRuns(gpu, coarse.n, Math.max(coarse.blocks * coarse.d, fine.blocks * fine.d));
  const columns = runs[0]!.count * coarse.d * Math.ceil(coarse.w / tile);
  const broadcastGroups = Math.ceil(fine.c / channels);
  const groups = broadcastGroups * Math.ceil(coarse.blocks / channelLanes);
  const slabsPerGroup = lanes / channelLanes;
  const wanted = slabsPerGroup * Math.ceil(ENOUGH_WORKGROUPS / (groups * kernelDepth));
  const columnsPerSlab = Math.min(
    Math.ceil(columns / wanted),
    Math.max(1, Math.floor(MOST_ITERATIONS / (coarse.h + 1))),
  );
  const slabGroups = Math.ceil(columns / (columnsPerSlab * slabsPerGroup));
  const slabs = slabGroups * slabsPerGroup;
  const taps = kernelDepth * kernelHeight * kernelWidth;

  gpu.scope(() => {
    const room = broadcastGroups * channels;
    const partial = gpu.empty(
      [4 * runs.length * slabs * taps * room * coarse.blocks],
      "flat",
    );
    runs.forEach((samples, run) =>
      withStaged(
        spread,
        samples,
        (stagedSpread) =>
          withStaged(broadcast, samples, (stagedBroadcast) =>
            gpu.dispatch(GRADIENT[transform], {
              params: {
                spread_width: coarse.w,
                spread_height: coarse.h,
                spread_depth: coarse.d,
                spread_blocks: coarse.blocks,
                spread_shift: stagedSpread.rowShift,
                broadcast_height: fine.h,
                broadcast_depth: fine.d,
                broadcast_blocks: fine.blocks,
                broadcast_shift: stagedBroadcast.rowShift,
                broadcast_groups: broadcastGroups,
                kernel_depth: kernelDepth,
                stride_y: task.stride[1],
                stride_z: task.stride[0],
                pad_y: task.pad[1],
                pad_z: task.pad[0],
                columns: columnsPerSlab,
                first_slab: run * slabs,
              },
              buffers: {
                spread: stagedSpread.texture,
                broadcast: stagedBroadcast.texture,
                partial,
              },
              overrides: {
                LANES: lanes,
                CHANNEL_LANES: channelLanes,
                TILE: tile,
                CHANNELS: channels,
                ...transform === "plain" && {
                  KERNEL_HEIGHT: kernelHeight,
                  KERNEL_WIDTH: kernelWidth,
                  STRIDE: task.stride[2],
                  PAD: task.pad[2],
                },
              },
              workgroups: [groups, kernelDepth, slabGroups],
            })),
      )
    );
    sumSlabs(partial, gradient, {
      slabs: runs.length * slabs,
      taps,
      spread_channels: coarse.c,
      broadcast_channels: fine.c,
      broadcast_room: room,
      spread_stride: task.spreadStride,
      broadcast_stride: task.broadcastStride,
      offset: task.offset,
    });
  });
}

/** Adds up the slabs of a weight gradient; see `lanes_weight_gradient_sum.wgsl` for the parameters. */
export function sumSlabs(
  partial: Tensor,
  gradient: Tensor,
  params: {
    slabs: number;
    taps: number;
    spread_channels: number;
    broadcast_channels: number;
    broadcast_room: number;
    spread_stride: number;
    broadcast_stride: number;
    offset: number;
  },
): void {
  // All taps of a pair of channels lie together: written one by one they pass the caches each time.
  const run = params.slabs < FEW_SLABS ? params.taps : 1;
  const blocks = Math.ceil(params.spread_channels / 4);
  gradient.gpu.dispatch(sum, {
    params: { ...params, run },
    buffers: { partial, gradient },
    threads: Math.ceil(params.taps / run) * params.broadcast_channels * blocks,
  });
}

/** Lanes that hold the channels of one voxel: few idle ones, but rather more slabs than idle lanes. */
function lanesForChannels(blocks: number, lanes: number): number {
  let count = lanes;
  while (count > 1 && Math.ceil(blocks / count) * count > blocks * 1.25) count /= 2;
  return count;
}
