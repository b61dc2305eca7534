import source from "../../../shaders/conv_transpose.wgsl" with { type: "text" };
import { Kernel } from "../../kernel.ts";
import { chunkRows } from "../convolution/chunk_rows.ts";
import { packWeight } from "../convolution/pack_weight.ts";
import type { ConvTransposeAlgorithm, ConvTransposeShape } from "./algorithm.ts";

const forward = new Kernel("conv_transpose", source, "forward");
const backwardX = new Kernel("conv_transpose", source, "backward_x");
const sumChunks = new Kernel("conv_transpose", source, "sum_chunks");
const backwardWeight = new Kernel("conv_transpose", source, "backward_weight");

/** The definition, written out: supports every shape on every device; what others are measured by. */
export const direct: ConvTransposeAlgorithm = {
  name: "direct",
  supports: () => true,

  forward(x, weight, bias, y, shape) {
    const { gpu } = x;
    const { inChannels, outChannels } = shape;
    const { params, taps, inVoxels } = describe(shape);
    gpu.scope(() => {
      const packed = packWeight(weight, {
        targetChannels: outChannels,
        sourceChannels: inChannels,
        taps,
        targetStep: taps,
        sourceStep: outChannels * taps,
      });
      gpu.dispatch(forward, {
        params: { ...params, has_bias: bias ? 1 : 0 },
        // a binding needs something bound, even when has_bias is 0
        buffers: { x, packed_weight: packed, bias: bias ?? weight, y },
        overrides: { TAPS: taps },
        threads: params.out_blocks * inVoxels,
      });
    });
  },

  gradInput(gradY, weight, gradX, shape) {
    const { gpu } = gradY;
    const { inChannels, outChannels } = shape;
    const { params, taps, inVoxels } = describe(shape);
    gpu.scope(() => {
      const packed = packWeight(weight, {
        targetChannels: inChannels,
        sourceChannels: outChannels,
        taps,
        targetStep: outChannels * taps,
        sourceStep: taps,
      });
      gpu.dispatch(backwardX, {
        params,
        buffers: { packed_weight: packed, grad_y: gradY, grad_x: gradX },
        overrides: { TAPS: taps },
        threads: params.in_blocks * inVoxels,
      });
    });
  },

  gradWeight(x, gradY, gradWeight, shape) {
    const { gpu } = x;
    const { params, taps } = describe(shape);
    const threads = params.in_blocks * params.out_blocks * taps * params.chunks;
    gpu.scope(() => {
      const partial = gpu.empty([16 * threads], "flat");
      gpu.dispatch(sumChunks, {
        params,
        buffers: { x, grad_y: gradY, partial },
        overrides: { TAPS: taps },
        threads,
      });
      gpu.dispatch(backwardWeight, {
        params,
        buffers: { partial_sums: partial, grad_weight: gradWeight },
        overrides: { TAPS: taps },
        threads: gradWeight.size,
      });
    });
  },
};

/** What all entry points of the shader are told, and what the grids are made from. */
function describe({ n, inChannels, outChannels, input: { d, h, w }, kernel }: ConvTransposeShape) {
  const [strideD, strideH, strideW] = kernel;
  const taps = strideD * strideH * strideW;
  const inBlocks = Math.ceil(inChannels / 4);
  const outBlocks = Math.ceil(outChannels / 4);
  const rows = n * d * h;
  const rowsOfChunk = chunkRows(rows, w, inBlocks * outBlocks * taps);
  const params = {
    n,
    d,
    h,
    w,
    in_channels: inChannels,
    in_blocks: inBlocks,
    out_channels: outChannels,
    out_blocks: outBlocks,
    stride_d: strideD,
    stride_h: strideH,
    stride_w: strideW,
    has_bias: 0,
    chunk_rows: rowsOfChunk,
    chunks: Math.ceil(rows / rowsOfChunk),
  };
  return { params, taps, inVoxels: n * d * h * w };
}
