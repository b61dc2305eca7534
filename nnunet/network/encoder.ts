import type { Tensor } from "../../engine/mod.ts";
import type { ArchitectureKwargs } from "../plans.ts";
import { type BlockSettings, type ConvExtents, StackedConvBlocks } from "./conv_block.ts";
import { ResidualBlock } from "./residual_block.ts";

/** The way down of a U-Net. */
export interface Encoder {
  /** Features of one stage from those of the stage above, for stage 0 from the input. */
  runStage(stage: number, x: Tensor): Tensor;
}

/** Stacks of convolutions (`PlainConvEncoder`). */
export class PlainEncoder implements Encoder {
  /** One stack a stage, in a list of its own: the names of the parameters want it. */
  readonly stages: [StackedConvBlocks][];

  constructor(inputChannels: number, kwargs: ArchitectureKwargs, settings: BlockSettings) {
    this.stages = kwargs.n_conv_per_stage!.map((count, stage) => [
      new StackedConvBlocks(
        count,
        stageExtents(kwargs, stage, stage === 0 ? inputChannels : undefined),
        settings,
      ),
    ]);
  }

  runStage(stage: number, x: Tensor): Tensor {
    return this.stages[stage][0].forward(x);
  }
}

/** A convolution, then stages of residual blocks (`ResidualEncoder`). */
export class ResidualEncoder implements Encoder {
  readonly stem: StackedConvBlocks;
  readonly stages: { blocks: ResidualBlock[] }[];

  constructor(inputChannels: number, kwargs: ArchitectureKwargs, settings: BlockSettings) {
    const [outChannels] = kwargs.features_per_stage;
    const [kernel] = kwargs.kernel_sizes;
    this.stem = new StackedConvBlocks(
      1,
      { inChannels: inputChannels, outChannels, kernel },
      settings,
    );
    this.stages = kwargs.n_blocks_per_stage!.map((count, stage) => {
      const extents = stageExtents(kwargs, stage, stage === 0 ? outChannels : undefined);
      const { outChannels: inChannels, kernel } = extents;
      const blocks = Array.from({ length: count }, (_, i) =>
        new ResidualBlock(
          i === 0 ? extents : { ...extents, inChannels, kernel, stride: undefined },
          settings,
        ));
      return { blocks };
    });
  }

  runStage(stage: number, x: Tensor): Tensor {
    return x.gpu.scope(() => {
      const start = stage === 0 ? this.stem.forward(x) : x;
      return this.stages[stage].blocks.reduce((y, block) => block.forward(y), start);
    });
  }
}

/** Extents of a stage's first convolution; channels come from the stage above unless given. */
function stageExtents(
  { features_per_stage, kernel_sizes, strides }: ArchitectureKwargs,
  stage: number,
  inChannels = features_per_stage[stage - 1],
): ConvExtents {
  return {
    inChannels,
    outChannels: features_per_stage[stage],
    kernel: kernel_sizes[stage],
    stride: strides[stage],
  };
}
