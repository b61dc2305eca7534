/** The part of nnU-Net's `arch_kwargs` that shapes the forward pass of a plain U-Net. */
export interface UnetExtents {
  features_per_stage: number[];
  kernel_sizes: number[][];
  strides: number[][];
  n_conv_per_stage: number[];
  n_conv_per_stage_decoder: number[];
}

/** What an engine needs for a U-Net. Parameters are `${name}.weight` and `${name}.bias`. */
export interface UnetOps<T> {
  /** Padded by `(kernel - 1) / 2`. */
  convolution(x: T, name: string, stride: number[]): T;
  /** Kernel = stride. */
  convTranspose(x: T, name: string, stride: number[]): T;
  /** Instance norm with `EPS`, then leaky ReLU with `NEGATIVE_SLOPE`. */
  normRelu(x: T, name: string): T;
  /** Along the channels. */
  concatenate(a: T, b: T): T;
  /** Said of what is used a second time. */
  share(x: T): T;
}

export const EPS = 1e-5;
export const NEGATIVE_SLOPE = 0.01;

/** Logits of full resolution of nnU-Net's `PlainConvUNet`, with its names of parameters. */
export function unetForward<T>(ops: UnetOps<T>, x: T, extents: UnetExtents): T {
  const { strides, n_conv_per_stage, n_conv_per_stage_decoder } = extents;
  const unit = strides[0].map(() => 1);
  const stack = (y: T, name: string, count: number, stride: number[]) => {
    for (let i = 0; i < count; i++) {
      y = ops.convolution(y, `${name}.convs.${i}.conv`, i === 0 ? stride : unit);
      y = ops.normRelu(y, `${name}.convs.${i}.norm`);
    }
    return y;
  };
  const skips: T[] = [];
  strides.forEach((stride, stage) => {
    if (stage > 0) skips.push(ops.share(x));
    x = stack(x, `encoder.stages.${stage}.0`, n_conv_per_stage[stage], stride);
  });
  n_conv_per_stage_decoder.forEach((count, i) => {
    const up = ops.convTranspose(x, `decoder.transpconvs.${i}`, strides[strides.length - 1 - i]);
    x = stack(ops.concatenate(up, skips.pop()!), `decoder.stages.${i}`, count, unit);
  });
  return ops.convolution(x, `decoder.seg_layers.${n_conv_per_stage_decoder.length - 1}`, unit);
}

/** Names and shapes of all parameters, those of the lower resolutions' heads included. */
export function unetParameters(
  extents: UnetExtents,
  { inputChannels, outputChannels }: { inputChannels: number; outputChannels: number },
): Record<string, number[]> {
  const { features_per_stage, kernel_sizes, strides } = extents;
  const shapes: Record<string, number[]> = {};
  const convolution = (name: string, inputs: number, outputs: number, kernel: number[]) => {
    shapes[`${name}.weight`] = [outputs, inputs, ...kernel];
    shapes[`${name}.bias`] = [outputs];
  };
  const stack = (name: string, count: number, inputs: number, stage: number) => {
    const features = features_per_stage[stage];
    for (let i = 0; i < count; i++) {
      const block = `${name}.convs.${i}`;
      convolution(`${block}.conv`, i === 0 ? inputs : features, features, kernel_sizes[stage]);
      shapes[`${block}.norm.weight`] = shapes[`${block}.norm.bias`] = [features];
    }
  };
  extents.n_conv_per_stage.forEach((count, stage) =>
    stack(`encoder.stages.${stage}.0`, count, features_per_stage[stage - 1] ?? inputChannels, stage)
  );
  extents.n_conv_per_stage_decoder.forEach((count, i) => {
    const stage = extents.n_conv_per_stage_decoder.length - 1 - i;
    const features = features_per_stage[stage];
    const below = features_per_stage[stage + 1];
    shapes[`decoder.transpconvs.${i}.weight`] = [below, features, ...strides[stage + 1]];
    shapes[`decoder.transpconvs.${i}.bias`] = [features];
    stack(`decoder.stages.${i}`, count, 2 * features, stage);
    convolution(`decoder.seg_layers.${i}`, features, outputChannels, strides[0].map(() => 1));
  });
  return shapes;
}
