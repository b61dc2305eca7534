import gatherSource from "../../../shaders/convolution/direct.wgsl" with { type: "text" };
import gradientSource from "../../../shaders/convolution/direct_weight_gradient.wgsl" with {
  type: "text",
};
import { Kernel } from "../../kernel.ts";
import type { Tensor } from "../../tensor.ts";
import type { ConvolutionAlgorithm, ConvolutionShape, Extents } from "./algorithm.ts";

const packWeight = new Kernel("convolution_direct", gatherSource, "pack_weight");
const gather = new Kernel("convolution_direct", gatherSource, "gather");
const sumChunks = new Kernel("convolution_direct_weight_gradient", gradientSource, "sum_chunks");
const sumPartial = new Kernel("convolution_direct_weight_gradient", gradientSource, "sum_partial");

/** Voxels along w that one invocation of `gather` computes, as in the shader. */
const TILE = 4;
/** Bounds how long one invocation of the weight gradient loops; software adapters stop at 65,535. */
const MOST_ITERATIONS = 16_384;
/** Invocations that keep any device busy. */
const ENOUGH_INVOCATIONS = 32_768;

/** The definition, written out: supports every shape on every device; what others are measured by. */
export const direct: ConvolutionAlgorithm = {
  name: "direct",
  supports: () => true,

  forward(x, weight, bias, y, shape, accumulate) {
    const { outChannels, inChannels, input, output } = shape;
    const taps = product(shape.kernel);
    runGather(weight, x, y, bias, shape, {
      ...extents("target", outChannels, output),
      ...extents("source", inChannels, input),
      target_step: shape.weightInChannels * taps,
      source_step: taps,
      accumulate: +accumulate,
    }, { TRANSPOSED: 0 });
  },

  gradInput(gradY, weight, gradX, shape) {
    const { outChannels, inChannels, input, output } = shape;
    const taps = product(shape.kernel);
    runGather(weight, gradY, gradX, undefined, shape, {
      ...extents("target", inChannels, input),
      ...extents("source", outChannels, output),
      target_step: taps,
      source_step: shape.weightInChannels * taps,
      accumulate: 0,
    }, { TRANSPOSED: 1 });
  },

  gradWeight(x, gradY, gradWeight, shape) {
    const { gpu } = x;
    const { n, inChannels, outChannels, input, output } = shape;
    const taps = product(shape.kernel);
    const units = Math.ceil(outChannels / 4) * Math.ceil(inChannels / 4) * taps;
    const rows = n * output.d * output.h;
    const chunkRows = Math.max(
      1,
      Math.min(
        Math.floor(MOST_ITERATIONS / (output.w + 1)),
        Math.ceil(rows * units / ENOUGH_INVOCATIONS),
      ),
    );
    const chunks = Math.ceil(rows / chunkRows);
    const params = {
      n,
      ...extents("in", inChannels, input),
      ...extents("out", outChannels, output),
      ...window(shape),
      weight_in_channels: shape.weightInChannels,
      in_channel_offset: shape.inChannelOffset,
      chunk_rows: chunkRows,
      chunks,
    };
    gpu.scope(() => {
      const partial = gpu.empty([16 * units * chunks], "flat");
      gpu.dispatch(sumChunks, {
        params,
        buffers: { x, grad_y: gradY, partial },
        threads: units * chunks,
      });
      gpu.dispatch(sumPartial, {
        params,
        buffers: { partial_sums: partial, grad_weight: gradWeight },
        threads: outChannels * inChannels * taps,
      });
    });
  },
};

function runGather(
  weight: Tensor,
  source: Tensor,
  target: Tensor,
  bias: Tensor | undefined,
  shape: ConvolutionShape,
  given: Record<string, number>,
  overrides: Record<string, number>,
): void {
  const { gpu } = source;
  const taps = product(shape.kernel);
  const params = {
    n: shape.n,
    ...given,
    ...window(shape),
    weight_offset: shape.inChannelOffset * taps,
    has_bias: bias ? 1 : 0,
  } as Record<string, number>;
  const { target_blocks, target_d, target_h, target_w, source_blocks } = params;
  const vectors = 4 * target_blocks! * source_blocks! * taps;
  gpu.scope(() => {
    const packed = gpu.empty([4 * vectors], "flat");
    gpu.dispatch(packWeight, {
      params,
      buffers: { weight, packed_weight: packed },
      overrides,
      threads: vectors,
    });
    gpu.dispatch(gather, {
      params,
      // a binding needs something bound, even when has_bias is 0
      buffers: { packed, bias: bias ?? weight, source, target_map: target },
      overrides,
      threads: shape.n * target_blocks! * target_d! * target_h! * Math.ceil(target_w! / TILE),
    });
  });
}

function extents(name: string, channels: number, { d, h, w }: Extents): Record<string, number> {
  return {
    [`${name}_channels`]: channels,
    [`${name}_blocks`]: Math.ceil(channels / 4),
    [`${name}_d`]: d,
    [`${name}_h`]: h,
    [`${name}_w`]: w,
  };
}

function window({ kernel, stride }: ConvolutionShape): Record<string, number> {
  return {
    kernel_d: kernel[0],
    kernel_h: kernel[1],
    kernel_w: kernel[2],
    stride_d: stride[0],
    stride_h: stride[1],
    stride_w: stride[2],
  };
}

function product(values: readonly number[]): number {
  return values.reduce((a, b) => a * b, 1);
}
