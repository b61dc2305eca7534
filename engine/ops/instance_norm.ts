import library from "../../shaders/lib/statistics.wgsl" with { type: "text" };
import source from "../../shaders/instance_norm.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import { featureShape, formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

const kernel = (entryPoint: string) => new Kernel("instance_norm", [library, source], entryPoint);
const partialStatistics = kernel("partial_statistics");
const mergeStatistics = kernel("merge_statistics");
const forward = kernel("forward");
const partialSums = kernel("partial_sums");
const mergeSums = kernel("merge_sums");
const backwardX = kernel("backward_x");
const backwardParameters = kernel("backward_parameters");

const WORKGROUP_SIZE = 64;
const CHUNK = 8 * WORKGROUP_SIZE;

/** Options for {@linkcode instanceNorm}. */
export interface InstanceNormOptions {
  /** Added to the variance. @default {1e-5} */
  eps?: number;
  /** Slope of the leaky ReLU applied to the result; without it there is none. */
  negativeSlope?: number;
}

/**
 * Normalises each channel of each sample of a feature map to mean 0 and (biased) variance 1, then
 * scales and shifts it by `weight` and `bias` `[C]`, then applies leaky ReLU if `negativeSlope` is
 * given. Keeps nothing but `x` and its statistics for the way back.
 *
 * @throws {TypeError} if `weight` or `bias` do not have one element per channel.
 * @throws {RangeError} if there is only one voxel: its variance is 0 whatever it is.
 */
export function instanceNorm(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  { eps = 1e-5, negativeSlope = 1 }: InstanceNormOptions = {},
): Tensor {
  const { gpu } = x;
  const { n, c: channels, blocks, voxels } = featureShape(x.shape);
  if (weight.size !== channels || bias.size !== channels) {
    throw new TypeError(
      `Cannot normalise x ${formatShape(x.shape)} with weight ${formatShape(weight.shape)} and ` +
        `bias ${formatShape(bias.shape)}: need ${channels} elements each`,
    );
  }
  if (voxels === 1) {
    throw new RangeError(
      `Cannot normalise x ${
        formatShape(x.shape)
      }: a single voxel has no variance, use larger input`,
    );
  }
  const planes = n * blocks;
  const { tiles, chunks } = tiling(planes, voxels, gpu.info.software ? 32 : 4096);
  const params = {
    channels,
    blocks,
    planes,
    voxels,
    tiles,
    chunks,
    eps,
    negative_slope: negativeSlope,
  };
  const run = (kernel: Kernel, workgroups: number, buffers: Record<string, Tensor>) =>
    gpu.dispatch(kernel, { params, buffers, threads: workgroups * WORKGROUP_SIZE });

  return gpu.scope(() => {
    const statistics = gpu.empty([planes, 4, 4], "flat");
    if (tiles === 1) run(partialStatistics, planes, { x, weight, bias, out: statistics });
    else {
      const partials = gpu.empty([planes, tiles, 2, 4], "flat");
      run(partialStatistics, planes * tiles, { x, weight, bias, out: partials });
      run(mergeStatistics, planes, { partials, weight, bias, out: statistics });
    }
    const y = gpu.empty(x.shape);
    run(forward, planes * tiles, { x, constants: statistics, out: y });
    return gpu.record(y, {
      inputs: { x, weight, bias },
      saved: [x, statistics],
      backward: (gradY) => {
        const sums = once(() => {
          const partials = gpu.empty([planes, tiles, 2, 4], "flat");
          run(partialSums, planes * tiles, {
            x,
            grad_y: gradY,
            constants: statistics,
            out: partials,
          });
          if (tiles === 1) return partials;
          const sums = gpu.empty([planes, 2, 4], "flat");
          run(mergeSums, planes, { partials, out: sums });
          return sums;
        });
        const parameters = once(() => {
          const gradWeight = gpu.empty(weight.shape, "flat");
          const gradBias = gpu.empty(bias.shape, "flat");
          run(backwardParameters, Math.ceil(channels / WORKGROUP_SIZE), {
            sums: sums(),
            grad_weight: gradWeight,
            grad_bias: gradBias,
          });
          return { gradWeight, gradBias };
        });
        return {
          x: () => {
            const gradX = gpu.empty(x.shape);
            run(backwardX, planes * tiles, {
              x,
              grad_y: gradY,
              constants: statistics,
              sums: sums(),
              out: gradX,
            });
            return gradX;
          },
          weight: () => parameters().gradWeight,
          bias: () => parameters().gradBias,
        };
      },
    });
  });
}

/**
 * Cuts planes into tiles of some chunks. Merging within a workgroup costs as much as reading a chunk:
 * the tiles are as large as leaves the device `workgroups` of them to do side by side.
 */
function tiling(planes: number, voxels: number, workgroups: number) {
  const all = Math.ceil(voxels / CHUNK);
  const chunks = Math.min(Math.max(1, Math.floor(planes * all / workgroups)), all, 1024);
  return { tiles: Math.ceil(all / chunks), chunks };
}

/** `make` that runs at the first call only. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => made ??= make();
}
