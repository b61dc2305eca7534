import commonSource from "../../../shaders/convolution/lanes_common.wgsl" with { type: "text" };
import directSource from "../../../shaders/convolution/lanes_direct.wgsl" with { type: "text" };
import f23Source from "../../../shaders/convolution/lanes_f23.wgsl" with { type: "text" };
import f43Source from "../../../shaders/convolution/lanes_f43.wgsl" with { type: "text" };
import transposedSource from "../../../shaders/convolution/lanes_transposed.wgsl" with {
  type: "text",
};
import winogradSource from "../../../shaders/convolution/lanes_winograd.wgsl" with { type: "text" };
import type { Gpu } from "../../gpu.ts";
import { Kernel } from "../../kernel.ts";
import { featureShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { Extents } from "./algorithm.ts";
import { planLanes } from "./lanes_plan.ts";
import { sampleRuns, withStaged } from "./lanes_staging.ts";
import { type Transform, type WeightView, withWeights } from "./lanes_weights.ts";

const KERNELS: Record<Transform | "transposed", Kernel> = {
  f23: new Kernel("convolution_lanes_f23", [commonSource, f23Source, winogradSource], "winograd"),
  f43: new Kernel("convolution_lanes_f43", [commonSource, f43Source, winogradSource], "winograd"),
  plain: new Kernel("convolution_lanes_direct", [commonSource, directSource], "gather"),
  transposed: new Kernel(
    "convolution_lanes_transposed",
    [commonSource, transposedSource],
    "scatter",
  ),
};

/** A convolution or transposed convolution, whatever it is for. */
export interface LanesConvolution {
  x: Tensor;
  view: WeightView;
  y: Tensor;
  stride: readonly [number, number, number];
  pad: readonly [number, number, number];
  /** Whether `y` is what a convolution with this kernel, stride and padding would make `x` from. */
  transposed: boolean;
  accumulate: boolean;
}

/** Subgroups that loads can be shared out over; the tiles are tuned for 8. */
const LANES = [4, 8];

/** Invocations of a workgroup where workgroups of one subgroup would be too many. */
const LARGE_WORKGROUP = 64;

/** Runs a convolution with the kernel and tile that suit its shape. */
export function runLanes(convolution: LanesConvolution): void {
  const { x, y, view, transposed } = convolution;
  const { gpu } = x;
  const from = featureShape(x.shape);
  const to = featureShape(y.shape);
  const [kernelDepth, kernelHeight, kernelWidth] = view.kernel;
  const [strideZ, strideY, strideX] = convolution.stride;
  const [padZ, padY, padX] = convolution.pad;
  const { transform, tile, rows, out } = planLanes({
    kernel: view.kernel,
    stride: convolution.stride,
    transposed,
    outChannels: view.outChannels,
    width: to.w,
    height: to.h,
  });
  const kernel = transposed && transform === "plain" ? KERNELS.transposed : KERNELS[transform];
  const { lanes } = gpu.info;
  const overrides: Record<string, number> = transform === "plain"
    ? { KERNEL: kernelWidth, STRIDE: strideX, PAD: padX }
    : { ROWS: rows, TAPS: rows > 1 ? kernelHeight : 1 };
  const [classesZ, classesY] = kernel === KERNELS.transposed ? [strideZ, strideY] : [1, 1];
  const perSample = Math.ceil(to.w / tile) * Math.ceil(to.h / (rows * classesY)) *
    Math.ceil(to.d / classesZ);
  const groups = Math.ceil(view.outChannels / out);
  withWeights(view, transform, out, lanes, (weights) => {
    for (const samples of sampleRuns(gpu, from.n, from.blocks * from.d)) {
      const items = samples.count * perSample;
      // One subgroup each, so that few lanes are idle where maps are small.
      const isMany = items > lanes * gpu.limits.maxComputeWorkgroupsPerDimension;
      const workgroupSize = isMany ? LARGE_WORKGROUP : lanes;
      withStaged(x, samples, ({ texture, rowShift }) =>
        gpu.dispatch(kernel, {
          params: {
            in_width: from.w,
            in_height: from.h,
            in_depth: from.d,
            in_blocks: from.blocks,
            row_shift: rowShift,
            out_width: to.w,
            out_height: to.h,
            out_depth: to.d,
            out_blocks: to.blocks,
            samples: samples.count,
            first_sample: samples.first,
            kernel_height: kernelHeight,
            kernel_depth: kernelDepth,
            stride_y: strideY,
            stride_z: strideZ,
            pad_y: padY,
            pad_z: padZ,
          },
          buffers: { x: texture, weights, y },
          overrides: {
            TILE: tile,
            OUT: out,
            LANES: lanes,
            WORKGROUP_SIZE: workgroupSize,
            ACCUMULATE: +convolution.accumulate,
            WHOLE: +(to.w % tile === 0 && to.h % rows === 0),
            ...overrides,
          },
          workgroups: [
            Math.ceil(items / workgroupSize),
            groups,
            classesZ * classesY,
          ],
        }));
    }
  });
}

/** Whether maps of this size can be staged, on a device that the kernels suit. */
export function supportsLanes(
  { info, limits }: Gpu,
  { d, h, w, channels }: Extents & { channels: number },
): boolean {
  return LANES.includes(info.lanes) &&
    Math.max(w, h, d * Math.ceil(channels / 4)) <= limits.maxTextureDimension3D;
}
