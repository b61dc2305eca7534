import source from "../../shaders/clip_by_norm.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import type { Tensor } from "../tensor.ts";

const sumSquares = new Kernel("clip_by_norm", source, "sum_squares");
const merge = new Kernel("clip_by_norm", source, "merge");
const scale = new Kernel("clip_by_norm", source, "scale");

const WORKGROUP_SIZE = 64;
const TILE = 4096;

/**
 * Scales flat tensors in place so that their common L2 norm is at most `maxNorm`. Returns the norm
 * before, `[1]`.
 */
export function clipByNorm(tensors: readonly Tensor[], maxNorm: number): Tensor {
  const { gpu } = tensors[0];
  const norm = gpu.empty([1], "flat");
  const tilesOf = ({ size }: Tensor) => Math.ceil(size / TILE);
  const tiles = tensors.reduce((sum, tensor) => sum + tilesOf(tensor), 0);
  const params = { tiles, max_norm: maxNorm, first: 0 };
  gpu.scope(() => {
    const partials = gpu.empty([tiles], "flat");
    let first = 0;
    for (const x of tensors) {
      gpu.dispatch(sumSquares, {
        params: { ...params, size: x.size, first },
        buffers: { x, out: partials },
        threads: tilesOf(x) * WORKGROUP_SIZE,
      });
      first += tilesOf(x);
    }
    gpu.dispatch(merge, { params: { ...params, size: 1 }, buffers: { partials, out: norm } });
  });
  for (const scaled of tensors) {
    const { size } = scaled;
    gpu.dispatch(scale, {
      params: { ...params, size },
      buffers: { norm, scaled },
      threads: Math.ceil(size / 4),
    });
  }
  return norm;
}
