import { concatenate, type Gpu } from "../../engine/mod.ts";
import { augment, type RandomTransform, type Sample } from "../augmentation/transform.ts";
import { SeededRandom } from "../numerics/random_source.ts";
import type { PatchLoader } from "./patch_loader.ts";
import type { Batch, BatchSource } from "./trainer.ts";

/** Streams of random numbers, so that training and validation never draw the same ones. */
const TRAINING_STREAM = 0;
const VALIDATION_STREAM = 1;

/** What lies outside the image or its non-zero region. */
const OUTSIDE = -1;

/** What batches are made of. */
export interface BatchOptions {
  batchSize: number;
  /** Extents of the loader's patches, two or three. */
  patchSize: readonly number[];
  seed: number;
}

/** Batches of patches that were turned, scaled, mirrored and made noisy on the device. */
export class AugmentedBatches implements BatchSource {
  readonly #gpu: Gpu;
  readonly #loader: PatchLoader;
  readonly #transforms: readonly RandomTransform[];
  readonly #options: BatchOptions;

  constructor(
    gpu: Gpu,
    loader: PatchLoader,
    transforms: readonly RandomTransform[],
    options: BatchOptions,
  ) {
    this.#gpu = gpu;
    this.#loader = loader;
    this.#transforms = transforms;
    this.#options = options;
  }

  async batch(step: number): Promise<Batch> {
    const { batchSize, patchSize, seed } = this.#options;
    const loaded = await Promise.all(Array.from({ length: batchSize }, async (_, sample) => {
      const random = new SeededRandom(seed, TRAINING_STREAM, step, sample);
      return { random, patch: await this.#loader.load(sample, random) };
    }));
    return this.#gpu.scope(() => {
      const samples = loaded.map(({ random, patch }): Sample => {
        const channels = patch.data.length / patch.seg.length;
        const image = this.#gpu.featureMap(patch.data, [1, channels, ...patchSize]);
        const labels = this.#gpu.tensor(patch.seg, [1, 1, ...patchSize]);
        return augment({ image, labels }, this.#transforms, random);
      });
      return {
        data: concatenate(samples.map(({ image }) => image)),
        target: concatenate(samples.map(({ labels }) => labels)),
      };
    });
  }
}

/** Batches of patches as they are, for online validation: what lies outside counts as background. */
export class PlainBatches implements BatchSource {
  readonly #gpu: Gpu;
  readonly #loader: PatchLoader;
  readonly #options: BatchOptions;

  constructor(gpu: Gpu, loader: PatchLoader, options: BatchOptions) {
    this.#gpu = gpu;
    this.#loader = loader;
    this.#options = options;
  }

  async batch(step: number): Promise<Batch> {
    const { batchSize, patchSize, seed } = this.#options;
    const patches = await Promise.all(Array.from({ length: batchSize }, (_, sample) => {
      const random = new SeededRandom(seed, VALIDATION_STREAM, step, sample);
      return this.#loader.load(sample, random);
    }));
    const voxels = patchSize.reduce((product, n) => product * n, 1);
    const channels = patches[0].data.length / voxels;
    const data = new Float32Array(batchSize * channels * voxels);
    const target = new Float32Array(batchSize * voxels);
    patches.forEach((patch, sample) => {
      data.set(patch.data, sample * channels * voxels);
      target.set(patch.seg, sample * voxels);
    });
    for (let i = 0; i < target.length; i++) if (target[i] === OUTSIDE) target[i] = 0;
    return {
      data: this.#gpu.featureMap(data, [batchSize, channels, ...patchSize]),
      target: this.#gpu.tensor(target, [batchSize, 1, ...patchSize]),
    };
  }
}
