import f23 from "../../../shaders/convolution/lanes_f23.wgsl" with { type: "text" };
import f43 from "../../../shaders/convolution/lanes_f43.wgsl" with { type: "text" };
import plain from "../../../shaders/convolution/lanes_plain.wgsl" with { type: "text" };
import weightsSource from "../../../shaders/convolution/lanes_weights.wgsl" with { type: "text" };
import { Kernel } from "../../kernel.ts";
import type { Tensor } from "../../tensor.ts";

/** How weights are transformed along x. */
export type Transform = "f23" | "f43" | "plain";

/** WGSL of each transform, to put in front of the kernels that use it. */
export const TRANSFORMS: Readonly<Record<Transform, string>> = { f23, f43, plain };

const PACK: Record<Transform, Kernel> = {
  f23: new Kernel("convolution_lanes_weights_f23", [f23, weightsSource], "pack_weights"),
  f43: new Kernel("convolution_lanes_weights_f43", [f43, weightsSource], "pack_weights"),
  plain: new Kernel("convolution_lanes_weights_plain", [plain, weightsSource], "pack_weights"),
};

/** Where a kernel's weights lie in a flat tensor: `offset + out * outStride + in * inStride + tap`. */
export interface WeightView {
  weight: Tensor;
  outChannels: number;
  inChannels: number;
  outStride: number;
  inStride: number;
  offset: number;
  kernel: readonly [number, number, number];
  /** Take the taps in reverse order. */
  flip: boolean;
  /** `[outChannels]`, added to every output. */
  bias?: Tensor;
}

/** Points that a transform makes of a row of the kernel. */
export function pointsOf(transform: Transform, kernelWidth: number): number {
  return { f23: 4, f43: 6, plain: kernelWidth }[transform];
}

/**
 * Rearranges weights into a texture and lends that to `use`.
 *
 * @param out output channels of a lane
 * @param lanes lanes that load weights together
 */
export function withWeights(
  view: WeightView,
  transform: Transform,
  out: number,
  lanes: number,
  use: (weights: GPUTexture) => void,
): void {
  const { gpu } = view.weight;
  const [kernelDepth, kernelHeight, kernelWidth] = view.kernel;
  const taps = kernelDepth * kernelHeight;
  const blocks = Math.ceil(view.inChannels / 4);
  const groups = Math.ceil(view.outChannels / out);
  const points = pointsOf(transform, kernelWidth);
  const row = Math.ceil(points * out / lanes) * lanes;
  const packed = gpu.textures.take(taps * row, blocks + 1, groups);
  gpu.dispatch(PACK[transform], {
    params: {
      out_channels: view.outChannels,
      in_channels: view.inChannels,
      kernel_width: kernelWidth,
      taps,
      out_stride: view.outStride,
      in_stride: view.inStride,
      offset: view.offset,
      flip: +view.flip,
      bias_channels: view.bias ? view.outChannels : 0,
    },
    // a binding needs something bound, even without a bias
    buffers: { weight: view.weight, bias: view.bias ?? view.weight, packed },
    overrides: { OUT: out, ROW: row, ...transform === "plain" ? { POINTS: points } : {} },
    threads: groups * blocks * taps * out,
  });
  use(packed);
  gpu.textures.give(packed);
}
