import { add, averagePool, type Tensor } from "../../engine/mod.ts";
import { type BlockSettings, ConvBlock, type ConvExtents } from "./conv_block.ts";

/**
 * Two convolutions beside a short cut, added and then leaky ReLU (`BasicBlockD`). Where the block has
 * a stride the short cut averages; where channels change it is projected by a 1×1 convolution.
 */
export class ResidualBlock {
  readonly conv1: ConvBlock;
  readonly conv2: ConvBlock;
  /** Pooling, projection, both in this order, or nothing. */
  readonly skip: (AveragePool | ConvBlock)[] = [];
  readonly #negativeSlope: number;

  constructor(extents: ConvExtents, settings: BlockSettings) {
    const { inChannels, outChannels, kernel, stride } = extents;
    this.conv1 = new ConvBlock(extents, settings);
    this.conv2 = new ConvBlock(
      { inChannels: outChannels, outChannels, kernel },
      { ...settings, negativeSlope: undefined },
    );
    // so that the block starts as its short cut (spec 04, section 4)
    this.conv2.norm.weight.initial = { constant: 0 };
    this.#negativeSlope = settings.negativeSlope;
    if (stride?.some((step) => step !== 1)) this.skip.push(new AveragePool(stride));
    if (inChannels !== outChannels) {
      this.skip.push(
        new ConvBlock(
          { inChannels, outChannels, kernel: kernel.map(() => 1) },
          { bias: false, eps: settings.eps },
        ),
      );
    }
  }

  forward(x: Tensor): Tensor {
    return x.gpu.scope(() => {
      const main = this.conv2.forward(this.conv1.forward(x));
      const shortCut = this.skip.reduce((y, step) => step.forward(y), x);
      return add(main, shortCut, { negativeSlope: this.#negativeSlope });
    });
  }
}

/** Average pooling as a step of a short cut: it takes an index there, but has no parameters. */
class AveragePool {
  readonly #stride: readonly number[];

  constructor(stride: readonly number[]) {
    this.#stride = stride;
  }

  forward(x: Tensor): Tensor {
    return averagePool(x, { stride: this.#stride });
  }
}
