import source from "../../../shaders/convolution/tiled_weight_gradient.wgsl" with { type: "text" };
import { Kernel } from "../../kernel.ts";
import { featureShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { WeightView } from "./pack_weight.ts";
import { planWeightGradient } from "./tiled_plan.ts";
import { sumWeightSlices } from "./weight_slices.ts";

const sumTiles = new Kernel("convolution_tiled_weight_gradient", source, "sum_tiles");

type Three = readonly [number, number, number];

/** `gradient[o, i, k] = sum over p of gradY[o, p] * x[i, p * stride + k - padding]` */
export interface TiledWeightGradient {
  x: Tensor;
  gradY: Tensor;
  gradient: Tensor;
  /** Where the gradient's elements go; the target channels are gradY's. */
  view: WeightView;
  kernel: Three;
  stride: Three;
  padding: Three;
}

/** Runs tiled_weight_gradient.wgsl and adds its slices up. */
export function runWeightGradient(given: TiledWeightGradient): void {
  const { x, gradY, gradient, view, kernel, stride, padding } = given;
  const { gpu } = x;
  const from = featureShape(x.shape);
  const to = featureShape(gradY.shape);
  const { constants, groups, slices } = planWeightGradient({
    n: to.n,
    output: [to.d, to.h, to.w],
    taps: kernel,
    step: stride,
    inBlocks: from.blocks,
    outBlocks: to.blocks,
  });
  const tiles = to.n * to.d * Math.ceil(to.h / constants.TILE_H) *
    Math.ceil(to.w / constants.TILE_W);
  const weightSlices = slices * constants.THREADS_R;
  gpu.scope(() => {
    const sums = gpu.empty([weightSlices * 16 * to.blocks * from.blocks * view.taps], "flat");
    gpu.dispatch(sumTiles, {
      params: {
        n: to.n,
        in_blocks: from.blocks,
        in_d: from.d,
        in_h: from.h,
        in_w: from.w,
        out_blocks: to.blocks,
        out_d: to.d,
        out_h: to.h,
        out_w: to.w,
        step_d: stride[0],
        start_d: -padding[0],
        start_h: -padding[1],
        start_w: -padding[2],
        taps_d: kernel[0],
        slices,
        slice_tiles: Math.ceil(tiles / slices),
      },
      buffers: { x, grad_y: gradY, slices: sums },
      overrides: constants,
      threads: slices * groups * constants.WORKGROUP_SIZE,
    });
    sumWeightSlices(sums, weightSlices, gradient, view);
  });
}
