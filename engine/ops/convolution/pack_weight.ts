import source from "../../../shaders/convolution/pack_weight.wgsl" with { type: "text" };
import { Kernel } from "../../kernel.ts";
import type { Tensor } from "../../tensor.ts";

const pack = new Kernel("pack_weight", source, "pack");

/** Which elements of a weight a kernel wants, and what it sums over. */
export interface WeightView {
  /** Channels that the kernel writes. */
  targetChannels: number;
  /** Channels that the kernel reads and sums over. */
  sourceChannels: number;
  /** Number of kernel positions; they are the weight's innermost axis. */
  taps: number;
  /** Element of the first target and source channel. */
  offset?: number;
  /** Elements from one target channel to the next. */
  targetStep: number;
  /** Elements from one source channel to the next. */
  sourceStep: number;
}

/** A weight as `[target block][tap][source channel, whole blocks][4 target channels]`, gaps 0. */
export function packWeight(weight: Tensor, view: WeightView): Tensor {
  const { gpu } = weight;
  const { targetChannels, sourceChannels, taps, offset = 0, targetStep, sourceStep } = view;
  const vectors = Math.ceil(targetChannels / 4) * taps * 4 * Math.ceil(sourceChannels / 4);
  const packed = gpu.empty([4 * vectors], "flat");
  gpu.dispatch(pack, {
    params: {
      target_channels: targetChannels,
      source_channels: sourceChannels,
      taps,
      offset,
      target_step: targetStep,
      source_step: sourceStep,
    },
    buffers: { weight, packed },
    threads: vectors,
  });
  return packed;
}
