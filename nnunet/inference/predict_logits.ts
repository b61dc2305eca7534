import type { Gpu, Tensor, Window } from "../../engine/mod.ts";
import { gaussianImportanceMap } from "./gaussian.ts";
import { mirrorSubsets } from "./mirroring.ts";
import { paddingToPatch, padImage, slidingWindows } from "./sliding_window.ts";
import { openWindowGrid } from "./window_grid.ts";

/** What inference asks of a network. */
export interface SegmentationNetwork {
  /** Logits `[N, heads, ...]` of a batch `[N, C, ...]`, full resolution first. */
  forward(x: Tensor, options?: { deepSupervision?: boolean }): Tensor[];
}

/** How a volume is predicted window by window (spec 06/4 and 06/5). */
export interface SlidingWindowOptions {
  /** Voxels, three axes or, for slices, two. */
  patchSize: readonly number[];
  /** Output channels of the network. */
  heads: number;
  /** Step between windows as a share of the patch. @default {0.5} */
  tileStepSize?: number;
  /** Axes of the patch that are mirrored at test time; empty for none. */
  mirrorAxes: readonly number[];
  /** Weight the centre of a window higher than its border. @default {true} */
  useGaussian?: boolean;
  /** Windows and flips that go through the network at once. @default {1} */
  batchSize?: number;
  /** Called with the number of windows done and of all. */
  onWindow?: (done: number, total: number) => void;
  /** Stops between batches. */
  signal?: AbortSignal;
}

/** Batches after which the host waits for the device, so that queued work stays bounded. */
const BATCHES_IN_FLIGHT = 4;

/**
 * Logits of one preprocessed case: sliding windows, mirrored predictions averaged, overlapping windows
 * weighted with a Gaussian, all sums in float32 and in a fixed order (nnU-Net's
 * `predict_sliding_window_return_logits`, which sums in float16).
 *
 * @param networks one per fold; their logits are averaged
 * @param data `[C, z, y, x]` of the preprocessed case
 * @param shape its extents
 * @returns `[heads, z, y, x]`
 * @throws {RangeError} if a logit is infinite
 */
export async function predictLogits(
  gpu: Gpu,
  networks: readonly SegmentationNetwork[],
  data: Float32Array,
  shape: readonly number[],
  options: SlidingWindowOptions,
): Promise<Float32Array> {
  const { patchSize, heads, tileStepSize = 0.5, mirrorAxes, useGaussian = true } = options;
  const [channels, ...volume] = shape;
  const padding = paddingToPatch(volume, patchSize);
  const importance = useGaussian
    ? gaussianImportanceMap(patchSize)
    : new Float32Array(patchSize.reduce((size, n) => size * n, 1)).fill(1);
  const starts = slidingWindows(padding.shape, patchSize, tileStepSize);
  const flips = [[], ...mirrorSubsets(mirrorAxes)].map((axes) => flipBits(axes, patchSize.length));
  const windows = starts.flatMap((start) => flips.map((flip): Window => ({ start, flip })));
  const grid = openWindowGrid(gpu, {
    data: padImage(data, volume, padding),
    shape: [channels, ...padding.shape],
    patchSize,
    importance,
    heads,
  });
  try {
    for (const start of starts) grid.addWeight(start);
    const batchSize = options.batchSize ?? 1;
    const batches = Math.ceil(windows.length / batchSize);
    // The mean over folds of the weighted mean over windows is one weighted sum.
    const scale = 1 / (flips.length * networks.length);
    for (let b = 0; b < batches; b++) {
      options.signal?.throwIfAborted();
      const batch = windows.slice(b * batchSize, (b + 1) * batchSize);
      for (const network of networks) {
        const [logits] = gpu.scope(() => network.forward(grid.extract(batch)));
        await grid.add(logits, batch, scale);
        logits.dispose();
      }
      if (b % BATCHES_IN_FLIGHT === BATCHES_IN_FLIGHT - 1) await gpu.finish();
      const done = Math.min(windows.length, (b + 1) * batchSize);
      options.onWindow?.(Math.floor(done / flips.length), starts.length);
    }
    const logits = await grid.mean(padding.before, volume);
    if (logits.some((value) => Math.abs(value) === Infinity)) {
      throw new RangeError("Cannot use the prediction: the network's output is infinite");
    }
    return logits;
  } finally {
    grid.dispose();
  }
}

/** Bits of mirrored axes for {@linkcode Window}: a patch of two axes has y and x. */
function flipBits(axes: readonly number[], dimensions: number): number {
  return axes.reduce((bits, axis) => bits | 1 << (axis + 3 - dimensions), 0);
}
