import type { Architecture } from "../plans.ts";

/** The networks that nnU-Net plans. */
export type NetworkClass = "PlainConvUNet" | "ResidualEncoderUNet";

/** What shapes a U-Net; entries per stage, from full resolution down. */
export interface UNetShape {
  strides: number[][];
  kernelSizes: number[][];
  /** Features of the first stage; they double per stage. */
  baseFeatures: number;
  maxFeatures: number;
  /** Convolutions or residual blocks per encoder stage. */
  encoderStages: number[];
  /** Convolutions per decoder stage, one entry less. */
  decoderStages: number[];
}

/** The `architecture` entry of a plans file, keys in nnU-Net's order. */
export function architectureFor(network: NetworkClass, shape: UNetShape): Architecture {
  const stages = shape.encoderStages.length;
  const dimensions = shape.strides[0].length;
  const encoderKey = network === "PlainConvUNet" ? "n_conv_per_stage" : "n_blocks_per_stage";
  return {
    network_class_name: `dynamic_network_architectures.architectures.unet.${network}`,
    arch_kwargs: {
      n_stages: stages,
      features_per_stage: Array.from(
        { length: stages },
        (_, stage) => Math.min(shape.baseFeatures * 2 ** stage, shape.maxFeatures),
      ),
      conv_op: `torch.nn.modules.conv.Conv${dimensions}d`,
      kernel_sizes: shape.kernelSizes,
      strides: shape.strides,
      [encoderKey]: shape.encoderStages,
      n_conv_per_stage_decoder: shape.decoderStages,
      conv_bias: true,
      norm_op: `torch.nn.modules.instancenorm.InstanceNorm${dimensions}d`,
      norm_op_kwargs: { eps: 1e-5, affine: true },
      dropout_op: null,
      dropout_op_kwargs: null,
      nonlin: "torch.nn.LeakyReLU",
      nonlin_kwargs: { inplace: true },
    },
    _kw_requires_import: ["conv_op", "norm_op", "dropout_op", "nonlin"],
  };
}
