import type { Tensor } from "../../engine/mod.ts";
import { Convolution } from "../../engine/nn/convolution.ts";
import { InstanceNorm } from "../../engine/nn/instance_norm.ts";

/** What all blocks of a network have in common. */
export interface BlockSettings {
  /** Whether convolutions that a norm follows have a bias. */
  bias: boolean;
  /** Of the instance norms. */
  eps: number;
  /** Of the leaky ReLUs. */
  negativeSlope: number;
}

/** Extents of one convolution. */
export interface ConvExtents {
  inChannels: number;
  outChannels: number;
  kernel: readonly number[];
  /** @default {all 1} */
  stride?: readonly number[];
}

/**
 * Convolution, instance norm, leaky ReLU (`ConvDropoutNormReLU` without its dropout). Without
 * `negativeSlope` the ReLU is left out.
 */
export class ConvBlock {
  readonly conv: Convolution;
  readonly norm: InstanceNorm;

  constructor(
    { inChannels, outChannels, kernel, stride }: ConvExtents,
    { bias, eps, negativeSlope }: Omit<BlockSettings, "negativeSlope"> & { negativeSlope?: number },
  ) {
    this.conv = new Convolution(inChannels, outChannels, kernel, {
      stride,
      bias,
      beforeNorm: true,
    });
    this.norm = new InstanceNorm(outChannels, { eps, negativeSlope });
  }

  /** Of a feature map, or of two that count as concatenated. */
  forward(x: Tensor | readonly [Tensor, Tensor]): Tensor {
    const { gpu } = "gpu" in x ? x : x[0];
    return gpu.scope(() => this.norm.forward(this.conv.forward(x)));
  }
}

/** Several {@linkcode ConvBlock}s, the first with the stride and the change of channels. */
export class StackedConvBlocks {
  readonly convs: ConvBlock[];

  constructor(count: number, extents: ConvExtents, settings: BlockSettings) {
    const { outChannels, kernel } = extents;
    this.convs = Array.from({ length: count }, (_, i) =>
      new ConvBlock(
        i === 0 ? extents : { inChannels: outChannels, outChannels, kernel },
        settings,
      ));
  }

  forward(x: Tensor | readonly [Tensor, Tensor]): Tensor {
    const [first, ...rest] = this.convs;
    const { gpu } = "gpu" in x ? x : x[0];
    return gpu.scope(() => rest.reduce((y, conv) => conv.forward(y), first.forward(x)));
  }
}
