import type { Gpu, Tensor } from "../../engine/mod.ts";
import { extractWindows, type Window, WindowSum } from "../../engine/mod.ts";

/**
 * A padded volume and the weighted sum of the predictions for its windows. The device holds both where
 * they fit one binding; else the host does, one window at a time.
 */
export interface WindowGrid {
  /** A batch `[N, C, ...patch]` of windows. */
  extract(windows: readonly Window[]): Tensor;
  /** Adds `logits[n]` (flipped back) times `scale` and the importance of each voxel. */
  add(logits: Tensor, windows: readonly Window[], scale: number): Promise<void>;
  /** Adds the importance of each voxel at one position; once per window position. */
  addWeight(start: readonly number[]): void;
  /** The weighted mean `[heads, z, y, x]` of the part at `start`. */
  mean(start: readonly number[], shape: readonly number[]): Promise<Float32Array>;
  dispose(): void;
}

/** What a {@linkcode WindowGrid} is made from. */
export interface WindowGridOptions {
  /** `[C, z, y, x]`, C order. */
  data: Float32Array;
  shape: readonly number[];
  patchSize: readonly number[];
  /** Weight of each voxel of the patch. */
  importance: Float32Array;
  heads: number;
}

/** Opens the volume on the device, or on the host where a limit of the device forbids it. */
export function openWindowGrid(gpu: Gpu, options: WindowGridOptions): WindowGrid {
  const [channels, ...volume] = options.shape;
  const voxels = volume.reduce((product, n) => product * n, 1);
  const bytes = 16 * voxels * Math.ceil(Math.max(channels, options.heads) / 4);
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.limits;
  return bytes <= Math.min(maxStorageBufferBindingSize, maxBufferSize)
    ? new DeviceWindowGrid(gpu, options)
    : new HostWindowGrid(gpu, options);
}

class DeviceWindowGrid implements WindowGrid {
  readonly #volume: Tensor;
  readonly #importance: Tensor;
  readonly #sum: WindowSum;
  readonly #patch: readonly number[];

  constructor(gpu: Gpu, { data, shape, patchSize, importance, heads }: WindowGridOptions) {
    this.#patch = patchSize;
    this.#volume = gpu.featureMap(data, [1, ...shape]);
    this.#importance = gpu.tensor(importance, patchSize);
    this.#sum = new WindowSum(heads, shape.slice(1), this.#importance);
  }

  extract(windows: readonly Window[]): Tensor {
    return extractWindows(this.#volume, windows, this.#patch);
  }

  add(logits: Tensor, windows: readonly Window[], scale: number): Promise<void> {
    windows.forEach((window, n) => this.#sum.add(logits, n, window, scale));
    return Promise.resolve();
  }

  addWeight(start: readonly number[]): void {
    this.#sum.addWeight(start);
  }

  async mean(start: readonly number[], shape: readonly number[]): Promise<Float32Array> {
    const mean = this.#sum.mean(start, shape);
    const logits = await mean.read();
    mean.dispose();
    return logits;
  }

  dispose(): void {
    for (const part of [this.#volume, this.#importance, this.#sum]) part.dispose();
  }
}

/** The same in host memory, also in float32; for volumes beyond the device's binding size. */
export class HostWindowGrid implements WindowGrid {
  readonly #gpu: Gpu;
  readonly #data: Float32Array;
  readonly #channels: number;
  readonly #volume: readonly number[];
  readonly #patchSize: readonly number[];
  readonly #patch: readonly number[];
  readonly #importance: Float32Array;
  readonly #heads: number;
  readonly #sum: Float32Array;
  readonly #weights: Float32Array;

  constructor(gpu: Gpu, { data, shape, patchSize, importance, heads }: WindowGridOptions) {
    this.#gpu = gpu;
    this.#data = data;
    [this.#channels, ...this.#volume] = shape;
    this.#patchSize = patchSize;
    this.#patch = patchSize.length === 2 ? [1, ...patchSize] : patchSize;
    this.#importance = importance;
    this.#heads = heads;
    const voxels = product(this.#volume);
    this.#sum = new Float32Array(heads * voxels);
    this.#weights = new Float32Array(voxels);
  }

  extract(windows: readonly Window[]): Tensor {
    const size = product(this.#patch);
    const batch = new Float32Array(windows.length * this.#channels * size);
    windows.forEach((window, n) => {
      for (let c = 0; c < this.#channels; c++) {
        const from = c * product(this.#volume);
        const to = (n * this.#channels + c) * size;
        this.#forEachVoxel(window, (inVolume, _, inFlipped) => {
          batch[to + inFlipped] = this.#data[from + inVolume];
        });
      }
    });
    return this.#gpu.featureMap(batch, [windows.length, this.#channels, ...this.#patchSize]);
  }

  async add(logits: Tensor, windows: readonly Window[], scale: number): Promise<void> {
    const predicted = await logits.read();
    const size = product(this.#patch);
    windows.forEach((window, n) => {
      for (let head = 0; head < this.#heads; head++) {
        const to = head * product(this.#volume);
        const from = (n * this.#heads + head) * size;
        this.#forEachVoxel(window, (inVolume, inPatch, inFlipped) => {
          this.#sum[to + inVolume] += scale * this.#importance[inPatch] *
            predicted[from + inFlipped];
        });
      }
    });
  }

  addWeight(start: readonly number[]): void {
    this.#forEachVoxel({ start, flip: 0 }, (inVolume, inPatch) => {
      this.#weights[inVolume] += this.#importance[inPatch];
    });
  }

  mean(start: readonly number[], shape: readonly number[]): Promise<Float32Array> {
    const [depth, height, width] = shape;
    const [, rows, columns] = this.#volume;
    const mean = new Float32Array(this.#heads * product(shape));
    let to = 0;
    for (let head = 0; head < this.#heads; head++) {
      const offset = head * product(this.#volume);
      for (let z = 0; z < depth; z++) {
        for (let y = 0; y < height; y++) {
          const row = ((start[0] + z) * rows + start[1] + y) * columns + start[2];
          for (let x = 0; x < width; x++) {
            mean[to++] = this.#sum[offset + row + x] / this.#weights[row + x];
          }
        }
      }
    }
    return Promise.resolve(mean);
  }

  dispose(): void {}

  /** Calls back with a voxel's index in the volume, in the patch, and in the flipped patch. */
  #forEachVoxel(
    { start, flip }: Window,
    visit: (inVolume: number, inPatch: number, inFlipped: number) => void,
  ): void {
    const [depth, height, width] = this.#patch;
    const [, rows, columns] = this.#volume;
    let inPatch = 0;
    for (let z = 0; z < depth; z++) {
      const flippedZ = flip & 1 ? depth - 1 - z : z;
      for (let y = 0; y < height; y++) {
        const flippedY = flip & 2 ? height - 1 - y : y;
        const row = ((start[0] + z) * rows + start[1] + y) * columns + start[2];
        const flippedRow = (flippedZ * height + flippedY) * width;
        for (let x = 0; x < width; x++) {
          visit(row + x, inPatch++, flippedRow + (flip & 4 ? width - 1 - x : x));
        }
      }
    }
  }
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, n) => size * n, 1);
}
