import source from "../../shaders/conv_transpose.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import { featureShape, formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { biasGradient } from "./convolution/bias_gradient.ts";
import { chunkRows } from "./convolution/chunk_rows.ts";
import { packWeight } from "./convolution/pack_weight.ts";

const forward = new Kernel("conv_transpose", source, "forward");
const backwardX = new Kernel("conv_transpose", source, "backward_x");
const sumChunks = new Kernel("conv_transpose", source, "sum_chunks");
const backwardWeight = new Kernel("conv_transpose", source, "backward_weight");

/**
 * Transposed convolution without padding whose stride is its kernel, 1 or 2 along each axis:
 * `[N, Cin, d, h, w]` to `[N, Cout, d·kd, h·kh, w·kw]`.
 *
 * @param weight `[Cin, Cout, kd, kh, kw]`, in 2D `[Cin, Cout, kh, kw]`
 * @param bias `[Cout]`
 * @throws {TypeError} if shapes do not fit.
 * @throws {RangeError} if a kernel size is not 1 or 2.
 */
export function convTranspose(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  checkShapes(x, weight, bias);
  const { gpu } = x;
  const { n, c: inChannels, d, h, w, blocks: inBlocks } = featureShape(x.shape);
  const [, outChannels, ...kernel] = weight.shape;
  const [strideD, strideH, strideW] = kernel.length === 2 ? [1, ...kernel] : kernel;
  const taps = strideD * strideH * strideW;
  const outBlocks = Math.ceil(outChannels / 4);
  const units = inBlocks * outBlocks * taps;
  const rows = n * d * h;
  const rowsOfChunk = chunkRows(rows, w, units);
  const chunks = Math.ceil(rows / rowsOfChunk);
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
    has_bias: bias ? 1 : 0,
    chunk_rows: rowsOfChunk,
    chunks,
  };
  const overrides = { TAPS: taps };

  const spatial = x.shape.slice(2).map((extent, axis) => extent * kernel[axis]);
  const y = gpu.empty([n, outChannels, ...spatial]);
  gpu.scope(() => {
    const packed = packWeight(weight, {
      targetChannels: outChannels,
      sourceChannels: inChannels,
      taps,
      targetStep: taps,
      sourceStep: outChannels * taps,
    });
    gpu.dispatch(forward, {
      params,
      // a binding needs something bound, even when has_bias is 0
      buffers: { x, packed_weight: packed, bias: bias ?? weight, y },
      overrides,
      threads: n * outBlocks * d * h * w,
    });
  });

  return gpu.record(y, {
    inputs: { x, weight, bias },
    saved: [x, weight],
    backward: (gradY) => ({
      x: () => {
        const packed = packWeight(weight, {
          targetChannels: inChannels,
          sourceChannels: outChannels,
          taps,
          targetStep: outChannels * taps,
          sourceStep: taps,
        });
        const gradX = gpu.empty(x.shape);
        gpu.dispatch(backwardX, {
          params,
          buffers: { packed_weight: packed, grad_y: gradY, grad_x: gradX },
          overrides,
          threads: n * inBlocks * d * h * w,
        });
        return gradX;
      },
      weight: () => {
        const partial = gpu.empty([16 * units * chunks], "flat");
        gpu.dispatch(sumChunks, {
          params,
          buffers: { x, grad_y: gradY, partial },
          overrides,
          threads: units * chunks,
        });
        const gradWeight = gpu.empty(weight.shape, "flat");
        gpu.dispatch(backwardWeight, {
          params,
          buffers: { partial_sums: partial, grad_weight: gradWeight },
          overrides,
          threads: weight.size,
        });
        return gradWeight;
      },
      bias: () => biasGradient(gradY),
    }),
  });
}

function checkShapes(x: Tensor, weight: Tensor, bias?: Tensor): void {
  const fail = (Kind: typeof TypeError | typeof RangeError, why: string): never => {
    throw new Kind(
      `Cannot convolve x ${formatShape(x.shape)} with transposed weight ` +
        `${formatShape(weight.shape)}: ${why}`,
    );
  };
  const [inChannels, outChannels, ...kernel] = weight.shape;
  if (weight.shape.length !== x.shape.length) fail(TypeError, "they need the same number of axes");
  const { c } = featureShape(x.shape);
  if (c !== inChannels) fail(TypeError, `x has ${c} channels, weight expects ${inChannels}`);
  if (bias && (bias.shape.length !== 1 || bias.size !== outChannels)) {
    fail(TypeError, `bias ${formatShape(bias.shape)} needs to be [${outChannels}]`);
  }
  if (kernel.some((size) => size !== 1 && size !== 2)) {
    fail(RangeError, "kernel sizes need to be 1 or 2");
  }
}
