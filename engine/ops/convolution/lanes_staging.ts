import stageSource from "../../../shaders/convolution/lanes_stage.wgsl" with { type: "text" };
import { Kernel } from "../../kernel.ts";
import { featureShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";

const stage = new Kernel("convolution_lanes_stage", stageSource, "stage");

/** WebGPU copies rows whose distance is a multiple of this many texels (256 bytes). */
const ROW_ALIGNMENT = 16;

/** Some samples of a feature map in a texture, see `lanes_stage.wgsl`. */
export interface Staged {
  texture: GPUTexture;
  rowShift: number;
}

/** Runs of consecutive samples. */
export interface Samples {
  first: number;
  count: number;
}

/**
 * Splits a batch into runs whose planes fit one texture each.
 *
 * @param planes the most planes that a sample of one of the staged maps has
 */
export function sampleRuns(
  { limits }: { limits: Pick<GPUSupportedLimits, "maxTextureDimension3D"> },
  n: number,
  planes: number,
): Samples[] {
  const most = Math.floor(limits.maxTextureDimension3D / planes);
  const runs: Samples[] = [];
  for (let first = 0; first < n; first += most) {
    runs.push({ first, count: Math.min(most, n - first) });
  }
  return runs;
}

/**
 * Copies samples of a feature map to a texture and lends that to `use`.
 *
 * A kernel that stores texels costs six times what a copy does on software adapters. A copy needs rows
 * at multiples of 256 bytes, so every 2^s-th row is copied at a time, into a part of the texture of
 * their own; where the height is no multiple of 2^s, a kernel does it.
 */
export function withStaged(
  x: Tensor,
  { first, count }: Samples,
  use: (staged: Staged) => void,
): void {
  const { gpu } = x;
  const { blocks, d, h, w } = featureShape(x.shape);
  const planes = count * blocks * d;
  const texture = gpu.textures.take(w, h, planes);
  let rowShift = 0;
  while ((w << rowShift) % ROW_ALIGNMENT) rowShift++;
  const phases = 1 << rowShift;
  if (h % phases === 0) {
    const rows = h / phases;
    for (let phase = 0; phase < phases; phase++) {
      const offset = 16 * w * (first * blocks * d * h + phase);
      const layout = { offset, bytesPerRow: 16 * w * phases, rowsPerImage: rows };
      gpu.copyToTexture(x, layout, texture, [0, phase * rows, 0], [w, rows, planes]);
    }
  } else {
    rowShift = 0;
    gpu.dispatch(stage, {
      params: { width: w, height: h, planes, first_plane: first * blocks * d },
      buffers: { x, staged: texture },
      threads: w * h * planes,
    });
  }
  use({ texture, rowShift });
  gpu.textures.give(texture);
}
