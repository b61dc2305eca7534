import library from "../../shaders/lib/statistics.wgsl" with { type: "text" };
import source from "../../shaders/channel_statistics.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import { featureShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

const partial = new Kernel("channel_statistics", [library, source], "partial");
const mergeTiles = new Kernel("channel_statistics", [library, source], "merge_tiles");

const WORKGROUP_SIZE = 64;
const ROUNDS = 32;

/**
 * Mean, (biased) standard deviation, smallest and largest value of each channel of each sample of a
 * feature map, flat `[N, blocks, 4, 4]`: for each block of four channels these four numbers, four
 * channels each.
 */
export function channelStatistics(x: Tensor): Tensor {
  const { gpu } = x;
  const { n, blocks, voxels } = featureShape(x.shape);
  const planes = n * blocks;
  const tiles = Math.ceil(voxels / (WORKGROUP_SIZE * ROUNDS));
  const params = { planes, voxels, tiles, rounds: ROUNDS };
  return gpu.scope(() => {
    const partials = gpu.empty([planes, tiles, 4, 4], "flat");
    gpu.dispatch(partial, {
      params,
      buffers: { x, out: partials },
      threads: planes * tiles * WORKGROUP_SIZE,
    });
    const statistics = gpu.empty([n, blocks, 4, 4], "flat");
    gpu.dispatch(mergeTiles, {
      params,
      buffers: { partials, out: statistics },
      threads: planes * WORKGROUP_SIZE,
    });
    return statistics;
  });
}
