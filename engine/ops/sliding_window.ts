import source from "../../shaders/sliding_window.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import { featureShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

const extract = new Kernel("sliding_window", source, "extract");
const accumulate = new Kernel("sliding_window", source, "accumulate");
const weigh = new Kernel("sliding_window", source, "weigh");
const finish = new Kernel("sliding_window", source, "finish");

/** One window of a volume as the network sees it. */
export interface Window {
  /** First voxel in the volume, `[z, y, x]`. */
  start: readonly number[];
  /** Mirrored axes, a bit each: 1 = z, 2 = y, 4 = x. */
  flip: number;
}

/**
 * Cuts windows out of a volume `[1, C, D, H, W]` into a batch `[N, C, ...patch]`; a two-entry patch makes
 * 2D windows of one slice each.
 */
export function extractWindows(
  volume: Tensor,
  windows: readonly Window[],
  patch: readonly number[],
): Tensor {
  const { gpu } = volume;
  const { c, blocks } = featureShape(volume.shape);
  const batch = gpu.empty([windows.length, c, ...patch]);
  windows.forEach((window, n) =>
    gpu.dispatch(extract, {
      params: geometry(volume, patch, window.start, { blocks, n, flip: window.flip }),
      buffers: { volume, windows: batch },
      threads: blocks * sizeOf(patch),
    })
  );
  return batch;
}

/**
 * Adds the network's answers for windows into a volume, weighted with an importance map, in f32 and in
 * the order of the windows.
 */
export class WindowSum {
  readonly #sum: Tensor;
  readonly #weights: Tensor;

  /**
   * @param channels of the logits
   * @param volume extents `[D, H, W]`
   * @param importance `[...patch]`, flat
   */
  constructor(
    channels: number,
    readonly volume: readonly number[],
    readonly importance: Tensor,
  ) {
    const { gpu } = importance;
    this.#sum = gpu.zeros([1, channels, ...volume], "packed");
    this.#weights = gpu.zeros(volume);
  }

  /** Adds `scale * importance * logits[n]`, flipped back. */
  add(logits: Tensor, n: number, { start, flip }: Window, scale: number): void {
    const patch = this.importance.shape;
    const { blocks } = featureShape(logits.shape);
    logits.gpu.dispatch(accumulate, {
      params: geometry(this.#sum, patch, start, { blocks, n, flip, scale }),
      buffers: { logits, importance: this.importance, sum: this.#sum },
      threads: blocks * sizeOf(patch),
    });
  }

  /** Adds the importance map at one position; once per window, however many flips it has. */
  addWeight(start: readonly number[]): void {
    const patch = this.importance.shape;
    this.importance.gpu.dispatch(weigh, {
      params: geometry(this.#sum, patch, start, { blocks: 1 }),
      buffers: { importance: this.importance, weights: this.#weights },
      threads: sizeOf(patch),
    });
  }

  /** The weighted mean `[1, channels, ...shape]` of the part that begins at `start`. */
  mean(start: readonly number[], shape: readonly number[]): Tensor {
    const { gpu } = this.importance;
    const { c, blocks } = featureShape(this.#sum.shape);
    const out = gpu.empty([1, c, ...shape]);
    gpu.dispatch(finish, {
      params: geometry(this.#sum, shape, start, { blocks }),
      buffers: { summed: this.#sum, weighed: this.#weights, out },
      threads: blocks * sizeOf(shape),
    });
    return out;
  }

  dispose(): void {
    this.#sum.dispose();
    this.#weights.dispose();
  }
}

function geometry(
  volume: Tensor,
  patch: readonly number[],
  start: readonly number[],
  { blocks, n = 0, flip = 0, scale = 1 }: {
    blocks: number;
    n?: number;
    flip?: number;
    scale?: number;
  },
): Record<string, number> {
  const { d, h, w } = featureShape(volume.shape);
  const [patchD, patchH, patchW] = patch.length === 2 ? [1, ...patch] : patch;
  return {
    blocks,
    n,
    flip,
    scale,
    start_d: start[0]!,
    start_h: start[1]!,
    start_w: start[2]!,
    patch_d: patchD!,
    patch_h: patchH!,
    patch_w: patchW!,
    volume_d: d,
    volume_h: h,
    volume_w: w,
  };
}
