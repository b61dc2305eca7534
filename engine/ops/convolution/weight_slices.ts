import source from "../../../shaders/convolution/weight_slices.wgsl" with { type: "text" };
import { Kernel } from "../../kernel.ts";
import type { Tensor } from "../../tensor.ts";
import type { WeightView } from "./pack_weight.ts";

const sum = new Kernel("weight_slices", source, "sum");

/** Invocations that share one element's slices out, as in the shader. */
const PARTS = 16;

/**
 * Adds up the `count` slices that a weight's gradient was summed in, in their order, and writes them
 * where `view` says; the inverse of `packWeight`.
 *
 * @param slices `[slice][target block][source block][tap][4 source channels][4 target channels]`
 */
export function sumWeightSlices(
  slices: Tensor,
  count: number,
  gradient: Tensor,
  { targetChannels, sourceChannels, taps, offset = 0, targetStep, sourceStep }: WeightView,
): void {
  gradient.gpu.dispatch(sum, {
    params: {
      target_channels: targetChannels,
      source_channels: sourceChannels,
      taps,
      offset,
      target_step: targetStep,
      source_step: sourceStep,
      slices: count,
    },
    buffers: { slices, weight: gradient },
    threads: PARTS * slices.size / count,
  });
}
