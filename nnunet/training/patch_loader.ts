import type { LabelManager } from "../labels.ts";
import type { RandomSource } from "../numerics/random_source.ts";
import { type Patch, PreprocessedCase } from "../preprocessing/preprocessed_case.ts";
import type { Shape3 } from "../preprocessing/fill_holes.ts";
import type { Store } from "../store.ts";
import { forcedForeground, samplePatch } from "./patch_sampler.ts";

/** Cases that stay open with the places of their classes; more would fill the memory. */
const OPEN_CASES = 128;

/** Options for {@linkcode PatchLoader}. */
export interface PatchLoaderOptions {
  /** Of the preprocessed configuration. */
  caseFolder: string;
  identifiers: readonly string[];
  labels: LabelManager;
  batchSize: number;
  /** Two or three extents that the network gets. */
  patchSize: readonly number[];
  /** Extents that are cut out, larger where augmentation turns and scales them. */
  loaderPatchSize: readonly number[];
  /** Share of patches that hold foreground for sure. */
  oversampleForeground: number;
}

/**
 * Cuts random patches out of a fold's cases, as nnU-Net's `nnUNetDataLoader` does (spec 05/4): a case
 * drawn for each sample, with replacement; the last samples of a batch centred on foreground.
 */
export class PatchLoader {
  readonly #store: Store;
  readonly #options: PatchLoaderOptions;
  readonly #forced: boolean[];
  readonly #open = new Map<string, PreprocessedCase>();

  constructor(store: Store, options: PatchLoaderOptions) {
    this.#store = store;
    this.#options = options;
    this.#forced = forcedForeground(options.batchSize, options.oversampleForeground);
  }

  /**
   * The patch of one sample, `loaderPatchSize` in extent.
   *
   * @param sample its position in the batch
   */
  async load(sample: number, random: RandomSource): Promise<Patch> {
    const { identifiers, labels, patchSize, loaderPatchSize } = this.#options;
    const identifier = identifiers[random.integer(0, identifiers.length)];
    const source = await this.#openCase(identifier);
    const size = threeAxes(loaderPatchSize);
    const corner = samplePatch(
      source.shape.slice(1),
      source.properties.class_locations ?? [],
      this.#forced[sample],
      {
        loaderPatchSize: size,
        patchSize: threeAxes(patchSize),
        annotatedKey: labels.ignoreLabel === undefined ? undefined : [-1, ...labels.allLabels],
      },
      random,
    );
    return await source.readPatch(corner as Shape3, size);
  }

  async #openCase(identifier: string): Promise<PreprocessedCase> {
    const open = this.#open.get(identifier) ??
      await PreprocessedCase.open(this.#store, this.#options.caseFolder, identifier);
    // The least recently used case is the first of the map.
    this.#open.delete(identifier);
    this.#open.set(identifier, open);
    if (this.#open.size > OPEN_CASES) this.#open.delete(this.#open.keys().next().value!);
    return open;
  }
}

/** Slices of a 2D configuration are patches one voxel thick. */
function threeAxes(size: readonly number[]): Shape3 {
  return (size.length === 2 ? [1, ...size] : [...size]) as Shape3;
}
