import type { Tensor } from "../../engine/mod.ts";
import { ConvTranspose } from "../../engine/nn/conv_transpose.ts";
import { Convolution } from "../../engine/nn/convolution.ts";
import type { ArchitectureKwargs } from "../plans.ts";
import { type BlockSettings, StackedConvBlocks } from "./conv_block.ts";

/** The way up of a U-Net (`UNetDecoder`); lists go from the lowest resolution to the highest. */
export class Decoder {
  readonly stages: StackedConvBlocks[] = [];
  readonly transpconvs: ConvTranspose[] = [];
  readonly seg_layers: Convolution[] = [];

  constructor(outputChannels: number, kwargs: ArchitectureKwargs, settings: BlockSettings) {
    const { features_per_stage, kernel_sizes, strides, n_conv_per_stage_decoder } = kwargs;
    n_conv_per_stage_decoder.forEach((count, i) => {
      const level = n_conv_per_stage_decoder.length - 1 - i;
      const outChannels = features_per_stage[level];
      const below = features_per_stage[level + 1];
      const kernel = kernel_sizes[level];
      this.stages.push(
        new StackedConvBlocks(
          count,
          { inChannels: 2 * outChannels, outChannels, kernel },
          settings,
        ),
      );
      this.transpconvs.push(
        new ConvTranspose(below, outChannels, strides[level + 1], settings.bias),
      );
      this.seg_layers.push(new Convolution(outChannels, outputChannels, kernel.map(() => 1)));
    });
  }

  /** Features of a level from the encoder's there and the features of the level below. */
  runStage(level: number, skip: Tensor, below: Tensor): Tensor {
    const i = this.#index(level);
    return skip.gpu.scope(() => this.stages[i].forward([this.transpconvs[i].forward(below), skip]));
  }

  /** Logits from the features of a level. */
  runHead(level: number, features: Tensor): Tensor {
    return this.seg_layers[this.#index(level)].forward(features);
  }

  #index(level: number): number {
    return this.stages.length - 1 - level;
  }
}
