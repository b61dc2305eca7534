import gatherSource from "../../../shaders/convolution/direct.wgsl" with { type: "text" };
import gradientSource from "../../../shaders/convolution/direct_weight_gradient.wgsl" with {
  type: "text",
};
import { Kernel } from "../../kernel.ts";
import { featureShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { ConvolutionAlgorithm, ConvolutionShape } from "./algorithm.ts";
import { chunkRows } from "./chunk_rows.ts";
import { packWeight } from "./pack_weight.ts";
import { sumWeightSlices } from "./weight_slices.ts";

const gather = new Kernel("convolution_direct", gatherSource, "gather");
const sumChunks = new Kernel("convolution_direct_weight_gradient", gradientSource, "sum_chunks");

/** Voxels along w that one invocation of `gather` computes, as in the shader. */
const TILE = 4;

/** The definition, written out: supports every shape on every device; what others are measured by. */
export const direct: ConvolutionAlgorithm = {
  name: "direct",
  supports: () => true,

  forward(x, weight, bias, y, shape, accumulate) {
    const [outStep, inStep] = weightSteps(shape);
    runGather(weight, outStep, inStep, bias, x, y, shape, false, accumulate);
  },

  gradInput(gradY, weight, gradX, shape) {
    const [outStep, inStep] = weightSteps(shape);
    runGather(weight, inStep, outStep, undefined, gradY, gradX, shape, true, false);
  },

  gradWeight(x, gradY, gradWeight, shape) {
    const { gpu } = x;
    const { n, inChannels, outChannels, input, output } = shape;
    const taps = product(shape.kernel);
    const inBlocks = Math.ceil(inChannels / 4);
    const outBlocks = Math.ceil(outChannels / 4);
    const units = outBlocks * inBlocks * taps;
    const rows = n * output.d * output.h;
    const rowsOfChunk = chunkRows(rows, output.w, units);
    const chunks = Math.ceil(rows / rowsOfChunk);
    const params = {
      n,
      in_blocks: inBlocks,
      in_d: input.d,
      in_h: input.h,
      in_w: input.w,
      out_blocks: outBlocks,
      out_d: output.d,
      out_h: output.h,
      out_w: output.w,
      ...window(shape),
      chunk_rows: rowsOfChunk,
      chunks,
    };
    gpu.scope(() => {
      const partial = gpu.empty([16 * units * chunks], "flat");
      gpu.dispatch(sumChunks, {
        params,
        buffers: { x, grad_y: gradY, partial },
        threads: units * chunks,
      });
      const [targetStep, sourceStep] = weightSteps(shape);
      sumWeightSlices(partial, chunks, gradWeight, {
        targetChannels: outChannels,
        sourceChannels: inChannels,
        taps,
        offset: shape.inChannelOffset * taps,
        targetStep,
        sourceStep,
      });
    });
  },
};

/** Elements of the weight from one output channel to the next, and from one input channel. */
function weightSteps({ weightInChannels, kernel }: ConvolutionShape): [number, number] {
  return [weightInChannels * product(kernel), product(kernel)];
}

/** Computes `target` from `source`: the output from the input or, `transposed`, back. */
function runGather(
  weight: Tensor,
  targetStep: number,
  sourceStep: number,
  bias: Tensor | undefined,
  source: Tensor,
  target: Tensor,
  shape: ConvolutionShape,
  transposed: boolean,
  accumulate: boolean,
): void {
  const { gpu } = source;
  const to = featureShape(target.shape);
  const from = featureShape(source.shape);
  const taps = product(shape.kernel);
  gpu.scope(() => {
    const packedWeight = packWeight(weight, {
      targetChannels: to.c,
      sourceChannels: from.c,
      taps,
      offset: shape.inChannelOffset * taps,
      targetStep,
      sourceStep,
    });
    gpu.dispatch(gather, {
      params: {
        n: shape.n,
        target_channels: to.c,
        target_blocks: to.blocks,
        target_d: to.d,
        target_h: to.h,
        target_w: to.w,
        source_blocks: from.blocks,
        source_d: from.d,
        source_h: from.h,
        source_w: from.w,
        ...window(shape),
        has_bias: bias ? 1 : 0,
        accumulate: accumulate ? 1 : 0,
      },
      // a binding needs something bound, even when has_bias is 0
      buffers: { packed_weight: packedWeight, bias: bias ?? weight, source, target_map: target },
      overrides: { TRANSPOSED: transposed ? 1 : 0 },
      threads: shape.n * to.blocks * to.d * to.h * Math.ceil(to.w / TILE),
    });
  });
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
