import library from "../../shaders/lib/random.wgsl" with { type: "text" };
import source from "../../shaders/gaussian_noise.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import { featureShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { seedParams } from "./random_normal.ts";

const forward = new Kernel("gaussian_noise", [library, source], "forward");

/** Options for {@linkcode gaussianNoise}. */
export interface GaussianNoiseOptions {
  /** Standard deviation. */
  std: number;
  /** A whole number from 0 to 2^53; the same noise follows from the same seed. */
  seed: number;
}

/** Adds independent normal noise to every voxel and channel of a feature map. Not differentiated. */
export function gaussianNoise(x: Tensor, { std, seed }: GaussianNoiseOptions): Tensor {
  const { gpu, shape } = x;
  const { c: channels, blocks, voxels } = featureShape(shape);
  const vectors = x.byteLength / 16;
  const y = gpu.empty(shape);
  gpu.dispatch(forward, {
    params: { vectors, voxels, blocks, channels, ...seedParams(seed), deviation: std },
    buffers: { x, y },
    threads: vectors,
  });
  return y;
}
